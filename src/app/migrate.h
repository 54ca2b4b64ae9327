// The schema of the configured message log, as an operator sees and changes it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "log/adoption.h"

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

/// The classic table in the place of the log, for plan_adoption and adopt. Errors: likewise.
[[nodiscard]] Result<std::unique_ptr<ClassicTable>> open_classic(const Config& config, const AdoptTerms& terms);

}  // namespace waybill::app
