// What became of each recipient of a mail on one connection.
#pragma once

#include <string>
#include <vector>

namespace waybill::smtp {

enum class RecipientFate {
  kDelivered,  ///< the server took the mail for it
  kTryAgain,   ///< it did not, and may later
  kRefused,    ///< it never will
  kUnknown,    ///< the content went out and no answer came
};

struct RecipientOutcome {
  RecipientFate fate = RecipientFate::kTryAgain;
  int code = 0;          ///< of the reply that decided; 0: none did
  std::string enhanced;  ///< as `5.1.1`; may be empty
  std::string text;      ///< the reply's text, or what went wrong here; fit to show
  bool operator==(const RecipientOutcome&) const = default;
};

/// Why a dialogue ended before its time.
enum class Trouble {
  kNone,
  kLost,       ///< the connection ended
  kTimeout,    ///< no answer, or no room for what was written, within a deadline
  kClosing,    ///< 421: the server wants to end the connection
  kConfused,   ///< it said what nothing asked for
  kLogin,      ///< it refuses to hear of a mail without another login: a mistake of configuration
  kNotBegun,   ///< the effect was not allowed to begin
  kCancelled,  ///< nobody waits for the mail any more
};

struct DialogueResult {
  std::vector<RecipientOutcome> recipients;  ///< in the order in which they were given
  Trouble trouble = Trouble::kNone;
  std::string reason;         ///< of the trouble; fit to show
  bool heard = false;         ///< the server has answered something other than 421
  bool reusable = false;      ///< another mail may follow on this connection
  bool reset_needed = false;  ///< and must begin with RSET
};

}  // namespace waybill::smtp
