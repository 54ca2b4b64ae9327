// The names a message travels under. Each is a type of its own, so that a queue is never passed for an exchange.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waybill {

/// Primary key of a message: at most 155 characters and 255 bytes of valid UTF-8, compared bytewise.
struct MessageId {
  std::string value;
  auto operator<=>(const MessageId&) const = default;
};

/// Ids beginning with this are Waybill's own: copies sent to the dead-letter exchange and parked deliveries.
inline constexpr std::string_view kReservedIdPrefix = "waybill.";

/// Checks length and UTF-8; says which rule was broken. Reserved ids are refused too.
[[nodiscard]] Status validate_message_id(std::string_view id);
[[nodiscard]] bool is_valid_utf8(std::string_view text);
/// What is not UTF-8, or is a zero byte, becomes `?`.
[[nodiscard]] std::string as_utf8(std::string_view text);
/// Its front, at most `bytes` of it, cut between characters.
[[nodiscard]] std::string_view cut_to(std::string_view text, std::size_t bytes);

/// A queue of the broker. Empty means external: somebody else consumes it.
struct QueueName {
  std::string value;
  auto operator<=>(const QueueName&) const = default;
  [[nodiscard]] bool external() const { return value.empty(); }
};

/// Where a message is published: an exchange and a routing key.
struct Route {
  std::string exchange;
  std::string routing_key;
  auto operator<=>(const Route&) const = default;
};

/// Random number of one life of one process; never zero.
struct BootNonce {
  std::uint64_t value = 0;
  auto operator<=>(const BootNonce&) const = default;
};

/// Who holds an attempt: an instance's name and the boot it is in. Stored as `name#nonce`.
struct Owner {
  std::string instance;
  BootNonce boot;
  auto operator<=>(const Owner&) const = default;
};

/// `name#0123456789abcdef`, and back. Anything else reads as an owner with an empty boot.
[[nodiscard]] std::string to_string(const Owner& owner);
[[nodiscard]] Owner parse_owner(std::string_view text);

/// A request's nonce: running the same write again is recognised by it (protocol, section 2). Never zero.
struct Token {
  std::uint64_t value = 0;
  auto operator<=>(const Token&) const = default;
};

}  // namespace waybill
