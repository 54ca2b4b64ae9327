// A message id as it may stand in a file name or in front of the @ of a Message-ID.
#pragma once

#include <string>

#include "core/names.h"

namespace waybill {

/// The id itself if it is short and made of letters, digits, `-` and `_`, as the ids drawn here are; otherwise
/// `sha256=` and its digest in hex. Never the same for two ids; at most 71 bytes; no dot, slash, colon or space.
[[nodiscard]] std::string safe_name(const MessageId& id);

}  // namespace waybill
