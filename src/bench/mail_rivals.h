// What else brings mails to the same sink, in the same run: smtp-source, a plain loop of libcurl, and Postfix.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"
#include "bench/smtp_sink.h"

namespace waybill::bench {

struct MailRivalsOptions {
  std::string directory;
  std::string content;  ///< of a mail, as it travels
  std::int64_t mails = 0;
  int size = 0;
  int connections = 0;       ///< of smtp-source
  int curl_connections = 0;  ///< of the plain loop
  std::int64_t postfix_mails = 0;
  int patience = 0;  ///< seconds without a mail that arrives
};

/// One thread. Errors of its methods: kRetry, kPermanent (something is not installed), kConflict (interrupted).
class MailRivals {
 public:
  MailRivals(MailRivalsOptions options, SmtpSink& sink, RunWatch& watch)
      : options_(std::move(options)), sink_(sink), watch_(watch) {}

  /// Of smtp-source, which is measured before and after, the better counts: a machine is slower in some minutes.
  [[nodiscard]] Status before();
  [[nodiscard]] Status after();
  void report_on(Report& report, double mails_per_second) const;

 private:
  Status measure_source();
  Status measure_curl();
  Status measure_postfix();

  const MailRivalsOptions options_;
  SmtpSink& sink_;
  RunWatch& watch_;
  double source_ = 0;  // mails a second
  double curl_ = 0;
  std::optional<double> postfix_;
  std::string no_postfix_;
};

}  // namespace waybill::bench
