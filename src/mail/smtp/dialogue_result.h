// What became of each recipient of a mail on one connection.
#pragma once

#include <string>
#include <vector>

#include "core/recipients.h"

namespace waybill::smtp {

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
