// The cursor of a list (ports/message_log.h) as text: a position in the order of arrival, with a check that it was made
// by this very log and by nobody's hand. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill {

/// `identity` is the log's; `position` is not negative.
[[nodiscard]] std::string write_cursor(std::string_view identity, std::int64_t position);

/// Errors: kPermanent with a sentence for a person, if `cursor` is none of this log's.
[[nodiscard]] Result<std::int64_t> read_cursor(std::string_view identity, std::string_view cursor);

}  // namespace waybill
