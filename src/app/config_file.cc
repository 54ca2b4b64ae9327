#include "app/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <string_view>

#include "app/text_file.h"

namespace waybill::app {
namespace {

std::string_view describe(toml::node_type type) {
  switch (type) {
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::boolean:
      return "a boolean";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::date:
    case toml::node_type::time:
    case toml::node_type::date_time:
      return "a date or time";
    case toml::node_type::array:
      return "an array";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::none:
      break;
  }
  return "nothing";
}

bool is_list_of_strings(const toml::array& array) {
  return std::all_of(array.begin(), array.end(), [](const toml::node& node) {
    return node.is_string() && node.as_string()->get().find(',') == std::string::npos;
  });
}

FileEntry to_entry(std::string name, const toml::node& node) {
  FileEntry entry{std::move(name),
                  {},
                  FileType::kOther,
                  std::string(describe(node.type())),
                  static_cast<int>(node.source().begin.line)};
  if (const auto* text = node.as_string()) {
    entry.type = FileType::kString;
    entry.text = text->get();
  } else if (const auto* number = node.as_integer()) {
    entry.type = FileType::kInteger;
    entry.text = std::to_string(number->get());
  } else if (const auto* truth = node.as_boolean()) {
    entry.type = FileType::kBoolean;
    entry.text = truth->get() ? "true" : "false";
  } else if (const auto* array = node.as_array(); array != nullptr && is_list_of_strings(*array)) {
    entry.type = FileType::kStringList;
    for (const auto& element : *array) {
      entry.text += (entry.text.empty() ? "" : ",") + element.as_string()->get();
    }
  }
  return entry;
}

void flatten(const std::string& prefix, const toml::table& table, std::vector<FileEntry>& entries) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const auto* nested = node.as_table()) {
      flatten(name + ".", *nested, entries);
    } else {
      entries.push_back(to_entry(name, node));
    }
  }
}

}  // namespace

Result<std::vector<FileEntry>> read_config_file(const std::string& path) {
  const auto text = read_text_file(path);
  if (!text.ok()) return text.error();
  std::vector<FileEntry> entries;
  try {
    flatten("", toml::parse(*text, path), entries);
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    return make_error(ErrorClass::kPermanent, path + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) +
                                                  ": not TOML: " + std::string(error.description()));
  }
  // toml++ orders keys by name; a person reads from top to bottom.
  std::stable_sort(entries.begin(), entries.end(),
                   [](const FileEntry& a, const FileEntry& b) { return a.line < b.line; });
  return entries;
}

}  // namespace waybill::app
