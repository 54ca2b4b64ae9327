#include "broker/rabbitmq/management_http.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <algorithm>
#include <ctime>
#include <exception>
#include <memory>
#include <utility>

#include "broker/rabbitmq/tls.h"

namespace waybill::rabbitmq {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kPageMax = 8U << 20U;
constexpr std::uint16_t kPort = 15'672;
constexpr std::uint16_t kTlsPort = 15'671;

template <class Stream>
asio::awaitable<ManagementPage> ask(Stream& stream, const ManagementPlace& place, const std::string& target) {
  http::request<http::empty_body> request(http::verb::get, place.path + target, 11);
  request.set(http::field::host, RabbitMqAddress{place.host, place.port}.text());
  request.set(http::field::user_agent, "waybill");
  request.set(http::field::connection, "close");
  request.set(http::field::authorization, "Basic " + base64(place.user + ":" + place.password));
  co_await http::async_write(stream, request, asio::use_awaitable);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kPageMax);
  co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
  auto& answer = parser.get();
  const std::string date(answer[http::field::date]);
  co_return ManagementPage{static_cast<int>(answer.result_int()), std::move(answer.body()), parse_http_date(date)};
}

asio::awaitable<ManagementPage> talk(const ManagementPlace& place, asio::ssl::context* tls, std::string target,
                                     std::shared_ptr<std::string> tls_problem) {
  asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
  const auto found = co_await resolver.async_resolve(place.host, std::to_string(place.port), asio::use_awaitable);
  beast::tcp_stream stream(co_await asio::this_coro::executor);
  co_await stream.async_connect(found, asio::use_awaitable);
  if (tls == nullptr) co_return co_await ask(stream, place, target);
  asio::ssl::stream<beast::tcp_stream&> secure(stream, *tls);
  name_host(secure.native_handle(), place.host);
  secure.set_verify_callback(certificate_check(place.host, std::move(tls_problem)));
  co_await secure.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  co_return co_await ask(secure, place, target);
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8U | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k <= bytes.size() ? kDigits[bits >> (18U - 6U * k) & 63U] : '=';
    }
  }
  return text;
}

std::optional<WallTime> parse_http_date(const std::string& text) {
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return WallTime{std::chrono::seconds(::timegm(&parts))};
}

Result<ManagementPlace> parse_management_url(std::string_view url, const RabbitMqUrl& broker) {
  ManagementPlace place;
  const Error malformed =
      make_error(ErrorClass::kPermanent, "broker.management_url is not http://USER:PASSWORD@HOST:PORT or https://…");
  place.tls = url.starts_with("https://");
  if (!place.tls && !url.starts_with("http://")) return malformed;
  url.remove_prefix(url.find("//") + 2);
  const auto slash = std::min(url.find('/'), url.size());
  const std::string_view authority = url.substr(0, slash);
  place.path = url.substr(slash);
  while (place.path.ends_with('/')) place.path.pop_back();
  const auto at = authority.rfind('@');
  const std::string_view host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  const bool has_port = host.rfind(':') != std::string_view::npos && !host.ends_with(']');
  // The same grammar, up to here.
  const auto parsed = parse_rabbitmq_url("amqp://" + std::string(authority));
  if (!parsed.ok() || parsed->addresses.size() != 1) return malformed;
  place.host = parsed->addresses[0].host;
  place.port = has_port ? parsed->addresses[0].port : place.tls ? kTlsPort : kPort;
  const RabbitMqUrl& login = at == std::string_view::npos ? broker : *parsed;
  place.user = login.user;
  place.password = login.password;
  return place;
}

Result<ManagementPage> get_management(const ManagementPlace& place, const RabbitMqOptions& options,
                                      const std::string& target) {
  RabbitMqOptions own = options;
  own.url.tls = place.tls;
  const auto tls = make_tls(own);
  if (!tls.ok()) return tls.error();
  const std::string where = "the management interface at " + RabbitMqAddress{place.host, place.port}.text();
  const auto tls_problem = std::make_shared<std::string>();
  asio::io_context io;
  std::exception_ptr failure;
  std::optional<ManagementPage> page;
  asio::co_spawn(io, talk(place, tls->get(), target, tls_problem), [&](std::exception_ptr error, ManagementPage got) {
    failure = std::move(error);
    page = std::move(got);
  });
  io.run_for(options.answer_deadline);
  if (!page) return make_error(ErrorClass::kRetry, where + " does not answer in time");
  if (!failure) return std::move(*page);
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    if (!tls_problem->empty()) {
      return make_error(ErrorClass::kPermanent,
                        where + " cannot be asked: its certificate is refused: " + *tls_problem);
    }
    return make_error(ErrorClass::kRetry, where + " cannot be asked: " + error.code().message());
  }
}

}  // namespace waybill::rabbitmq
