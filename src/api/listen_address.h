// Where a server may listen. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace waybill::api {

/// The numeric form of an address (`localhost` is 127.0.0.1). Errors: kPermanent, if it is no IP address, or one that
/// others can reach while no token protects it.
[[nodiscard]] Result<std::string> check_listen_address(const std::string& address, bool has_tokens);

/// True for the addresses that only this machine can reach.
[[nodiscard]] bool is_loopback_address(const std::string& numeric);

/// What to tell whoever asked for an address and port that cannot be had.
[[nodiscard]] Error listen_error(const std::string& address, std::uint16_t port, int error_number);

}  // namespace waybill::api
