#include "bench/log_bench.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "app/shared_logs.h"
#include "bench/bare_statements.h"
#include "bench/cost.h"
#include "bench/disk_probe.h"
#include "bench/log_place.h"
#include "bench/usage.h"
#include "bench/verb_life.h"
#include "log/sqlite/sqlite_log.h"

namespace waybill::bench {
namespace {

// Of a kept directory: each run begins with an empty log.
std::string fresh(const std::string& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path + suffix);
  return path;
}

struct Costs {
  Cost bare;
  Cost verbs;
  Cost inserts;
};

Error unfinished(std::int64_t consumed, int messages) {
  return make_error(ErrorClass::kRetry, std::to_string(messages) + " messages went through the log, but " +
                                            std::to_string(consumed) + " rows are consumed");
}

/// A batch of each in turn, so that a disk that others use meanwhile slows all of them alike.
Result<Costs> alternate(BareStatements& bare, VerbLife& verbs, BareStatements& inserts, const LogBenchOptions& options,
                        RunWatch& watch) {
  Costs costs;
  for (std::int64_t first = 0; first < options.messages; first += options.batch) {
    if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    const std::int64_t count = std::min<std::int64_t>(options.batch, options.messages - first);
    bool done = true;
    costs.bare +=
        measured([&] { done = bare.insert(first, count) && bare.claim(first, count) && bare.finish(first, count); });
    if (Status carried = verbs.run(first, count); !carried.ok()) return carried.error();
    costs.inserts += measured([&] { done = inserts.insert(first, count) && done; });
    if (!done) break;  // the counts below say why
    watch.tell("log", first, options.messages);
  }
  costs.verbs = verbs.cost();
  for (const auto& consumed : {bare.consumed(), Result<std::int64_t>(verbs.consumed())}) {
    if (!consumed.ok()) return consumed.error();
    if (*consumed != options.messages) return unfinished(*consumed, options.messages);
  }
  if (const auto inserted = inserts.consumed(); !inserted.ok()) return inserted.error();
  return costs;
}

Result<Costs> run_all(const app::Config& config, const std::string& directory, const LogBenchOptions& options,
                      RunWatch& watch) {
  const SystemWallClock clock;
  const std::string body(static_cast<std::size_t>(options.size), '.');
  auto bare = BareStatements::open(fresh(directory + "/bare.db"), config, body);
  if (!bare.ok()) return bare.error();
  auto inserts = BareStatements::open(fresh(directory + "/inserts.db"), config, body);
  if (!inserts.ok()) return inserts.error();
  auto log = SqliteLog::open({fresh(directory + "/verbs.db"), clock});
  if (!log.ok()) return log.error();
  VerbLife verbs(**log, config, body);
  return alternate(*bare, verbs, *inserts, options, watch);
}

/// A log that others share: its verbs alone, and what its server writes for them.
Result<Report> run_shared(const app::Config& config, const LogBenchOptions& options, RunWatch& watch) {
  auto log = app::kind_of(config.message_log).open(app::shared_log_options(config.message_log));
  if (!log.ok()) return log.error();
  VerbLife verbs(**log, config, std::string(static_cast<std::size_t>(options.size), '.'));
  const WalMeter wal(config);
  const StatementMeter statements(config);
  for (std::int64_t first = 0; first < options.messages; first += options.batch) {
    if (watch.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    const std::int64_t count = std::min<std::int64_t>(options.batch, options.messages - first);
    if (Status carried = verbs.run(first, count); !carried.ok()) return carried.error();
    watch.tell("log", first, options.messages);
  }
  if (verbs.consumed() != options.messages) return unfinished(verbs.consumed(), options.messages);
  const double messages = options.messages;
  Report report;
  report.add("log", kind_of_log(config));
  report.add("messages", std::int64_t{options.messages});
  report.add("size", std::int64_t{options.size});
  report.add("batch", std::int64_t{options.batch});
  report.add("verbs_messages_per_second", messages / verbs.cost().seconds);
  report.add("verbs_cpu_seconds_per_1000", verbs.cost().cpu_seconds / messages * 1'000);
  if (const auto bytes = wal.bytes()) report.add("wal_bytes_per_message", static_cast<double>(*bytes) / messages);
  if (const auto sent = statements.count()) {
    report.add("statements_per_message", static_cast<double>(*sent) / messages);
  }
  report.add("max_rss_mib", peak_rss_mib(::getpid()));
  return report;
}

}  // namespace

Result<Report> run_log_bench(const app::Config& config, const std::string& directory, const LogBenchOptions& options,
                             RunWatch& watch) {
  if (config.message_log.shared()) return run_shared(config, options, watch);
  const auto fdatasync_us = measure_fdatasync_us(directory);
  if (!fdatasync_us.ok()) return fdatasync_us.error();
  const auto costs = run_all(config, directory, options, watch);
  if (!costs.ok()) return costs.error();
  const double messages = options.messages;
  Report report;
  report.add("log", std::string("sqlite"));
  report.add("messages", std::int64_t{options.messages});
  report.add("size", std::int64_t{options.size});
  report.add("batch", std::int64_t{options.batch});
  report.add("messages_per_second", messages / costs->bare.seconds);
  report.add("verbs_messages_per_second", messages / costs->verbs.seconds);
  report.add("verbs_to_bare", costs->bare.seconds / costs->verbs.seconds);
  report.add("insert_messages_per_second", messages / costs->inserts.seconds);
  report.add("cpu_seconds_per_1000", costs->bare.cpu_seconds / messages * 1'000);
  report.add("verbs_cpu_seconds_per_1000", costs->verbs.cpu_seconds / messages * 1'000);
  report.add("max_rss_mib", peak_rss_mib(::getpid()));
  report.add("fdatasync_us", *fdatasync_us);
  return report;
}

}  // namespace waybill::bench
