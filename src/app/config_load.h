// Lays the sources of configuration over each other: flags over environment over file over default. Every problem of
// every source is reported, not only the first.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/config.h"
#include "app/config_keys.h"
#include "base/result.h"

namespace waybill::app {

inline constexpr const char* kDefaultConfigFile = "waybill.toml";
inline constexpr const char* kConfigVariablePrefix = "WAYBILL_CFG_";

struct ConfigFlag {
  std::string key;   ///< section.key
  std::string text;  ///< its value
  std::string flag;  ///< as it was given, for messages: `--listen`
};

struct ConfigSources {
  std::optional<std::string> file;  ///< none: ./waybill.toml, if there is one
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<ConfigFlag> flags;
};

/// The effective value of one key and where it came from.
struct Setting {
  const ConfigKey* key = nullptr;  ///< of the table: lives for ever
  std::string text;                ///< of a secret: its value; never print it
  std::string origin;              ///< `default`, `waybill.toml:12`, `WAYBILL_CFG_HTTP__LISTEN`, `--listen`
};

struct LoadedConfig {
  Config config;
  std::vector<Setting> settings;  ///< one a key, in the order of the table
  std::string file;               ///< empty: none was read
};

/// Errors (kPermanent): one sentence a line, each naming file and line, variable or flag, what was wrong and what would
/// be right.
[[nodiscard]] Result<LoadedConfig> load_config(const ConfigSources& sources);

/// The variables of this process that begin with WAYBILL_CFG_.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> config_environment();

/// `http.listen` → `WAYBILL_CFG_HTTP__LISTEN`; each dot becomes two underscores.
[[nodiscard]] std::string variable_for(std::string_view key);

}  // namespace waybill::app
