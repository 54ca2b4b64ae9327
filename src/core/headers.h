// The headers every publish carries (protocol, section 3), and how a delivery's origin is read from them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/message.h"

namespace waybill {

/// Our mark, one header for all of it: a broker decodes and encodes every header of every delivery anew
/// (docs/adr/0023). Words `name=value`, for people to read as well: `log=` the log's identity, `publish=` the number of
/// this publish of the row, `time=` when it began by the store's clock in ms, `digest=` SHA-256 of the body in hex,
/// `crashes=` if any, `body=` the bytes of a body that is in the log and not in this publish, and to the end
/// `exchange=` and `key=`, the route it was accepted for. Words that a reader does not know it passes over.
inline constexpr std::string_view kHeaderMark = "x-waybill-mark";
inline constexpr std::string_view kHeaderDeadOf = "x-waybill-dead-of";  ///< on a dead-letter copy: the message

/// What a mark says.
struct Mark {
  std::string log;  ///< identity of the log, without a space
  std::int64_t publish_number = 0;
  WallTime publish_time{};
  std::optional<Digest> digest;
  int crashes = 0;                         ///< > 0: handle alone (crash loops)
  std::optional<std::size_t> body_in_log;  ///< the publish carries none: its size, for whoever claims the message
};

/// The headers of one publish: the message's own, then ours. Of its own those with names of ours are left out, but for
/// kHeaderDeadOf.
[[nodiscard]] Headers with_mark(const Message& message, const Mark& mark);
/// Nothing if the delivery carries no (complete, readable) mark.
[[nodiscard]] std::optional<Mark> read_mark(const Headers& headers);
/// Of the mark; 0 without one.
[[nodiscard]] std::int64_t publish_number_of(const Headers& headers);
/// The headers without ours: what is stored of an adopted message.
[[nodiscard]] Headers without_mark(const Headers& headers);

[[nodiscard]] std::optional<Digest> parse_digest(std::string_view hex);

}  // namespace waybill
