// The history of a message, `msg_event`: what a person reads. The happy path writes none.
#pragma once

#include <string_view>

#include "log/sqlite/transaction.h"

namespace waybill::sqlite {

struct Event {
  std::string_view kind;
  std::int32_t attempt = 0;
  std::string_view detail;
};

/// Adds a line. An equal one after its like only raises the count of that; the latest 50 of a row are kept.
void add_event(Transaction& tx, const MessageId& id, const Event& event);

[[nodiscard]] bool has_event(Transaction& tx, const MessageId& id, std::string_view kind, std::int32_t attempt);
[[nodiscard]] bool has_event(Transaction& tx, const MessageId& id, std::string_view kind);
/// The last line's kind, or empty.
[[nodiscard]] std::string last_event_kind(Transaction& tx, const MessageId& id);

}  // namespace waybill::sqlite
