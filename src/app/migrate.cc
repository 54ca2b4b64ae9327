#include "app/migrate.h"

#include "app/store.h"
#include "log/postgres/inspect.h"

namespace waybill::app {
namespace {

Status refuse_file(const Config& config) {
  if (config.message_log.shared()) return ok_status();
  return make_error(ErrorClass::kPermanent, "the message log is the file " + config.message_log.sqlite_file +
                                                ", which `waybill serve` migrates by itself when it starts");
}

}  // namespace

Result<std::vector<MigrationLine>> list_migrations(const Config& config) {
  if (Status shared = refuse_file(config); !shared.ok()) return shared.error();
  const auto facts = inspect_postgres(postgres_options(config));
  if (!facts.ok()) return facts.error();
  std::vector<MigrationLine> lines;
  for (const auto& one : facts->migrations) lines.push_back({one.number, one.name, one.applied});
  return lines;
}

Status migrate_up(const Config& config) {
  if (Status shared = refuse_file(config); !shared.ok()) return shared;
  return migrate_postgres(postgres_options(config));
}

}  // namespace waybill::app
