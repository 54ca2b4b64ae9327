// The HTTP/1.1 server: one thread for all connections, each a coroutine. It reads requests within their limits, asks
// the endpoint, and writes the answer when it comes. Pipelined requests of one connection are answered in order, one
// at a time.
//
// What a client does wrong or too slowly is answered 400, 401, 404, 405, 408, 413 or 431, and the connection is closed
// where its next request could not be found any more. A request that ends half way is nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/request_reader.h"
#include "api/router.h"
#include "base/result.h"
#include "base/time.h"

namespace waybill::api {

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< numeric, or `localhost`; one that others can reach needs tokens
  std::uint16_t port = 8420;          ///< 0: any free one
  std::vector<std::string> tokens;    ///< bearer tokens, one of which every request needs; empty: none
  ReaderLimits limits;
  std::size_t bodies_bytes_max = 64U << 20U;            ///< of all requests being read or handled; beyond it 503
  std::size_t connections_max = 4'096;                  ///< beyond it 503
  std::size_t refused_max = 64;                         ///< at once, of those beyond it; further ones wait
  Duration idle_limit = std::chrono::seconds(75);       ///< between requests; then closed
  Duration header_deadline = std::chrono::seconds(10);  ///< from the request's first byte; then 408
  Duration body_deadline = std::chrono::seconds(30);    ///< from the end of the headers; then 408
  Duration request_deadline = std::chrono::seconds(5);  ///< for the endpoint, from the end of the body; then 503
  Duration write_deadline = std::chrono::seconds(30);   ///< for a client to take its answer; then closed
  Duration stop_grace = std::chrono::seconds(6);        ///< for what has begun when stop() is called
};

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
