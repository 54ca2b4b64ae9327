// What `waybill config show` prints: every key, its effective value and where it came from. Secrets are masked.
#pragma once

#include <string>

#include "app/config_load.h"

namespace waybill::app {

/// A line a key, as it could stand in a file, its origin behind it as a comment.
[[nodiscard]] std::string config_as_toml(const LoadedConfig& loaded);

/// `[{"key","value","origin","variable","default","help"}, …]`; the value of a secret is null or "********".
[[nodiscard]] std::string config_as_json(const LoadedConfig& loaded);

}  // namespace waybill::app
