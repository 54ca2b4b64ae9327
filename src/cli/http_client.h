// One HTTP/1.1 request on a connection of its own, with one deadline for all of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace waybill::cli {

struct ServerAddress {
  std::string host;  ///< name or address, IPv6 without brackets
  std::uint16_t port = 0;
};
/// `http://HOST:PORT`, with or without a final slash. Errors: kPermanent, saying what would be right.
[[nodiscard]] Result<ServerAddress> parse_server_url(std::string_view url);

struct HttpRequest {
  std::string method = "GET";
  std::string target = "/";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};
struct HttpReply {
  int status = 0;
  std::string body;
  std::optional<std::chrono::seconds> retry_after = std::nullopt;  ///< as the server asks for it, in seconds
};

/// Waits for the reply. Errors: kRetry (nothing was sent: no such host, refused, too slow to connect), kInDoubt (the
/// request was sent, wholly or in part, and no whole reply came).
[[nodiscard]] Result<HttpReply> exchange(const ServerAddress& server, const HttpRequest& request, Duration timeout);

/// For one segment of a target: everything but unreserved characters as %XX (RFC 3986, 2.3).
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace waybill::cli
