// Finding and counting rows by what a person asks for, newest first, in bounded work however many rows there are.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "log/sqlite/connection.h"
#include "ports/message_log.h"

namespace waybill::sqlite {

/// Rows that match, newest first. For one page at most 10,000 rows are looked at, and none after 20 ms.
struct FoundPage {
  std::vector<std::int64_t> rowids;
  std::optional<std::int64_t> next;  ///< what is beyond is older than this one; none: nothing is
};
/// `before`: only rows older than that one.
[[nodiscard]] FoundPage find_page(Connection& db, const MessageFilter& where, std::optional<std::int64_t> before,
                                  std::size_t limit);

/// How many rows match, up to `most`. By state alone it costs nothing; for the rest it looks at every row of the states
/// asked for, so that counting one queue in 5 million finished rows takes half a second and a long time longer.
[[nodiscard]] std::int64_t count_matching(Connection& db, const MessageFilter& where, std::int64_t most);

}  // namespace waybill::sqlite
