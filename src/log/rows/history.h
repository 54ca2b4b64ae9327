// The lines of `msg_event` of one row, while its verbs are decided.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace waybill::rows {

struct EventLine {
  std::int64_t number = 0;
  WallTime at{};
  std::string kind;
  std::int32_t attempt = 0;
  int count = 1;
  std::string detail;
  bool changed = false;  ///< to be written
};

class History {
 public:
  static constexpr std::int64_t kLinesMax = 50;

  /// A line as it is stored; in the order of their numbers.
  void load(EventLine line) { lines_.push_back(std::move(line)); }
  /// An equal one after its like only raises the count of that; the latest kLinesMax are kept.
  void add(WallTime at, std::string_view kind, std::int32_t attempt, std::string_view detail);

  [[nodiscard]] bool has(std::string_view kind) const;
  [[nodiscard]] bool has(std::string_view kind, std::int32_t attempt) const;
  /// Empty if there is none.
  [[nodiscard]] std::string_view last_kind() const;

  [[nodiscard]] const std::vector<EventLine>& lines() const { return lines_; }
  /// Stored lines up to this number are to be removed.
  [[nodiscard]] std::optional<std::int64_t> removed_up_to() const { return removed_up_to_; }

 private:
  std::vector<EventLine> lines_;
  std::optional<std::int64_t> removed_up_to_;
};

}  // namespace waybill::rows
