// What a TLS connection is checked against, and what it shows of itself.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"

struct ssl_st;
namespace boost::asio::ssl {
class context;
class verify_context;
}  // namespace boost::asio::ssl
namespace boost::system {
class error_code;
}

namespace waybill::rabbitmq {

/// TLS 1.2 or later, the peer's certificate verified. Null for a plain URL. Errors (kPermanent): a file cannot be used.
[[nodiscard]] Result<std::shared_ptr<boost::asio::ssl::context>> make_tls(const RabbitMqOptions& options);

/// What to set as a stream's verify callback: the certificate is checked, and is for `host`. `problem` gets the reason
/// why it is not accepted.
[[nodiscard]] std::function<bool(bool, boost::asio::ssl::verify_context&)> certificate_check(
    const std::string& host, std::shared_ptr<std::string> problem);
/// Says which name is meant, to a server that has several (SNI).
void name_host(ssl_st* stream, const std::string& host);
/// Why a connection ended, if the peer did not like the certificate that we showed, or missed one; else empty.
[[nodiscard]] std::string client_certificate_trouble(const boost::system::error_code& error);

}  // namespace waybill::rabbitmq
