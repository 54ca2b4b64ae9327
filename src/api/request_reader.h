// Reads HTTP/1.x requests from a connection's bytes: knows no sockets and no time. Everything it holds is bounded by
// its limits. One thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "api/http_error.h"
#include "api/http_message.h"

namespace waybill::api {

struct ReaderLimits {
  std::size_t header_bytes = 16U << 10U;  ///< request line and all headers; more is 431
  std::size_t body_bytes = 1U << 20U;     ///< more is 413, as soon as it is known; limit_body() may change it
};

class RequestReader {
 public:
  enum class Step {
    kNeedMore,  ///< read more bytes into prepare(), then commit()
    kHeader,    ///< once a request: request() is complete but for its body
    kComplete,  ///< request() is complete; go on with next()
    kRefused,   ///< not HTTP, or beyond a limit: refusal() says which; what follows cannot be read any more
  };

  explicit RequestReader(const ReaderLimits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Room for the next read; never empty after kNeedMore. Ends with the next call.
  [[nodiscard]] std::span<char> prepare();
  void commit(std::size_t bytes);
  [[nodiscard]] Step advance();
  /// After kHeader: another limit for the body of this request alone.
  void limit_body(std::size_t bytes);
  /// False if the body is announced as larger than it may be: the next step refuses it.
  [[nodiscard]] bool body_may_come() const;
  /// Forgets the request and frees its body; bytes that came after it are kept and are the beginning of the next one.
  void next();

  [[nodiscard]] bool started() const;  ///< some byte of the current request is here
  /// As far as it is known: the path from the request line on, headers from kHeader on, the body from kComplete on.
  [[nodiscard]] HttpRequest& request();
  [[nodiscard]] const HttpError& refusal() const;
  [[nodiscard]] std::size_t body_bytes() const;  ///< of the body, in memory so far
  [[nodiscard]] bool keep_alive() const;         ///< what the client asks for
  [[nodiscard]] bool is_http_1_0() const;        ///< keeping alive must then be announced
  [[nodiscard]] bool expects_continue() const;   ///< and waits for it: no byte of the body is here
  [[nodiscard]] bool complete() const;  ///< the next request can be found: not refused, and nothing left unread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill::api
