// The schema of the configured message log, as an operator sees and changes it.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace waybill::app {

struct MigrationLine {
  int number = 0;
  std::string name;
  bool applied = false;
};

/// What this program knows, in order. Errors: kPermanent, kRetry (unreachable).
[[nodiscard]] Result<std::vector<MigrationLine>> list_migrations(const Config& config);
/// Applies what is missing. Safe while others do the same. Errors: likewise.
[[nodiscard]] Status migrate_up(const Config& config);

}  // namespace waybill::app
