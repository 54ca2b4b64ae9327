#include "bench/mail_bench.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <thread>

#include "bench/disk_probe.h"
#include "bench/http_load.h"
#include "bench/log_place.h"
#include "bench/mail_rivals.h"
#include "bench/plain_rabbitmq.h"
#include "bench/sample_mail.h"
#include "bench/server_process.h"
#include "bench/server_requests.h"
#include "bench/smtp_sink.h"
#include "bench/usage.h"

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

constexpr auto kStartMax = 30s;
constexpr auto kStopMax = 60s;
constexpr auto kLook = 20ms;
constexpr Duration kLoadMax = std::chrono::hours(1);

MonoTime now() { return std::chrono::steady_clock::now(); }
double seconds_since(MonoTime begin) { return std::chrono::duration<double>(now() - begin).count(); }

std::string request_of(const MailBenchOptions& options, const SampleMail& mail, const std::string& token) {
  if (options.bulk == 0) {
    const boost::json::object one{{"subject", mail.subject}, {"content", mail.content}, {"tos", mail.to}};
    return post("/mail/send/v2", boost::json::serialize(one), token);
  }
  const boost::json::object one{{"subject", mail.subject}, {"text", mail.content}, {"to", mail.to}};
  const boost::json::array all(static_cast<std::size_t>(options.bulk), one);
  return post("/v1/mails", boost::json::serialize(all), token);
}

/// From the first request until the sink has all that was accepted, and the log knows it.
class MailRun {
 public:
  MailRun(const app::Config& config, const MailBenchOptions& options, SmtpSink& sink, RunWatch& watch)
      : config_(config), options_(options), sink_(sink), watch_(watch) {}

  Status run(const std::string& directory, const SampleMail& mail);
  void report_on(Report& report) const;
  [[nodiscard]] double mails_per_second() const { return static_cast<double>(load_.accepted) / seconds_; }

 private:
  Status start(const std::string& directory);
  Status await_rows();

  const app::Config& config_;
  const MailBenchOptions& options_;
  SmtpSink& sink_;
  RunWatch& watch_;
  std::unique_ptr<ServerProcess> server_;
  HttpLoadResult load_;
  double seconds_ = 0;
  double server_cpu_seconds_ = 0;
  double max_rss_mib_ = 0;
  RowCounts rows_;
  std::int64_t arrived_ = 0;
};

Status MailRun::start(const std::string& directory) {
  if (Status cleared = clear_broker(config_); !cleared.ok()) return cleared;
  ServerOptions server;
  server.places = {directory, config_.message_log.shared() ? config_.message_log.shared_url : "",
                   "smtp://127.0.0.1:" + std::to_string(sink_.port())};
  server.token = token_of(config_);
  server.arguments = options_.serve_arguments;
  const std::string connections = std::to_string(options_.relay_connections);
  for (const char* key : {"mail.smtp.max_connections=", "worker.concurrency=", "worker.max_concurrency="})
    server.arguments.insert(server.arguments.end(), {"--set", key + connections});
  if (config_.mail.allowed_from.empty())
    server.arguments.insert(server.arguments.end(), {"--set", "mail.allowed_from=" + config_.mail.from});
  auto started = ServerProcess::start(server, now() + kStartMax, watch_);
  if (!started.ok()) return started.error();
  server_ = std::move(*started);
  return ok_status();
}

Status MailRun::run(const std::string& directory, const SampleMail& mail) {
  if (Status started = start(directory); !started.ok()) return started;
  const auto before = sink_.mails();
  if (!before.ok()) return before.error();
  const int in_request = std::max(1, options_.bulk);
  HttpLoadOptions load;
  load.port = server_->port();
  load.connections = options_.connections;
  load.warm_up = Duration{0};
  load.measured = kLoadMax;
  load.request = request_of(options_, mail, token_of(config_));
  load.messages = in_request;
  load.requests_max = (options_.mails + in_request - 1) / in_request;
  const MonoTime begin = now();
  const double cpu = cpu_seconds(server_->pid());
  auto loaded = run_http_load(load, watch_);
  if (!loaded.ok()) return loaded.error();
  load_ = std::move(*loaded);
  const Duration patience = std::chrono::seconds(options_.patience);
  const auto last = sink_.await(*before + load_.accepted, patience, watch_);
  if (!last.ok() && last.error().what == ErrorClass::kConflict) return last.error();
  seconds_ = last.ok() ? std::chrono::duration<double>(*last - begin).count() : seconds_since(begin);
  if (Status settled = await_rows(); !settled.ok()) return settled;
  server_cpu_seconds_ = cpu_seconds(server_->pid()) - cpu;
  max_rss_mib_ = peak_rss_mib(server_->pid());
  if (Status stopped = server_->stop(now() + kStopMax); !stopped.ok()) return stopped;
  const auto after = sink_.mails();
  if (!after.ok()) return after.error();
  arrived_ = *after - *before;
  return clear_broker(config_);
}

// What the sink has is recorded a moment later.
Status MailRun::await_rows() {
  const MonoTime deadline = now() + std::chrono::seconds(options_.patience);
  for (;;) {
    auto rows = rows_by_state(*server_, token_of(config_));
    if (!rows.ok()) return rows.error();
    rows_ = std::move(*rows);
    if (rows_["consumed"] >= load_.accepted || now() > deadline) return ok_status();
    if (watch_.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    std::this_thread::sleep_for(kLook);
  }
}

void MailRun::report_on(Report& report) const {
  const auto accepted = static_cast<double>(std::max<std::int64_t>(1, load_.accepted));
  std::map<std::string, std::int64_t> errors;
  for (const auto& [status, count] : load_.errors) errors[status == 0 ? "broken" : std::to_string(status)] = count;
  const std::int64_t lost = std::max<std::int64_t>(0, load_.accepted - arrived_);
  const std::int64_t duplicates = std::max<std::int64_t>(0, arrived_ - load_.accepted - load_.in_doubt);
  report.add("mails", load_.accepted);
  report.add("seconds", seconds_);
  report.add("mails_per_second", mails_per_second());
  report.add("accepted_per_second", static_cast<double>(load_.messages) / std::max(1e-9, load_.seconds));
  report.add("accept_ms", load_.latency_ms);
  report.add("errors", errors);
  report.add("server_cpu_us_per_mail", server_cpu_seconds_ / accepted * 1e6);
  report.add("client_cpu_us_per_mail", load_.client_cpu_seconds / accepted * 1e6);
  report.add("server_max_rss_mib", max_rss_mib_);
  report.add("arrived", arrived_);
  report.add("in_doubt", load_.in_doubt);
  report.add("lost", lost);
  report.add("duplicates", duplicates);
  report.add("rows", rows_);
  if (lost > 0) report.add_problem(std::to_string(lost) + " accepted mails did not arrive");
  if (duplicates > 0) report.add_problem(std::to_string(duplicates) + " mails arrived more than once");
  const auto consumed = rows_.find("consumed");
  if (consumed == rows_.end() || consumed->second < load_.accepted)
    report.add_problem("the log does not know of every mail that it was delivered");
}

}  // namespace

Status check(const MailBenchOptions& options) {
  constexpr int kBulkMax = 500;
  if (options.bulk <= kBulkMax) return ok_status();
  return make_error(ErrorClass::kPermanent, "--bulk takes at most 500 mails, as /v1/mails does");
}

Result<Report> run_mail_bench(const app::Config& config, const std::string& directory, const MailBenchOptions& options,
                              RunWatch& watch) {
  if (Status fit = check(options); !fit.ok()) return fit.error();
  const auto fdatasync_us = measure_fdatasync_us(directory);
  if (!fdatasync_us.ok()) return fdatasync_us.error();
  const auto mail = sample_mail(options.size, config.mail.from);
  if (!mail.ok()) return mail.error();
  auto sink = SmtpSink::start(directory, watch);
  if (!sink.ok()) return sink.error();
  MailRivals rivals({directory, mail->bytes, options.mails, options.size, options.source_connections,
                     options.curl_connections, options.postfix_mails, options.patience},
                    **sink, watch);
  if (Status measured = rivals.before(); !measured.ok()) return measured.error();
  MailRun run(config, options, **sink, watch);
  if (Status done = run.run(directory, *mail); !done.ok()) return done.error();
  if (Status measured = rivals.after(); !measured.ok()) return measured.error();
  Report report;
  report.add("log", kind_of_log(config));
  report.add("broker", config.broker.in_process() ? std::string("inprocess") : std::string("rabbitmq"));
  report.add("mail_bytes", static_cast<std::int64_t>(mail->bytes.size()));
  report.add("connections", std::int64_t{options.connections});
  if (options.bulk > 0) report.add("bulk", std::int64_t{options.bulk});
  run.report_on(report);
  rivals.report_on(report, run.mails_per_second());
  report.add("fdatasync_us", *fdatasync_us);
  return report;
}

}  // namespace waybill::bench
