#include "log/rows/history.h"

#include <algorithm>

#include "log/rows/standing.h"

namespace waybill::rows {

void History::add(WallTime at, std::string_view kind, std::int32_t attempt, std::string_view detail) {
  const std::string text = for_people(detail);
  if (!lines_.empty()) {
    EventLine& last = lines_.back();
    if (last.kind == kind && last.attempt == attempt && last.detail == text) {
      ++last.count;
      last.at = at;
      last.changed = true;
      return;
    }
  }
  const std::int64_t number = lines_.empty() ? 1 : lines_.back().number + 1;
  lines_.push_back({number, at, std::string(kind), attempt, 1, text, true});
  if (number > kLinesMax) {
    removed_up_to_ = number - kLinesMax;
    std::erase_if(lines_, [&](const EventLine& line) { return line.number <= *removed_up_to_; });
  }
}

bool History::has(std::string_view kind) const {
  return std::ranges::find(lines_, kind, &EventLine::kind) != lines_.end();
}

bool History::has(std::string_view kind, std::int32_t attempt) const {
  return std::ranges::any_of(lines_, [&](const EventLine& l) { return l.kind == kind && l.attempt == attempt; });
}

std::string_view History::last_kind() const { return lines_.empty() ? std::string_view() : lines_.back().kind; }

}  // namespace waybill::rows
