// `waybill bench mail --client-only`: our SMTP client alone, with a mail that is made already, beside smtp-source.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct SmtpClientOptions {
  std::int64_t mails = 20'000;
  int size = 1'024;      ///< bytes of a mail with its headers
  int connections = 16;  ///< of both clients
  int rounds = 3;        ///< of both in turn; the better of each counts
};

/// Works in `directory`. Errors: one sentence.
[[nodiscard]] Result<Report> run_smtp_client_bench(const std::string& from, const std::string& directory,
                                                   const SmtpClientOptions& options, RunWatch& watch);

}  // namespace waybill::bench
