// Reads a TOML file into flat entries; knows nothing of what keys there are.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace waybill::app {

/// Of a value in the file. Times, dates, floats, tables in arrays and lists of other things are `kOther`.
enum class FileType { kString, kInteger, kBoolean, kStringList, kOther };

struct FileEntry {
  std::string name;  ///< section.key, as far as it is nested
  std::string text;  ///< elements of a list separated by commas
  FileType type = FileType::kString;
  std::string type_name;  ///< for a person: "a date"
  int line = 0;
};

/// In the order of the file. Errors (kPermanent): not readable, not TOML (with its line and column).
[[nodiscard]] Result<std::vector<FileEntry>> read_config_file(const std::string& path);

}  // namespace waybill::app
