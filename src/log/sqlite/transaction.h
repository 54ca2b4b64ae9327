// What every verb of one commit works with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "core/names.h"
#include "log/sqlite/connection.h"

namespace waybill::sqlite {

/// How far the search for rows that are due too far ahead has come; each sweep goes on where the last one ended.
struct SweepPosition {
  Route route;
  std::int64_t next_try_time = 0;
  std::int64_t rowid = 0;
};

struct Transaction {
  Connection& db;
  WallTime now;  ///< the store's clock, once for the whole commit
  std::size_t body_max;
  SweepPosition& sweep;
};

/// A text from outside that goes into a row for people: at most 2,000 bytes, cut between characters.
[[nodiscard]] std::string_view bounded(std::string_view text);

}  // namespace waybill::sqlite
