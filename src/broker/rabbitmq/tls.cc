#include "broker/rabbitmq/tls.h"

#include <boost/asio/ssl/context.hpp>

namespace waybill::rabbitmq {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

Result<std::shared_ptr<ssl::context>> make_tls(const RabbitMqOptions& options) {
  if (!options.url.tls) return std::shared_ptr<ssl::context>();
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 | ssl::context::no_sslv3 |
                       ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  context->set_verify_mode(ssl::verify_peer);
  error_code error;
  const auto refuse = [&](const std::string& file, const char* what) {
    return make_error(ErrorClass::kPermanent,
                      file + " cannot be used as " + what + " (PEM is wanted): " + error.message());
  };
  const RabbitMqTls& tls = options.tls;
  if (tls.ca_file.empty()) {
    context->set_default_verify_paths(error);
    if (error) return refuse("the system's own certificates", "authorities");
  } else {
    context->load_verify_file(tls.ca_file, error);
    if (error) return refuse(tls.ca_file, "certificates of authorities");
  }
  if (tls.cert_file.empty()) return context;
  context->use_certificate_chain_file(tls.cert_file, error);
  if (error) return refuse(tls.cert_file, "the client's certificate");
  const std::string& key = tls.key_file.empty() ? tls.cert_file : tls.key_file;
  context->use_private_key_file(key, ssl::context::pem, error);
  if (error) return refuse(key, "the client's private key");
  return context;
}

}  // namespace waybill::rabbitmq
