#include "api/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

namespace waybill::api {
namespace {

std::optional<in_addr> parse_v4(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::optional<in6_addr> parse_v6(const std::string& text) {
  in6_addr address{};
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  return address;
}

}  // namespace

bool is_loopback_address(const std::string& numeric) {
  if (const auto v4 = parse_v4(numeric)) return ntohl(v4->s_addr) >> 24 == 127;
  const auto v6 = parse_v6(numeric);
  if (!v6) return false;
  if (IN6_IS_ADDR_V4MAPPED(&*v6)) return v6->s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&*v6);
}

Result<std::string> check_listen_address(const std::string& address, bool has_tokens) {
  const std::string numeric = address == "localhost" ? "127.0.0.1" : address;
  if (!parse_v4(numeric) && !parse_v6(numeric)) {
    return make_error(ErrorClass::kPermanent,
                      "'" + address + "' in http.listen is not an IP address; 127.0.0.1 is the usual one");
  }
  if (!has_tokens && !is_loopback_address(numeric)) {
    return make_error(ErrorClass::kPermanent,
                      "refusing to listen on " + address +
                          " without tokens, where others can reach it: name a file with one token a line in "
                          "http.token_file, or listen on 127.0.0.1");
  }
  return numeric;
}

Error listen_error(const std::string& address, std::uint16_t port, int error_number) {
  const std::string number = std::to_string(port);
  std::string message;
  if (error_number == EADDRINUSE) {
    message = "port " + number + " on " + address +
              " is in use by another program: stop that one, or set another port in http.listen (0 takes a free one)";
  } else if (error_number == EACCES) {
    message = "not permitted to listen on port " + number + " of " + address +
              ": ports below 1024 need root, set a higher one in http.listen";
  } else {
    message = "cannot listen on port " + number + " of " + address + " (" +
              std::generic_category().message(error_number) + "): set an address of this machine in http.listen";
  }
  return make_error(ErrorClass::kPermanent, message, std::to_string(error_number));
}

}  // namespace waybill::api
