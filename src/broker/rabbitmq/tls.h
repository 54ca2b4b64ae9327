// What a TLS connection is checked against, and what it shows of itself.
#pragma once

#include <memory>

#include "base/result.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"

namespace boost::asio::ssl {
class context;
}

namespace waybill::rabbitmq {

/// TLS 1.2 or later, the peer's certificate verified. Null for a plain URL. Errors (kPermanent): a file cannot be used.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> make_tls(const RabbitMqOptions& options);

}  // namespace waybill::rabbitmq
