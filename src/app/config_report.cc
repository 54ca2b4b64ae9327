#include "app/config_report.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <string_view>

#include "app/config_value.h"

namespace waybill::app {
namespace {

constexpr std::string_view kMask = "********";
constexpr std::size_t kOriginColumn = 56;

std::string shown(const Setting& setting) {
  if (setting.key->secret) return setting.text.empty() ? std::string() : std::string(kMask);
  return setting.key->shown ? setting.key->shown(setting.text) : setting.text;
}

// A basic string of TOML is a JSON string.
std::string quoted(const std::string& text) { return boost::json::serialize(boost::json::string(text)); }

std::string in_toml(const Setting& setting) {
  std::string text = shown(setting);
  if (setting.key->kind == ValueKind::kCount) return text;
  if (setting.key->kind != ValueKind::kList) return quoted(text);
  std::string list;
  for (const auto& part : split_list(text, ',')) list += (list.empty() ? "" : ", ") + quoted(part);
  return "[" + list + "]";
}

}  // namespace

std::string config_as_toml(const LoadedConfig& loaded) {
  std::string text;
  for (const Setting& setting : loaded.settings) {
    std::string line = std::string(setting.key->name) + " = " + in_toml(setting);
    line.resize(std::max(line.size(), kOriginColumn), ' ');
    text += line + "  # " + setting.origin + "\n";
  }
  return text;
}

std::string config_as_json(const LoadedConfig& loaded) {
  boost::json::array keys;
  for (const Setting& setting : loaded.settings) {
    const bool hidden = setting.key->secret && setting.text.empty();
    keys.push_back({{"key", std::string(setting.key->name)},
                    {"value", hidden ? boost::json::value(nullptr) : boost::json::value(shown(setting))},
                    {"origin", setting.origin},
                    {"variable", variable_for(setting.key->name)},
                    {"default", std::string(setting.key->fallback)},
                    {"help", std::string(setting.key->help)}});
  }
  return boost::json::serialize(keys) + "\n";
}

}  // namespace waybill::app
