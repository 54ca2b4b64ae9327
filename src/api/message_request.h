// What `POST /v1/messages` is asked for: one message, an array of them, or one a line. Read in one pass and strictly:
// what is unknown, repeated, of the wrong type or no UTF-8 is refused under its name. Pure; any thread.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "api/types.h"
#include "base/time.h"
#include "core/message.h"

namespace waybill::api {

struct MessagesRequest {
  enum class Form { kOne, kArray, kLines };
  Form form = Form::kOne;
  /// In their order, never none. One that is wrong refuses only itself; errors name its place: `[3].routing_key`.
  std::vector<Parsed<Message>> messages;
};

inline constexpr std::size_t kMessagesMax = 1'000;  ///< of one request

/// An object or an array of objects. The error is that of the whole request: it is not JSON, too deep, too many.
/// `now`: for `deliver_at`, which is handed on as it was given, also when it has passed.
[[nodiscard]] Parsed<MessagesRequest> parse_messages(std::string_view json, WallTime now);

/// One object a line (NDJSON); blank lines do not count. A line that is not JSON refuses only itself.
[[nodiscard]] Parsed<MessagesRequest> parse_message_lines(std::string_view lines, WallTime now);

/// Equal for messages that ask for the same, however they are written.
[[nodiscard]] Digest request_digest(const Message& message);

}  // namespace waybill::api
