// The properties of a message as a broker sends them. Pure.
//
// Read by hand and not by rabbitmq-c, whose reader recurses into tables as deep as any publisher nested them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "core/message.h"

namespace waybill::rabbitmq {

/// What of a message's properties means something to us.
struct Properties {
  std::string id;  ///< message-id
  std::string content_type;
  /// Values that are no text are written as one; tables and lists are left out, and so are the marks that brokers
  /// leave on what they have dead-lettered or counted (x-death …): they are not the message's.
  Headers headers;
};

struct ContentHeader {
  std::uint64_t body_size = 0;
  Properties properties;
};

/// Reads the payload of a header frame. Errors (kPermanent): it is damaged.
[[nodiscard]] Result<ContentHeader> decode_content_header(std::string_view payload);

}  // namespace waybill::rabbitmq
