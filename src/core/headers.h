// The headers every publish carries (protocol, section 3), and how a delivery's origin is read from them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/message.h"

namespace waybill {

inline constexpr std::string_view kHeaderLog = "x-waybill-log";            ///< identity of the log
inline constexpr std::string_view kHeaderPublish = "x-waybill-publish";    ///< number of this publish of the row
inline constexpr std::string_view kHeaderTime = "x-waybill-time";          ///< when it began, the store's clock, ms
inline constexpr std::string_view kHeaderDigest = "x-waybill-digest";      ///< SHA-256 of the body, hex
inline constexpr std::string_view kHeaderExchange = "x-waybill-exchange";  ///< original exchange
inline constexpr std::string_view kHeaderKey = "x-waybill-key";            ///< original routing key
inline constexpr std::string_view kHeaderCrashes = "x-waybill-crashes";    ///< > 0: handle alone (crash loops)
inline constexpr std::string_view kHeaderDeadOf = "x-waybill-dead-of";     ///< on a dead-letter copy: the message

/// Our mark, as read from a delivery.
struct Mark {
  std::string log;
  std::int64_t publish_number = 0;
  WallTime publish_time{};
  std::optional<Digest> digest;
  int crashes = 0;
};

/// The headers of one publish: the message's own, then ours. Of its own those with names of ours are left out, but for
/// kHeaderDeadOf.
[[nodiscard]] Headers with_mark(const Message& message, const Mark& mark);
/// Nothing if the delivery carries no (complete, readable) mark.
[[nodiscard]] std::optional<Mark> read_mark(const Headers& headers);
/// The headers without ours: what is stored of an adopted message.
[[nodiscard]] Headers without_mark(const Headers& headers);

[[nodiscard]] std::optional<Digest> parse_digest(std::string_view hex);

}  // namespace waybill
