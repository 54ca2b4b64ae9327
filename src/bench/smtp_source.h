// Postfix's smtp-source: the load generator that mail is usually measured with. It keeps nothing and waits for nobody.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct SmtpSourceOptions {
  std::uint16_t port = 0;  ///< on this machine
  std::int64_t mails = 0;
  int size = 1'024;      ///< bytes of each, without its headers
  int connections = 16;  ///< each is kept for all its mails
};

/// The seconds that it took from its start to its end. What it says is kept in `directory`. Errors: kPermanent (it is
/// not installed), kRetry, kConflict (interrupted).
[[nodiscard]] Result<double> run_smtp_source(const std::string& directory, const SmtpSourceOptions& options,
                                             RunWatch& watch);

}  // namespace waybill::bench
