#include "broker/rabbitmq/protocol/properties.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>
#include <optional>
#include <utility>

namespace waybill::rabbitmq {
namespace {

constexpr std::uint64_t kBasicClass = 60;
// Bits of the property flags; bit 0 would announce more flags, which class basic does not have.
constexpr std::uint64_t kContentType = 1U << 15U;
constexpr std::uint64_t kContentEncoding = 1U << 14U;
constexpr std::uint64_t kHeaders = 1U << 13U;
constexpr std::uint64_t kDeliveryMode = 1U << 12U;
constexpr std::uint64_t kPriority = 1U << 11U;
constexpr std::uint64_t kCorrelationId = 1U << 10U;
constexpr std::uint64_t kReplyTo = 1U << 9U;
constexpr std::uint64_t kExpiration = 1U << 8U;
constexpr std::uint64_t kMessageId = 1U << 7U;
constexpr std::uint64_t kMoreFlags = 1U;

constexpr std::array<std::string_view, 5> kBrokersMarks{"x-death", "x-first-death-exchange", "x-first-death-queue",
                                                        "x-first-death-reason", "x-delivery-count"};

/// Reads from the front. What reads too far makes it bad, and everything read from then on is empty.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::uint64_t size) {
    if (size > rest_.size()) {
      bad_ = true;
      rest_ = {};
      return {};
    }
    const auto taken = rest_.substr(0, static_cast<std::size_t>(size));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  std::uint64_t number(std::size_t size) {
    std::uint64_t value = 0;
    for (const char byte : take(size)) value = value << 8U | static_cast<unsigned char>(byte);
    return value;
  }
  std::string_view short_text() { return take(number(1)); }
  std::string_view long_text() { return take(number(4)); }
  void spoil() { bad_ = true; }
  [[nodiscard]] bool bad() const { return bad_; }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool bad_ = false;
};

template <class Signed>
std::string signed_text(std::uint64_t bits) {
  return std::to_string(static_cast<Signed>(bits));
}

std::string real_text(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.17g", value);
  return text.data();
}

/// A value of a table, behind its name. Nothing for what has no plain form.
std::optional<std::string> value_text(Cursor& at) {
  const auto kind = at.take(1);
  switch (kind.empty() ? '\0' : kind[0]) {
    case 'S':
    case 'x':
      return std::string(at.long_text());
    case 't':
      return at.number(1) != 0 ? "true" : "false";
    case 'b':
      return signed_text<std::int8_t>(at.number(1));
    case 'B':
      return std::to_string(at.number(1));
    case 's':
      return signed_text<std::int16_t>(at.number(2));
    case 'u':
      return std::to_string(at.number(2));
    case 'I':
      return signed_text<std::int32_t>(at.number(4));
    case 'i':
      return std::to_string(at.number(4));
    case 'l':
      return signed_text<std::int64_t>(at.number(8));
    case 'L':
    case 'T':
      return std::to_string(at.number(8));
    case 'f':
      return real_text(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(at.number(4)))));
    case 'd':
      return real_text(std::bit_cast<double>(at.number(8)));
    case 'D':
      at.take(5);
      return std::nullopt;
    case 'F':
    case 'A':
      at.long_text();
      return std::nullopt;
    case 'V':
      return std::nullopt;
    default:
      at.spoil();
      return std::nullopt;
  }
}

Headers read_headers(Cursor& at) {
  Cursor table(at.long_text());
  Headers headers;
  while (!table.empty() && !table.bad()) {
    const auto name = table.short_text();
    auto text = value_text(table);
    const bool brokers = std::find(kBrokersMarks.begin(), kBrokersMarks.end(), name) != kBrokersMarks.end();
    if (text && !brokers) headers.emplace_back(name, std::move(*text));
  }
  if (table.bad()) at.spoil();
  return headers;
}

Properties read_properties(Cursor& at) {
  Properties properties;
  const std::uint64_t flags = at.number(2);
  const auto has = [flags](std::uint64_t flag) { return (flags & flag) != 0; };
  if (has(kMoreFlags)) at.spoil();
  if (has(kContentType)) properties.content_type = at.short_text();
  if (has(kContentEncoding)) at.short_text();
  if (has(kHeaders)) properties.headers = read_headers(at);
  if (has(kDeliveryMode)) at.take(1);
  if (has(kPriority)) at.take(1);
  if (has(kCorrelationId)) at.short_text();
  if (has(kReplyTo)) at.short_text();
  if (has(kExpiration)) at.short_text();
  if (has(kMessageId)) properties.id = at.short_text();
  return properties;  // what follows is of no interest
}

}  // namespace

Result<ContentHeader> decode_content_header(std::string_view payload) {
  Cursor at(payload);
  const bool basic = at.number(2) == kBasicClass;
  at.number(2);  // the weight, which is unused
  ContentHeader header;
  header.body_size = at.number(8);
  header.properties = read_properties(at);
  if (!basic || at.bad()) return make_error(ErrorClass::kPermanent, "a message header of the peer's is damaged");
  return header;
}

}  // namespace waybill::rabbitmq
