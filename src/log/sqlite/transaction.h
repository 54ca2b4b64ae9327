// What every verb of one commit works with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "core/names.h"
#include "log/sqlite/connection.h"
#include "log/sqlite/finished_counts.h"

namespace waybill::sqlite {

/// How far the search for rows that are due too far ahead has come; each sweep goes on where the last one ended.
struct SweepPosition {
  Route route;
  std::int64_t next_try_time = 0;
  int status = 0;
  std::int64_t rowid = 0;
};

/// Owners as they are stored. The writes of a commit mostly have the same one, whose text is made once.
class OwnerTexts {
 public:
  [[nodiscard]] const std::string& of(const Owner& owner);

 private:
  Owner last_;
  std::string text_ = to_string(last_);
};

struct Transaction {
  Connection& db;
  WallTime now;  ///< the store's clock, once for the whole commit
  std::size_t body_max;
  SweepPosition& sweep;
  OwnerTexts owners{};
  FinishedCounts finished{};  ///< what the verbs have changed so far
};

/// A text from outside that goes into a row for people: at most 2,000 bytes, cut between characters.
[[nodiscard]] std::string_view bounded(std::string_view text);

}  // namespace waybill::sqlite
