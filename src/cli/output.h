// What commands print: aligned columns, times, and nothing that a message could use to drive the terminal.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/types.h"
#include "base/time.h"

namespace waybill::cli {

/// Lines up columns; the last one is never padded. Cells are escaped (see escape_line).
class Table {
 public:
  void add(std::vector<std::string> row);
  [[nodiscard]] std::string text(std::string_view indent = "") const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// `-` for a time that was not recorded.
[[nodiscard]] std::string time_or_dash(const std::optional<WallTime>& time);
[[nodiscard]] std::string or_dash(const std::string& text);
/// `consumed`; `outcome_unknown (held)`
[[nodiscard]] std::string status_text(const api::MessageView& message);

/// The whole trail of one message, for a person.
[[nodiscard]] std::string trail_text(const api::MessageView& message);

/// To stdout. Whether it was written is checked once, at the end of the program.
void print(std::string_view text);
void print_line(std::string_view text);

}  // namespace waybill::cli
