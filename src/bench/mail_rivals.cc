#include "bench/mail_rivals.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "bench/plain_curl.h"
#include "bench/postfix_relay.h"
#include "bench/smtp_source.h"

namespace waybill::bench {

Status MailRivals::before() {
  if (Status measured = measure_source(); !measured.ok()) return measured;
  return measure_curl();
}

Status MailRivals::after() {
  if (Status measured = measure_source(); !measured.ok()) return measured;
  return options_.postfix_mails > 0 ? measure_postfix() : ok_status();
}

Status MailRivals::measure_source() {
  watch_.tell("smtp-source", 0, options_.mails);
  const auto took =
      run_smtp_source(options_.directory, {sink_.port(), options_.mails, options_.size, options_.connections}, watch_);
  if (!took.ok()) return took.error();
  source_ = std::max(source_, static_cast<double>(options_.mails) / *took);
  return ok_status();
}

Status MailRivals::measure_curl() {
  watch_.tell("a plain loop of libcurl", 0, options_.mails);
  const auto took = run_plain_curl({sink_.port(), options_.curl_connections, options_.mails, options_.content}, watch_);
  if (!took.ok()) return took.error();
  curl_ = static_cast<double>(options_.mails) / *took;
  return ok_status();
}

Status MailRivals::measure_postfix() {
  no_postfix_ = PostfixRelay::obstacle();
  if (!no_postfix_.empty()) return ok_status();
  const std::string directory = options_.directory + "/postfix";
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  // Its own users have to pass through.
  if (error || ::chmod(options_.directory.c_str(), 0711) != 0 || ::chmod(directory.c_str(), 0755) != 0)
    return make_error(ErrorClass::kRetry, "a directory for Postfix cannot be made in " + options_.directory);
  const auto postfix = PostfixRelay::start(directory, sink_.port(), watch_);
  if (!postfix.ok()) return postfix.error();
  const auto before = sink_.mails();
  if (!before.ok()) return before.error();
  const auto begin = std::chrono::steady_clock::now();
  const auto took = run_smtp_source(
      options_.directory, {(*postfix)->port(), options_.postfix_mails, options_.size, options_.connections}, watch_);
  if (!took.ok()) return took.error();
  const auto last = sink_.await(*before + options_.postfix_mails, std::chrono::seconds(options_.patience), watch_);
  if (!last.ok()) return last.error();
  postfix_ = static_cast<double>(options_.postfix_mails) / std::chrono::duration<double>(*last - begin).count();
  return ok_status();
}

void MailRivals::report_on(Report& report, double mails_per_second) const {
  report.add("smtp_source_mails_per_second", source_);
  report.add("ratio_to_smtp_source", mails_per_second / source_);
  report.add("plain_libcurl_mails_per_second", curl_);
  if (postfix_) report.add("postfix_mails_per_second", *postfix_);
  if (!no_postfix_.empty()) report.add("without_postfix", no_postfix_);
}

}  // namespace waybill::bench
