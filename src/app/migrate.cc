#include "app/migrate.h"

#include "app/shared_logs.h"

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
  const auto facts = kind_of(config.message_log).inspect(shared_log_options(config.message_log));
  if (!facts.ok()) return facts.error();
  std::vector<MigrationLine> lines;
  for (const auto& one : facts->migrations) lines.push_back({one.number, one.name, one.applied});
  return lines;
}

Status migrate_up(const Config& config) {
  if (Status shared = refuse_file(config); !shared.ok()) return shared;
  return kind_of(config.message_log).migrate(shared_log_options(config.message_log));
}

Result<std::unique_ptr<ClassicTable>> open_classic(const Config& config, const AdoptTerms& terms) {
  if (!config.message_log.shared()) {
    return make_error(ErrorClass::kPermanent,
                      "a classic table is in a database on a server; name that with --log or message_log.url");
  }
  return kind_of(config.message_log).open_classic(shared_log_options(config.message_log), terms);
}

}  // namespace waybill::app
