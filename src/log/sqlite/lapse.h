// Ending the attempt of a holder that never reported (protocol: *lapse*), and the copy that a dead message sends.
#pragma once

#include <optional>
#include <vector>

#include "log/sqlite/transaction.h"
#include "ports/log_writes.h"

namespace waybill::sqlite {

/// An open attempt as its row was read in this transaction.
struct OpenAttempt {
  MessageId id;
  std::int32_t number = 0;
  bool effect_begun = false;
  int crash_count = 0;
};

/// False after a gap, and when the store's clock is not where the caller expects it: a clock that stepped would end
/// every lease at once.
[[nodiscard]] bool may_lapse(const Transaction& tx, const LapseRule& rule);

/// Ends the attempt, counts it and writes the event; what became of the row. The caller has made sure that its lease
/// has passed or its owner is dead.
[[nodiscard]] State lapse(Transaction& tx, const OpenAttempt& attempt, const LapseRule& rule);

/// The same for each of them; the rows that are not driven again.
[[nodiscard]] std::vector<LapsedRow> lapse_all(Transaction& tx, const std::vector<OpenAttempt>& attempts,
                                               const LapseRule& rule);

/// Inserts the external row that carries a copy of a dead message of a consumed queue to the dead-letter exchange; its
/// id is derived from message and attempt, so that it exists once. Without a route there are no copies.
void copy_to_dead_letters(Transaction& tx, const MessageId& dead, std::int32_t attempt,
                          const std::optional<Route>& dead_letter);
[[nodiscard]] bool is_dead_letter_copy(const MessageId& id);

}  // namespace waybill::sqlite
