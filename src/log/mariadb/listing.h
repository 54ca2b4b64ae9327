// Lists and counts of the message log: what they look at is bounded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "log/mariadb/connection.h"
#include "ports/message_log.h"

namespace waybill::mariadb {

struct FoundPage {
  std::vector<Row> rows;
  std::optional<std::int64_t> next;  ///< the next page begins before this arrival
};

/// Rows before `before`, newest first.
[[nodiscard]] FoundPage find_page(Connection& db, const MessageFilter& where, std::int64_t before, std::int64_t limit);
[[nodiscard]] std::int64_t count_matching(Connection& db, const MessageFilter& where, std::int64_t most);

}  // namespace waybill::mariadb
