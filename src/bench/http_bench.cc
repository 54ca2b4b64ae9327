#include "bench/http_bench.h"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <thread>

#include "bench/disk_probe.h"
#include "bench/http_load.h"
#include "bench/server_process.h"
#include "bench/server_requests.h"
#include "bench/usage.h"

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

constexpr auto kStartMax = 30s;
constexpr auto kStopMax = 60s;
constexpr Duration kWarmUpMax{1'000};
constexpr auto kDrainLook = 200ms;

MonoTime now() { return std::chrono::steady_clock::now(); }

boost::json::object sample_mail(int content_size) {
  const std::string content =
      content_size == 0 ? "Hello, world." : std::string(static_cast<std::size_t>(content_size), '.');
  return {{"subject", "Greetings"}, {"content", content}, {"tos", "someone@example.org"}};
}

std::string request_of(const HttpBenchOptions& options, const app::Config& config) {
  if (options.bulk == 0) {
    return post("/mail/send/v2", boost::json::serialize(sample_mail(options.size)), token_of(config));
  }
  const boost::json::object message{{"exchange", config.mail.route.exchange},
                                    {"routing_key", config.mail.route.routing_key},
                                    {"body", sample_mail(options.size)}};
  const boost::json::array messages(static_cast<std::size_t>(options.bulk), message);
  return post("/v1/messages", boost::json::serialize(messages), token_of(config));
}

bool delivers(const std::string& roles) { return roles.empty() || roles.find("worker") != std::string::npos; }

/// One load on one server, and what became of its messages.
class HttpRun {
 public:
  HttpRun(const app::Config& config, const HttpBenchOptions& options, RunWatch& watch)
      : config_(config), options_(options), watch_(watch) {}

  Status run(const std::string& directory);
  void report_on(Report& report) const;

 private:
  Status load();
  Status drain();
  Result<RowCounts> new_rows();

  const app::Config& config_;
  const HttpBenchOptions& options_;
  RunWatch& watch_;
  std::unique_ptr<ServerProcess> server_;
  HttpLoadResult load_;
  double server_cpu_seconds_ = 0;
  double load_rss_mib_ = 0;
  double peak_rss_mib_ = 0;
  // Rows by state; those of earlier runs in a kept directory are taken off.
  RowCounts rows_before_;
  RowCounts rows_after_load_;
  RowCounts rows_;
  double drain_seconds_ = 0;
};

Status HttpRun::run(const std::string& directory) {
  ServerOptions server;
  server.places = {directory, "", ""};
  server.arguments = options_.serve_arguments;
  server.token = token_of(config_);
  if (!options_.roles.empty()) server.arguments.insert(server.arguments.end(), {"--roles", options_.roles});
  auto started = ServerProcess::start(server, now() + kStartMax, watch_);
  if (!started.ok()) return started.error();
  server_ = std::move(*started);
  if (Status loaded = load(); !loaded.ok()) return loaded;
  if (Status drained = drain(); !drained.ok()) return drained;
  peak_rss_mib_ = peak_rss_mib(server_->pid());
  return server_->stop(now() + kStopMax);
}

Result<RowCounts> HttpRun::new_rows() {
  auto rows = rows_by_state(*server_, token_of(config_));
  if (!rows.ok()) return rows.error();
  for (auto& [state, count] : *rows) count -= rows_before_[state];
  return rows;
}

Status HttpRun::load() {
  auto before = new_rows();
  if (!before.ok()) return before.error();
  rows_before_ = std::move(*before);
  double cpu = 0;
  HttpLoadOptions load;
  load.port = server_->port();
  load.connections = options_.connections;
  load.measured = std::chrono::seconds(options_.seconds);
  load.warm_up = std::min<Duration>(kWarmUpMax, load.measured / 5);
  load.request = request_of(options_, config_);
  load.messages = std::max(1, options_.bulk);
  load.on_begin = [&] { cpu = cpu_seconds(server_->pid()); };
  load.on_end = [&] { server_cpu_seconds_ = cpu_seconds(server_->pid()) - cpu; };
  auto loaded = run_http_load(load, watch_);
  if (!loaded.ok()) return loaded.error();
  load_ = std::move(*loaded);
  load_rss_mib_ = peak_rss_mib(server_->pid());
  auto rows = new_rows();
  if (!rows.ok()) return rows.error();
  rows_after_load_ = rows_ = std::move(*rows);
  return ok_status();
}

Status HttpRun::drain() {
  if (!delivers(options_.roles) || options_.drain == 0) return ok_status();
  const MonoTime begin = now();
  while (rows_["consumed"] < sum_of(rows_) && now() - begin < std::chrono::seconds(options_.drain)) {
    if (watch_.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    if (!server_->running()) return make_error(ErrorClass::kRetry, "the server ended while it delivered");
    std::this_thread::sleep_for(kDrainLook);
    auto rows = new_rows();
    if (!rows.ok()) return rows.error();
    rows_ = std::move(*rows);
    drain_seconds_ = std::chrono::duration<double>(now() - begin).count();
    watch_.tell("http: delivered", rows_["consumed"], sum_of(rows_));
  }
  return ok_status();
}

void HttpRun::report_on(Report& report) const {
  const auto requests = static_cast<double>(std::max<std::int64_t>(1, load_.requests));
  const auto messages = static_cast<double>(std::max<std::int64_t>(1, load_.messages));
  const double seconds = std::max(1e-9, load_.seconds);
  std::map<std::string, std::int64_t> errors;
  for (const auto& [status, count] : load_.errors) errors[status == 0 ? "broken" : std::to_string(status)] = count;
  const std::int64_t rows = sum_of(rows_);
  report.add("seconds", load_.seconds);
  report.add("requests_per_second", static_cast<double>(load_.requests) / seconds);
  report.add("messages_per_second", static_cast<double>(load_.messages) / seconds);
  report.add("latency_ms", load_.latency_ms);
  report.add("errors", errors);
  report.add("server_cpu_seconds_per_1000", server_cpu_seconds_ / messages * 1'000);
  report.add("client_cpu_seconds_per_1000", load_.client_cpu_seconds / messages * 1'000);
  report.add("client_cpu_us_per_request", load_.client_cpu_seconds / requests * 1e6);
  report.add("server_max_rss_mib", peak_rss_mib_);
  report.add("accepted", load_.accepted);
  report.add("in_doubt", load_.in_doubt);
  report.add("rows", rows);
  report.add("lost", std::max<std::int64_t>(0, load_.accepted - rows));
  report.add("duplicates", std::max<std::int64_t>(0, rows - load_.accepted - load_.in_doubt));
  if (load_.accepted > rows) {
    report.add_problem(std::to_string(load_.accepted) + " messages were accepted, but the log has " +
                       std::to_string(rows) + " rows");
  }
  if (rows > load_.accepted + load_.in_doubt) {
    report.add_problem("the log has " + std::to_string(rows) + " rows, but only " + std::to_string(load_.accepted) +
                       " messages were accepted");
  }
  if (!delivers(options_.roles)) return;
  const std::int64_t delivered = rows_.at("consumed");
  const std::int64_t during = rows_after_load_.at("consumed");
  report.add("delivered", delivered);
  report.add("backlog_after_load", rows - during);
  report.add("rss_after_load_mib", load_rss_mib_);
  report.add("drain_seconds", drain_seconds_);
  if (drain_seconds_ > 0) report.add("drained_per_second", static_cast<double>(delivered - during) / drain_seconds_);
  if (options_.drain > 0 && delivered < rows) {
    report.add_problem(std::to_string(rows - delivered) + " messages were not delivered in time");
  }
}

}  // namespace

Status check(const HttpBenchOptions& options) {
  // A request must stay below the server's limit, and one answer tells at most so many messages.
  constexpr int kBulkMax = 1'000;
  if (options.bulk <= kBulkMax) return ok_status();
  return make_error(ErrorClass::kPermanent, "--bulk takes at most 1000 messages, as /v1/messages does");
}

Result<Report> run_http_bench(const app::Config& config, const std::string& directory, const HttpBenchOptions& options,
                              RunWatch& watch) {
  if (Status fit = check(options); !fit.ok()) return fit.error();
  const auto fdatasync_us = measure_fdatasync_us(directory);
  if (!fdatasync_us.ok()) return fdatasync_us.error();
  HttpRun run(config, options, watch);
  if (Status done = run.run(directory); !done.ok()) return done.error();
  Report report;
  report.add("connections", std::int64_t{options.connections});
  report.add("roles", options.roles.empty() ? std::string("all") : options.roles);
  if (options.bulk > 0) report.add("bulk", std::int64_t{options.bulk});
  run.report_on(report);
  report.add("fdatasync_us", *fdatasync_us);
  return report;
}

}  // namespace waybill::bench
