// One question to the HTTP interface of RabbitMQ's management plugin.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"

namespace waybill::rabbitmq {

struct ManagementPlace {
  bool tls = false;
  std::string host;
  std::uint16_t port = 0;
  std::string path;  ///< before `/api`; without a slash at its end
  std::string user;
  std::string password;
};

/// `http://[USER:PASSWORD@]HOST[:PORT][/PATH]`, `https://…`; without a user that of the broker's URL is taken. Errors
/// (kPermanent): one sentence, without the password.
[[nodiscard]] Result<ManagementPlace> parse_management_url(std::string_view url, const RabbitMqUrl& broker);

/// RFC 4648, with padding.
[[nodiscard]] std::string base64(std::string_view bytes);
/// Of a `Date` header: `Sun, 06 Nov 1994 08:49:37 GMT`. Nothing if it is none.
[[nodiscard]] std::optional<WallTime> parse_http_date(const std::string& text);

struct ManagementPage {
  int status = 0;
  std::string body;
  std::optional<WallTime> date;  ///< the broker's clock, by the second
};

/// GET of `target`, which begins with `/api`. Certificates are checked as those of the broker. Waits no longer than
/// `options.answer_deadline`. Errors: kRetry (nobody answers), kPermanent (certificates), one sentence.
[[nodiscard]] Result<ManagementPage> get_management(const ManagementPlace& place, const RabbitMqOptions& options,
                                                    const std::string& target);

}  // namespace waybill::rabbitmq
