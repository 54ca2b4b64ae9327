#include "api/message_item.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.h"
#include "core/names.h"

namespace waybill::api {
namespace {

constexpr std::size_t kNameBytesMax = 255;  // AMQP short string (0-9-1, 4.2.5.3)
constexpr std::size_t kRetryTextBytesMax = 1'000;
constexpr std::size_t kErrorsMax = 16;      // told of one message; a hostile one has thousands
constexpr std::size_t kShownBytesMax = 64;  // of a name that the client made up
constexpr std::string_view kReservedHeaders = "x-waybill-";
constexpr std::string_view kNotUtf8 = "is not valid UTF-8";

// In the order of Field.
constexpr std::array<std::string_view, 9> kNames = {"id",      "exchange",     "routing_key", "body", "body_base64",
                                                    "headers", "content_type", "deliver_at",  "retry"};

std::string_view name_of(MessageItem::Field field) { return kNames[static_cast<std::size_t>(field)]; }

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

// What is wrong with the name of an exchange, a key, a header or a type; empty if nothing is.
std::string_view problem_of_name(std::string_view name) {
  if (name.size() > kNameBytesMax) return "is longer than 255 bytes";
  if (!is_valid_utf8(name)) return kNotUtf8;
  if (has_control_character(name)) return "holds a control character";
  return {};
}

bool is_reserved(std::string_view header) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return header.size() >= kReservedHeaders.size() &&
         std::equal(kReservedHeaders.begin(), kReservedHeaders.end(), header.begin(),
                    [&](char wanted, char c) { return wanted == lower(c); });
}

std::string header_field(std::string_view name) { return "headers." + std::string(name.substr(0, kShownBytesMax)); }

}  // namespace

void MessageItem::begin(std::string place) {
  place_ = std::move(place);
  message_ = Message{};
  header_bytes_ = 0;
  seen_ = 0;
  errors_.clear();
  more_errors_ = 0;
}

MessageItem::Field MessageItem::field(std::string_view name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) {
    refuse(name.substr(0, kShownBytesMax), "is not a known field");
    return Field::kUnknown;
  }
  const auto field = static_cast<Field>(found - kNames.begin());
  if (has(field)) {
    refuse(name, "is given more than once");
    return Field::kUnknown;
  }
  seen_ |= 1U << static_cast<unsigned>(field);
  return field;
}

void MessageItem::set_text(Field field, std::string_view text) {
  switch (field) {
    case Field::kId:
      return set_id(text);
    case Field::kExchange:
      return set_name(message_.route.exchange, field, text);
    case Field::kRoutingKey:
      return set_name(message_.route.routing_key, field, text);
    case Field::kContentType:
      return set_name(message_.content_type, field, text);
    case Field::kBody:
      if (!is_valid_utf8(text)) return refuse(name_of(field), "is not valid UTF-8; send bytes as 'body_base64'");
      return set_body(std::string(text), text.find('\0') != std::string_view::npos);
    case Field::kBodyBase64: {
      auto bytes = base64_decode(text);
      if (!bytes) return refuse(name_of(field), "is not base64 with padding (RFC 4648, section 4)");
      return set_body(std::move(*bytes), /*binary=*/true);
    }
    case Field::kDeliverAt:
      return set_deliver_at(text);
    case Field::kRetry: {
      // As the configuration and the trail of a message write it.
      auto policy = parse_retry_policy(text.substr(0, kRetryTextBytesMax));
      if (!policy.ok() || text.size() > kRetryTextBytesMax)
        return refuse(name_of(field), "is no retry policy; " + std::string(RetryFields::kForms));
      message_.retry = std::move(*policy);
      return;
    }
    case Field::kHeaders:
      return refuse_type(field);
    case Field::kUnknown:
      return;
  }
}

void MessageItem::set_json_body(std::string compact) {
  if (!is_valid_utf8(compact)) return refuse(name_of(Field::kBody), std::string(kNotUtf8));
  set_body(std::move(compact), /*binary=*/false);
}

void MessageItem::set_id(std::string_view text) {
  const Status valid = validate_message_id(text);
  if (!valid.ok()) return refuse(name_of(Field::kId), "cannot be used: " + valid.error().message);
  message_.id.value = text;
}

void MessageItem::set_name(std::string& name, Field field, std::string_view text) {
  const std::string_view problem = problem_of_name(text);
  if (!problem.empty()) return refuse(name_of(field), std::string(problem));
  name = text;
}

void MessageItem::set_body(std::string bytes, bool binary) {
  if (has(Field::kBody) && has(Field::kBodyBase64)) {
    return refuse(name_of(Field::kBodyBase64), "and 'body' exclude each other");
  }
  message_.body = Body(std::move(bytes), binary);
}

void MessageItem::set_deliver_at(std::string_view text) {
  const auto time = parse_rfc3339(text);
  if (!time) return refuse(name_of(Field::kDeliverAt), "must be a time as in RFC 3339, such as 2026-01-31T08:00:00Z");
  if (*time > now_ + limits_.ahead_max) return refuse(name_of(Field::kDeliverAt), "is more than 366 days ahead");
  message_.not_before = time;
}

void MessageItem::set_retry(const RetryFields& fields) {
  auto policy = fields.policy();
  if (!policy.ok()) return refuse(name_of(Field::kRetry), "is no retry policy: " + policy.error().message);
  message_.retry = std::move(*policy);
}

void MessageItem::add_header(std::string_view name, std::string_view value) {
  header_bytes_ += name.size() + value.size();
  const auto same = [&](const auto& header) { return header.first == name; };
  if (name.empty()) return refuse("headers", "has an empty name");
  if (const auto problem = problem_of_name(name); !problem.empty()) {
    return refuse(header_field(name), std::string(problem));
  }
  if (is_reserved(name)) return refuse(header_field(name), "is reserved: names with 'x-waybill-' are Waybill's own");
  if (!is_valid_utf8(value)) return refuse(header_field(name), std::string(kNotUtf8));
  if (message_.headers.size() >= limits_.headers_max) return refuse("headers", "are more than 64");
  if (header_bytes_ > limits_.header_bytes_max) return refuse("headers", "are larger than 32 KiB");
  if (std::any_of(message_.headers.begin(), message_.headers.end(), same)) {
    return refuse(header_field(name), "is given more than once");
  }
  message_.headers.emplace_back(name, value);
}

void MessageItem::refuse_type(Field field) {
  switch (field) {
    case Field::kHeaders:
      return refuse(name_of(field), "must be an object of strings");
    case Field::kRetry:
      return refuse(name_of(field), "is no retry policy; " + std::string(RetryFields::kForms));
    case Field::kId:
    case Field::kExchange:
    case Field::kRoutingKey:
    case Field::kBody:
    case Field::kBodyBase64:
    case Field::kContentType:
    case Field::kDeliverAt:
      return refuse(name_of(field), "must be a string");
    case Field::kUnknown:
      return;
  }
}

void MessageItem::refuse_header_type(std::string_view name) { refuse(header_field(name), "must be a string"); }

void MessageItem::refuse(std::string why) { refuse({}, std::move(why)); }

void MessageItem::refuse(std::string_view field, std::string why) {
  if (errors_.size() >= kErrorsMax) {
    ++more_errors_;
    return;
  }
  std::string whole = place_;
  if (!whole.empty() && !field.empty()) whole += '.';
  whole += field;
  errors_.push_back({std::move(whole), std::move(why)});
}

void MessageItem::require(Field field) {
  if (!has(field)) refuse(name_of(field), "is missing");
}

Parsed<Message> MessageItem::finish() {
  // Of something that is not even an object nothing is missing.
  const bool refused_whole = !errors_.empty() && errors_.front().field == place_;
  if (!refused_whole) {
    require(Field::kExchange);
    require(Field::kRoutingKey);
    if (!has(Field::kBodyBase64)) require(Field::kBody);
  }
  if (errors_.empty()) return std::move(message_);
  std::string message = "'" + errors_.front().field + "' " + errors_.front().message;
  if (const auto more = errors_.size() - 1 + more_errors_; more > 0) {
    message += "; " + std::to_string(more) + " more of its fields " + (more == 1 ? "is" : "are") + " wrong";
  }
  return ErrorView{"invalid_request", std::move(message), std::move(errors_)};
}

}  // namespace waybill::api
