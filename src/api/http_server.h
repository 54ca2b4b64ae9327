// The HTTP/1.1 server: one thread for all connections, each a coroutine. It reads requests within their limits, asks
// the endpoint, and writes the answer when it comes. Pipelined requests of one connection are answered in order, one
// at a time.
//
// What a client does wrong or too slowly is answered 400, 401, 404, 405, 408, 413 or 431, and the connection is closed
// where its next request could not be found any more. A request that ends half way is nothing.
#pragma once

#include <cstdint>
#include <memory>

#include "api/http_options.h"
#include "api/router.h"
#include "base/result.h"

namespace waybill::api {

/// Start once; stop any time and twice, from any thread but the server's own.
class HttpServer {
 public:
  HttpServer(HttpOptions options, Router router);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Listens and serves. Errors: kPermanent, one sentence that names the address and what to do.
  [[nodiscard]] Status start();
  /// Valid after start().
  [[nodiscard]] std::uint16_t bound_port() const;
  /// Takes no more connections and requests, lets those that have begun finish within the grace time, then closes
  /// everything. Returns when no endpoint will be called any more; answers that come later are dropped.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace waybill::api
