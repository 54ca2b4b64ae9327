#include "log/migrator.h"

#include "base/sha256.h"

namespace waybill {
namespace {

std::string label(int number, std::string_view name) { return std::to_string(number) + " (" + std::string(name) + ")"; }

}  // namespace

std::string checksum_of(const Migration& migration) { return to_hex(sha256(migration.sql)); }

Result<std::vector<Migration>> plan_migrations(std::span<const Migration> known,
                                               std::span<const AppliedMigration> applied) {
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const AppliedMigration& done = applied[i];
    if (i >= known.size()) {
      return make_error(ErrorClass::kPermanent, "the message log has migration " + label(done.number, done.name) +
                                                    ", which this program does not know; use the newer program that "
                                                    "made it");
    }
    if (done.number != known[i].number || done.checksum != checksum_of(known[i])) {
      return make_error(ErrorClass::kPermanent, "the message log's migration " + label(done.number, done.name) +
                                                    " is not the one this program knows as " +
                                                    label(known[i].number, known[i].name) +
                                                    "; use the program that made the log");
    }
  }
  return std::vector<Migration>(known.begin() + static_cast<std::ptrdiff_t>(applied.size()), known.end());
}

}  // namespace waybill
