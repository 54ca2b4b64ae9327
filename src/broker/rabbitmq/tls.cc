#include "broker/rabbitmq/tls.h"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/system/error_code.hpp>

#include <utility>

namespace waybill::rabbitmq {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

namespace {

/// Alerts of a peer (RFC 8446, section 6), as OpenSSL numbers them.
enum class Alert : int {
  kBadCertificate = 1042,
  kUnsupportedCertificate = 1043,
  kCertificateRevoked = 1044,
  kCertificateExpired = 1045,
  kCertificateUnknown = 1046,
  kUnknownAuthority = 1048,
  kAccessDenied = 1049,
  kCertificateRequired = 1116,
};

}  // namespace

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

std::function<bool(bool, ssl::verify_context&)> certificate_check(const std::string& host,
                                                                  std::shared_ptr<std::string> problem) {
  return [host, problem = std::move(problem), verify = ssl::host_name_verification(host)](
             bool fine, ssl::verify_context& context) {
    const int code = X509_STORE_CTX_get_error(context.native_handle());
    if (!fine) *problem = X509_verify_cert_error_string(code);
    const bool accepted = verify(fine, context);
    if (fine && !accepted) *problem = "it is not for host '" + host + "'";
    return accepted;
  };
}

void name_host(ssl_st* stream, const std::string& host) {
  error_code literal;
  asio::ip::make_address(host, literal);
  // Names only: addresses have no place in SNI (RFC 6066).
  if (literal) SSL_set_tlsext_host_name(stream, host.c_str());
}

std::string client_certificate_trouble(const error_code& error) {
  if (error.category() != asio::error::get_ssl_category()) return {};
  switch (static_cast<Alert>(ERR_GET_REASON(static_cast<unsigned long>(error.value())))) {
    case Alert::kBadCertificate:
    case Alert::kUnsupportedCertificate:
    case Alert::kCertificateRevoked:
    case Alert::kCertificateExpired:
    case Alert::kCertificateUnknown:
    case Alert::kUnknownAuthority:
    case Alert::kAccessDenied:
      return "it refuses the client's certificate, broker.tls_cert: " + error.message();
    case Alert::kCertificateRequired:
      return "it wants a certificate of the client: set broker.tls_cert and broker.tls_key";
  }
  return {};
}

}  // namespace waybill::rabbitmq
