#include "app/config_load.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include "app/config_file.h"
#include "app/text_file.h"

namespace waybill::app {
namespace {

constexpr std::string_view kFileSuffix = "_file";
constexpr std::size_t kSecretBytesMax = 1U << 20U;

std::string upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// What a person may have meant: the keys of the section, or the sections.
std::string known_names(std::string_view name) {
  const auto section = name.substr(0, name.find('.') + 1);
  std::string keys;
  std::set<std::string_view> sections;
  for (const ConfigKey& key : config_keys()) {
    sections.insert(key.name.substr(0, key.name.find('.')));
    if (section.empty() || !key.name.starts_with(section)) continue;
    keys += (keys.empty() ? "" : ", ") + std::string(key.name);
    if (key.secret) keys += ", " + std::string(key.name) + std::string(kFileSuffix);
  }
  if (!keys.empty()) return "known are " + keys;
  for (const auto known : sections) keys += (keys.empty() ? "" : ", ") + std::string(known);
  return "known sections are " + keys;
}

// A key as it is named in a source: a secret also by its file.
struct Named {
  const ConfigKey* key = nullptr;
  bool by_file = false;
};

Named find_named(std::string_view name) {
  if (const auto* key = find_config_key(name)) return {key, false};
  if (!name.ends_with(kFileSuffix)) return {};
  const auto* key = find_config_key(name.substr(0, name.size() - kFileSuffix.size()));
  return key != nullptr && key->secret ? Named{key, true} : Named{};
}

std::string right_type(ValueKind kind) {
  switch (kind) {
    case ValueKind::kText:
    case ValueKind::kPath:
      return "a string, in quotes";
    case ValueKind::kDuration:
      return "a duration in quotes, for example \"8s\"";
    case ValueKind::kSize:
      return "a size in quotes, for example \"1MiB\"";
    case ValueKind::kCount:
      return "a whole number, without quotes";
    case ValueKind::kList:
      return "an array of strings without commas";
  }
  return {};
}

bool type_fits(ValueKind kind, FileType type) {
  if (kind == ValueKind::kCount) return type == FileType::kInteger;
  if (kind == ValueKind::kList) return type == FileType::kStringList;
  return type == FileType::kString;
}

/// Collects settings layer by layer, and every problem met on the way.
class Layers {
 public:
  Layers() {
    for (const ConfigKey& key : config_keys()) slots_.push_back({{&key, std::string(key.fallback), "default"}, false});
  }

  void add_file(const std::string& path) {
    auto entries = read_config_file(path);
    if (!entries.ok()) {
      problems_.push_back(entries.error().message);
      return;
    }
    begin_layer();
    for (const FileEntry& entry : *entries) {
      const std::string origin = path + ":" + std::to_string(entry.line);
      const Named named = put(entry.name, entry.text, origin);
      if (named.key != nullptr && !type_fits(named.by_file ? ValueKind::kPath : named.key->kind, entry.type)) {
        problems_.push_back(origin + ": " + entry.name + " is " + entry.type_name + "; it must be " +
                            right_type(named.by_file ? ValueKind::kPath : named.key->kind));
        refused_.insert(named.key);
      }
    }
  }

  void add_environment(const std::vector<std::pair<std::string, std::string>>& variables) {
    begin_layer();
    for (const auto& [variable, text] : variables) {
      std::string name = lower(variable.substr(std::strlen(kConfigVariablePrefix)));
      for (auto at = name.find("__"); at != std::string::npos; at = name.find("__")) name.replace(at, 2, ".");
      put(name, text, variable);
    }
  }

  void add_flags(const std::vector<ConfigFlag>& flags) {
    begin_layer();
    for (const ConfigFlag& flag : flags) put(flag.key, flag.text, flag.flag);
  }

  Result<LoadedConfig> resolve() {
    LoadedConfig loaded;
    for (Slot& slot : slots_) {
      read_secret(slot);
      expand_data(slot.setting);
      assign(slot.setting, loaded.config);
      loaded.settings.push_back(slot.setting);
    }
    if (problems_.empty()) problems_ = check_config(loaded.config);
    if (problems_.empty()) return loaded;
    std::string all;
    for (const auto& problem : problems_) all += (all.empty() ? "" : "\n") + problem;
    return make_error(ErrorClass::kPermanent, all);
  }

 private:
  struct Slot {
    Setting setting;
    bool by_file = false;  // the text is the path of a file with the secret
  };

  void begin_layer() { in_this_layer_.clear(); }

  Named put(const std::string& name, const std::string& text, const std::string& origin) {
    const Named named = find_named(name);
    if (named.key == nullptr) {
      problems_.push_back(origin + ": there is no key '" + name + "'; " + known_names(name));
      return named;
    }
    const auto [before, first] = in_this_layer_.emplace(named.key, name);
    if (!first && before->second != name) {
      problems_.push_back(origin + ": both " + before->second + " and " + name + " are set; one of them is enough");
    }
    refused_.erase(named.key);  // what a later layer sets replaces the mistyped value, whose problem stays reported
    slots_[static_cast<std::size_t>(named.key - config_keys().data())] = {{named.key, text, origin}, named.by_file};
    return named;
  }

  void read_secret(Slot& slot) {
    if (!slot.by_file) return;
    const auto text = read_text_file(slot.setting.text, kSecretBytesMax);
    slot.setting.origin += ", file " + slot.setting.text;
    slot.setting.text = text.ok() ? *text : std::string();
    if (!text.ok()) {
      problem(slot.setting, text.error().message);
    } else if (text->find_first_not_of(" \t\r\n") == std::string::npos) {
      problem(slot.setting, "the file is empty; write the secret into it");
    }
  }

  void expand_data(Setting& setting) const {
    if (setting.key->kind != ValueKind::kPath) return;
    constexpr std::string_view kPlaceholder = "{data}";
    const auto& dir = slots_[static_cast<std::size_t>(find_config_key("data.dir") - config_keys().data())].setting.text;
    if (setting.key->name == "data.dir") return;
    if (const auto at = setting.text.find(kPlaceholder); at != std::string::npos) {
      setting.text.replace(at, kPlaceholder.size(), dir);
    }
  }

  void assign(const Setting& setting, Config& config) {
    if (refused_.contains(setting.key)) return;
    auto assigned = setting.key->assign(config, setting.text);
    if (!assigned.ok()) problem(setting, assigned.error().message);
  }

  void problem(const Setting& setting, const std::string& what) {
    problems_.push_back(setting.origin + ": " + std::string(setting.key->name) + ": " + what);
  }

  std::vector<Slot> slots_;  // one a key, in the order of the table
  std::map<const ConfigKey*, std::string> in_this_layer_;
  std::set<const ConfigKey*> refused_;
  std::vector<std::string> problems_;
};

}  // namespace

Result<LoadedConfig> load_config(const ConfigSources& sources) {
  Layers layers;
  std::string file;
  std::error_code ignored;  // a default file that cannot even be looked up is as good as none
  if (sources.file) {
    file = *sources.file;
  } else if (std::filesystem::exists(kDefaultConfigFile, ignored)) {
    file = kDefaultConfigFile;
  }
  if (!file.empty()) layers.add_file(file);
  layers.add_environment(sources.environment);
  layers.add_flags(sources.flags);
  auto loaded = layers.resolve();
  if (loaded.ok()) loaded->file = file;
  return loaded;
}

std::vector<std::pair<std::string, std::string>> config_environment() {
  std::vector<std::pair<std::string, std::string>> found;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const auto equals = text.find('=');
    if (!text.starts_with(kConfigVariablePrefix) || equals == std::string_view::npos) continue;
    found.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string variable_for(std::string_view key) {
  std::string name(key);
  for (auto dot = name.find('.'); dot != std::string::npos; dot = name.find('.')) name.replace(dot, 1, "__");
  return kConfigVariablePrefix + upper(name);
}

}  // namespace waybill::app
