// The one table that declares every configuration key. Reading files, the environment, flags, `config check` and
// `config show` all derive from it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "app/config.h"
#include "base/result.h"

namespace waybill::app {

/// How a value is written, and so which TOML type carries it.
enum class ValueKind {
  kText,      ///< string
  kPath,      ///< string; `{data}` stands for data.dir
  kDuration,  ///< string: 200ms, 8s
  kSize,      ///< string: 1MiB
  kCount,     ///< integer
  kList,      ///< array of strings; elsewhere separated by commas
};

struct ConfigKey {
  std::string_view name;      ///< section.key
  std::string_view fallback;  ///< the default, as a person would write it
  ValueKind kind = ValueKind::kText;
  std::string_view help;
  bool secret = false;  ///< never printed; `NAME_file` may name a file with the value instead
  /// Parses, checks the limits and assigns. Errors (kPermanent) leave the configuration as it was.
  std::function<Status(Config&, const std::string& text)> assign;
  /// How the value is shown, if not as it is.
  std::function<std::string(std::string_view text)> shown = nullptr;
};

[[nodiscard]] std::span<const ConfigKey> config_keys();

/// The key of that name, or nothing.
[[nodiscard]] const ConfigKey* find_config_key(std::string_view name);

}  // namespace waybill::app
