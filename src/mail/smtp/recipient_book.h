// A port: what became of each recipient of each mail, so that a later attempt goes only to those that are open.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "core/names.h"
#include "mail/smtp/dialogue_result.h"

namespace waybill::smtp {

struct RecipientRecord {
  std::string address;
  RecipientOutcome outcome;
  std::string relay;  ///< that told the outcome, as `host:port`; empty: none did
  bool operator==(const RecipientRecord&) const = default;
};

/// kTryAgain and kUnknown: to be tried, or tried again.
[[nodiscard]] inline bool is_open(RecipientFate fate) {
  return fate == RecipientFate::kTryAgain || fate == RecipientFate::kUnknown;
}

/// Called from several threads at once, also for the same mail. What a durable book must guarantee:
/// - What `record` has answered ok to survives every crash of process and machine; `read` of any process sees it.
/// - A recipient that was recorded as delivered stays so, whatever is recorded later: a late report of an attempt that
///   lost its lease must not open it again. One that was refused may become delivered (that report was true), not open.
/// - One call is recorded as a whole or not at all, and recording the same again changes nothing.
/// - Recipients are compared bytewise; a mail's are at most those it was accepted with. Records live as long as their
///   mail's row, and an operator's replay of the mail opens those that were refused, never those that were delivered.
class RecipientBook {
 public:
  virtual ~RecipientBook() = default;
  /// One record for each address, in the same order; those nothing is known of are kTryAgain without a relay. Errors:
  /// the mail must not be sent, for it may have been delivered to some.
  [[nodiscard]] virtual Result<std::vector<RecipientRecord>> read(const MessageId& id,
                                                                  const std::vector<std::string>& to) = 0;
  /// Returns when it is durable. On an error nobody knows whether it is.
  [[nodiscard]] virtual Status record(const MessageId& id, const std::vector<RecipientRecord>& records) = 0;
};

}  // namespace waybill::smtp
