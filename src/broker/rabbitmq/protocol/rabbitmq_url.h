// Where a RabbitMQ is, as a URL says it. Values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waybill {

struct RabbitMqAddress {
  std::string host;
  std::uint16_t port = 0;
  /// `127.0.0.1:5672`, `[::1]:5672`
  [[nodiscard]] std::string text() const;
  bool operator==(const RabbitMqAddress&) const = default;
};

/// What a broker's URL says.
struct RabbitMqUrl {
  bool tls = false;
  std::string user = "guest";
  std::string password = "guest";
  std::vector<RabbitMqAddress> addresses;  ///< at least one; tried in turn
  std::string vhost = "/";
};

/// `amqp://[USER[:PASSWORD]@]HOST[:PORT][,HOST[:PORT]…][/VHOST]`, `amqps://…`; user, password and vhost in percent
/// encoding, an IPv6 address in brackets. Errors (kPermanent): one sentence, without the password.
[[nodiscard]] Result<RabbitMqUrl> parse_rabbitmq_url(std::string_view url);
/// The URL as it may be shown: without its password.
[[nodiscard]] std::string mask_password(std::string_view url);

}  // namespace waybill
