// The verbs of ports/log_writes.h on SQLite: one overload each, in files by who uses them. Every guard stands in the
// WHERE of the statement that changes the row. An answer counts only if the connection has not failed meanwhile.
#pragma once

#include "log/sqlite/transaction.h"
#include "ports/log_writes.h"

namespace waybill::sqlite {

// append_verbs.cc
[[nodiscard]] AppendAnswer apply(Transaction& tx, const Append& write);
[[nodiscard]] VerbAnswer apply(Transaction& tx, const Park& write);
// take_verb.cc
[[nodiscard]] TakeAnswer apply(Transaction& tx, const Take& write);
// relay_verbs.cc
[[nodiscard]] VerbAnswer apply(Transaction& tx, const Refuse& write);
[[nodiscard]] VerbAnswer apply(Transaction& tx, const MarkSent& write);
[[nodiscard]] VerbAnswer apply(Transaction& tx, const MarkFailed& write);
[[nodiscard]] CountAnswer apply(Transaction& tx, const Lost& write);
// claim_verbs.cc
[[nodiscard]] ClaimAnswer apply(Transaction& tx, const Claim& write);
[[nodiscard]] ClaimAnswer apply(Transaction& tx, const Adopt& write);
// attempt_verbs.cc
[[nodiscard]] VerbAnswer apply(Transaction& tx, const Renew& write);
[[nodiscard]] VerbAnswer apply(Transaction& tx, const BeginEffect& write);
[[nodiscard]] VerbAnswer apply(Transaction& tx, const Release& write);
// finish_verb.cc
[[nodiscard]] FinishAnswer apply(Transaction& tx, const Finish& write);
// operator_verbs.cc
[[nodiscard]] VerbAnswer apply(Transaction& tx, const Cancel& write);
[[nodiscard]] VerbAnswer apply(Transaction& tx, const Reschedule& write);
[[nodiscard]] VerbAnswer apply(Transaction& tx, const Hold& write);
[[nodiscard]] VerbAnswer apply(Transaction& tx, const Resolve& write);
[[nodiscard]] VerbAnswer apply(Transaction& tx, const Replay& write);
// prune_verb.cc
[[nodiscard]] CountAnswer apply(Transaction& tx, const Prune& write);
// instance_verbs.cc
[[nodiscard]] LapseAnswer apply(Transaction& tx, const LapseOwner& write);
[[nodiscard]] NodeAnswer apply(Transaction& tx, const LeaseNode& write);
[[nodiscard]] QueueFactsAnswer apply(Transaction& tx, const ReportQueues& write);

}  // namespace waybill::sqlite
