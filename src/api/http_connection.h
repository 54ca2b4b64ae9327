// One connection of the HTTP server: a coroutine on the server's thread, as is everything here. It reads requests
// within their limits, asks the endpoint, and writes the answer when it comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

#include "api/answer_mailbox.h"
#include "api/http_options.h"
#include "api/request_gate.h"
#include "api/response_text.h"
#include "base/time.h"

namespace boost::asio {
class any_io_executor;
template <typename Protocol, typename Executor>
class basic_stream_socket;
namespace ip {
class tcp;
}
}  // namespace boost::asio

namespace waybill::api {

using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::any_io_executor>;

/// What the connections of a server share.
struct HttpShared {
  HttpShared(HttpOptions given, Router router) : options(std::move(given)), gate(std::move(router), options.tokens) {}

  const HttpOptions options;
  const RequestGate gate;
  std::shared_ptr<AnswerMailbox> mailbox;
  std::size_t bodies_bytes = 0;  ///< of all requests being read or handled
  bool draining = false;         ///< no connection takes a further request
  HttpDate date;
};

class HttpConnection {
 public:
  virtual ~HttpConnection() = default;

  /// Once. `ended` is called with what was thrown, if anything was, when no request will follow; it may destroy the
  /// connection.
  virtual void start(std::function<void(const std::exception_ptr&)> ended) = 0;
  /// The answer to the request of this ticket; nothing if that is not awaited any more.
  virtual void deliver(std::uint64_t ticket, HttpResponse response) = 0;
  /// What it is at has lasted too long: a request is answered 408 or 503, else it ends.
  virtual void end_if_due(MonoTime now) = 0;
  /// The server stops: nothing new begins here.
  virtual void end_if_idle() = 0;
  virtual void end_now() = 0;
};

/// `shared` outlives it. One too many is told so at its first request.
[[nodiscard]] std::shared_ptr<HttpConnection> make_http_connection(HttpShared& shared, TcpSocket socket,
                                                                   std::uint64_t id, bool one_too_many);

}  // namespace waybill::api
