// `waybill bench mail`: a real server takes mails by HTTP and brings them to a sink by SMTP; beside it, in the same
// run, what else brings mails there.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct MailBenchOptions {
  int mails = 20'000;
  int size = 1'024;            ///< bytes of a mail with its headers
  int connections = 64;        ///< of the client that sends requests, kept alive
  int bulk = 0;                ///< mails in one request to /v1/mails; 0: one mail to /mail/send/v2
  int relay_connections = 64;  ///< of the server to the sink, and its handlers
  int source_connections = 16;
  int curl_connections = 32;                 ///< of the plain loop
  int postfix_mails = 3'000;                 ///< through Postfix; 0: none
  int patience = 60;                         ///< seconds without a mail that arrives
  std::vector<std::string> serve_arguments;  ///< that choose the server's configuration
};

/// One sentence if these do not go together.
[[nodiscard]] Status check(const MailBenchOptions& options);

/// `config` is the server's, with its places in `directory`. Errors: one sentence.
[[nodiscard]] Result<Report> run_mail_bench(const app::Config& config, const std::string& directory,
                                            const MailBenchOptions& options, RunWatch& watch);

}  // namespace waybill::bench
