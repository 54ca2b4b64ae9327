// What became of each recipient of a mail, as a handler tells it and a log keeps it: values, and the rule of what may
// follow what.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill {

/// The numbers are stored and never change.
enum class RecipientFate : std::uint8_t {
  kDelivered = 0,  ///< the server took the mail for it
  kTryAgain = 1,   ///< it did not, and may later
  kRefused = 2,    ///< it never will
  kUnknown = 3,    ///< the content went out and no answer came
};
/// `delivered`, `deferred`, `refused`, `unknown`.
[[nodiscard]] std::string_view to_string(RecipientFate fate);
/// To be tried, or tried again.
[[nodiscard]] constexpr bool is_open(RecipientFate fate) {
  return fate == RecipientFate::kTryAgain || fate == RecipientFate::kUnknown;
}

struct RecipientOutcome {
  RecipientFate fate = RecipientFate::kTryAgain;
  int code = 0;          ///< of the reply that decided; 0: none did
  std::string enhanced;  ///< as `5.1.1`; may be empty
  std::string text;      ///< the reply's text, or what went wrong here; fit to show
  bool operator==(const RecipientOutcome&) const = default;
};

struct RecipientRecord {
  std::string address;  ///< compared bytewise
  RecipientOutcome outcome;
  std::string relay;  ///< that told the outcome, as `host:port`; empty: none did
  bool operator==(const RecipientRecord&) const = default;
};

/// True if what is told changes what is kept of the same address: a delivery stays one whatever is told later, for a
/// late report of a lost attempt must not open it again; a refusal becomes a delivery at the most; what is open takes
/// the latest. The same again changes nothing.
[[nodiscard]] bool replaces(const RecipientRecord& kept, const RecipientRecord& told);

/// Of one attempt's report; far more than a mail can have.
inline constexpr std::size_t kRecipientsMax = 10'000;
/// Of a wire address: 64 for the local part, 253 for a domain, and the sign between them are fewer.
inline constexpr std::size_t kRecipientAddressMax = 320;
/// Says which rule was broken: too many, or an address that is empty, too long, or not UTF-8 without a zero byte.
[[nodiscard]] Status check_recipients(std::span<const RecipientRecord> recipients);
/// As it is kept: the reply at most 500 bytes, the relay 300, the enhanced code 32, cut between characters; what is not
/// UTF-8 becomes `?`. A report is never refused for what a server said.
[[nodiscard]] RecipientRecord fit_to_keep(RecipientRecord record);

}  // namespace waybill
