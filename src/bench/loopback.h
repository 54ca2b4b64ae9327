// Sockets to a server on this machine.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "mail/posix_file.h"

namespace waybill::bench {

/// A connected socket to 127.0.0.1 that never waits, with TCP_NODELAY. Errors: kRetry.
[[nodiscard]] Result<FileDescriptor> connect_to(std::uint16_t port);

/// A port that nobody listens on now. Errors: kRetry.
[[nodiscard]] Result<std::uint16_t> free_port();

/// One GET on a connection of its own; the body of a 200. Errors: kRetry (no answer by the deadline, or another
/// status, which the sentence tells).
[[nodiscard]] Result<std::string> http_get(std::uint16_t port, const std::string& target, const std::string& token,
                                           MonoTime deadline);

/// `Authorization: Bearer …` with its line end; nothing without a token.
[[nodiscard]] std::string authorization(const std::string& token);

}  // namespace waybill::bench
