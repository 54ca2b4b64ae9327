// How the HTTP server listens, and the limits of its connections.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/request_reader.h"
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

}  // namespace waybill::api
