// One message of a request in the making: takes its fields as they are met, and remembers what is wrong with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/retry_fields.h"
#include "api/types.h"
#include "base/time.h"
#include "core/message.h"

namespace waybill::api {

/// How much one message may ask for.
struct MessageItemLimits {
  std::size_t headers_max = 64;
  std::size_t header_bytes_max = 32U << 10U;          ///< names and values together
  Duration ahead_max = std::chrono::hours(24 * 366);  ///< of `deliver_at`
};

/// Use one for many messages, one after the other: begin, its fields, finish. One thread.
class MessageItem {
 public:
  enum class Field : std::uint8_t {
    kId,
    kExchange,
    kRoutingKey,
    kBody,
    kBodyBase64,
    kHeaders,
    kContentType,
    kDeliverAt,
    kRetry,
    kUnknown,
  };

  MessageItem(WallTime now, const MessageItemLimits& limits) : now_(now), limits_(limits) {}

  /// `place` stands before the names of its fields in errors: `[3]`; empty: there is only one message.
  void begin(std::string place);
  /// The field of that name; kUnknown, and an error, if there is none or it has come before.
  [[nodiscard]] Field field(std::string_view name);
  void set_text(Field field, std::string_view text);
  /// A body that is JSON but no string.
  void set_json_body(std::string compact);
  void add_header(std::string_view name, std::string_view value);
  void set_retry(const RetryFields& fields);

  /// Something of another type than the field has.
  void refuse_type(Field field);
  void refuse_header_type(std::string_view name);
  /// The message as a whole.
  void refuse(std::string why);

  /// What it became. `not_before` is as it was given, also when that has passed.
  [[nodiscard]] Parsed<Message> finish();

 private:
  void set_id(std::string_view text);
  void set_name(std::string& name, Field field, std::string_view text);
  void set_body(std::string bytes, bool binary);
  void set_deliver_at(std::string_view text);
  void require(Field field);
  void refuse(std::string_view field, std::string why);
  [[nodiscard]] bool has(Field field) const { return (seen_ >> static_cast<unsigned>(field) & 1U) != 0; }

  const WallTime now_;
  const MessageItemLimits limits_;
  std::string place_;
  Message message_;
  std::size_t header_bytes_ = 0;
  std::uint32_t seen_ = 0;  // fields, as bits
  std::vector<FieldError> errors_;
  std::size_t more_errors_ = 0;  // beyond those that are kept
};

}  // namespace waybill::api
