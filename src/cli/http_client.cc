#include "cli/http_client.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include <charconv>
#include <exception>

namespace waybill::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kReplyBytesMax = 64U << 20U;

std::string url_of(const ServerAddress& server) {
  const bool v6 = server.host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + server.host + "]" : server.host) + ":" + std::to_string(server.port);
}

http::request<http::string_body> to_beast(const ServerAddress& server, const HttpRequest& request) {
  http::request<http::string_body> message;
  message.version(11);
  message.method_string(request.method);
  message.target(request.target);
  message.set(http::field::host, url_of(server).substr(std::string_view("http://").size()));
  message.set(http::field::user_agent, "waybill-cli");
  message.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers) message.set(name, value);
  message.body() = request.body;
  message.prepare_payload();
  return message;
}

// A date is as good as nothing: our server writes seconds.
std::optional<std::chrono::seconds> parse_seconds(beast::string_view text) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(seconds);
}

struct Progress {
  bool sending = false;
};

asio::awaitable<HttpReply> talk(const ServerAddress& server, const HttpRequest& request, Progress& progress,
                                beast::tcp_stream& stream) {
  asio::ip::tcp::resolver resolver(co_await asio::this_coro::executor);
  const auto endpoints = co_await resolver.async_resolve(server.host, std::to_string(server.port), asio::use_awaitable);
  co_await stream.async_connect(endpoints, asio::use_awaitable);
  progress.sending = true;
  auto message = to_beast(server, request);
  boost::system::error_code write_error;
  co_await http::async_write(stream, message, asio::redirect_error(asio::use_awaitable, write_error));
  // A server that refuses a large body answers before it has read it all; its answer says more than a broken pipe.
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kReplyBytesMax);
  co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
  const auto retry_after = parse_seconds(parser.get()[http::field::retry_after]);
  co_return HttpReply{static_cast<int>(parser.get().result_int()), std::move(parser.get().body()), retry_after};
}

Error to_error(const ServerAddress& server, const Progress& progress, const std::string& reason) {
  if (!progress.sending) {
    return make_error(ErrorClass::kRetry, "no server answers at " + url_of(server) + " (" + reason +
                                              "); start one with `waybill serve`, or name it with --server");
  }
  return make_error(ErrorClass::kInDoubt,
                    "the server at " + url_of(server) + " took the request but did not answer it (" + reason + ")");
}

}  // namespace

Result<ServerAddress> parse_server_url(std::string_view url) {
  const Error malformed = make_error(ErrorClass::kPermanent, "'" + std::string(url) +
                                                                 "' is not the address of a server; write for example "
                                                                 "http://127.0.0.1:8420");
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return malformed;
  std::string_view authority = url.substr(kScheme.size());
  if (authority.ends_with('/')) authority.remove_suffix(1);
  const auto colon = authority.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return malformed;
  std::string_view host = authority.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":[]/@?#") != std::string_view::npos) {
    return malformed;
  }
  const auto digits = authority.substr(colon + 1);
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || port == 0) return malformed;
  return ServerAddress{std::string(host), port};
}

Result<HttpReply> exchange(const ServerAddress& server, const HttpRequest& request, Duration timeout) {
  asio::io_context io;
  beast::tcp_stream stream(io);
  Progress progress;
  std::exception_ptr failure;
  HttpReply reply;
  bool finished = false;
  asio::co_spawn(io, talk(server, request, progress, stream), [&](std::exception_ptr error, HttpReply got) {
    failure = error;
    reply = std::move(got);
    finished = true;
  });
  io.run_for(timeout);
  if (!finished) {
    return to_error(server, progress, "no answer within " + std::to_string(timeout.count()) + " ms");
  }
  if (!failure) return reply;
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& error) {
    return to_error(server, progress, error.code().message());
  }
}

std::string percent_encode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                            c == '.' || c == '_' || c == '~';
    if (unreserved) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += {'%', kDigits[byte >> 4U], kDigits[byte & 15U]};
    }
  }
  return encoded;
}

}  // namespace waybill::cli
