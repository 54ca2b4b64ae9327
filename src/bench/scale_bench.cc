#include "bench/scale_bench.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "app/shared_logs.h"
#include "bench/log_place.h"
#include "bench/verb_life.h"
#include "log/scale_aid.h"

namespace waybill::bench {
namespace {

// So few in a turn that a disk that others use slows both logs alike.
constexpr std::int64_t kTurn = 20;
constexpr std::int64_t kWarmUp = 200;
// A session tells what it has read with the first statement that ends a second after it told the last time.
constexpr std::chrono::milliseconds kCountsLag{1'500};

Error interrupted() { return make_error(ErrorClass::kConflict, "interrupted"); }

/// One log, and the messages that are carried over it.
class Side {
 public:
  static Result<std::unique_ptr<Side>> open(const app::Config& config, const SharedLogOptions& options, int size) {
    auto side = std::make_unique<Side>(config, options);
    auto log = app::kind_of(config.message_log).open(options);
    if (!log.ok()) return log.error();
    auto aid = app::kind_of(config.message_log).scale_aid(options);
    if (!aid.ok()) return aid.error();
    side->log_ = std::move(*log);
    side->aid_ = std::move(*aid);
    side->life_ = std::make_unique<VerbLife>(*side->log_, config, std::string(static_cast<std::size_t>(size), '.'));
    return side;
  }
  Side(const app::Config& config, SharedLogOptions options) : config_(config), options_(std::move(options)) {}

  Status carry(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      if (Status carried = life_->run(carried_, 1); !carried.ok()) return carried;
      ++carried_;
    }
    return ok_status();
  }
  VerbLife::Times take_times() { return life_->take_times(); }
  /// What was carried before is not measured.
  void begin_to_measure() {
    static_cast<void>(life_->take_times());
    warm_ = carried_;
    read_ = aid_->rows_read();
  }
  [[nodiscard]] std::int64_t measured() const { return carried_ - warm_; }
  /// Of this log alone, for each message that was measured.
  std::optional<double> rows_read() {
    const auto read = aid_->rows_read();
    if (!read || !read_ || measured() == 0) return std::nullopt;
    return static_cast<double>(*read - *read_) / static_cast<double>(measured());
  }
  /// Sessions that have ended have told all.
  void close_log() {
    life_.reset();
    log_.reset();
  }
  Result<LogStats> stats() {
    auto reader = app::kind_of(config_.message_log).open_reader(options_);
    if (!reader.ok()) return reader.error();
    return (*reader)->stats();
  }
  ScaleAid& aid() { return *aid_; }
  [[nodiscard]] std::int64_t carried() const { return carried_; }

 private:
  const app::Config& config_;
  const SharedLogOptions options_;
  std::unique_ptr<SharedLog> log_;
  std::unique_ptr<ScaleAid> aid_;
  std::unique_ptr<VerbLife> life_;
  std::optional<std::int64_t> read_;
  std::int64_t carried_ = 0;
  std::int64_t warm_ = 0;
};

class ScaleRun {
 public:
  ScaleRun(const app::Config& config, const ScaleOptions& options, RunWatch& watch)
      : config_(config), options_(options), watch_(watch) {}

  Status run();
  void report_on(Report& report);

 private:
  Status open();
  Status fill(bool open, std::int64_t count);
  template <class More>
  Status alternate(const More& more);
  void measure_reads();
  Status check_rows();
  void add_times(Report& report, const std::string& prefix, VerbLife::Times& empty, VerbLife::Times& full);

  const app::Config& config_;
  const ScaleOptions& options_;
  RunWatch& watch_;
  std::unique_ptr<OwnDatabase> database_;
  std::unique_ptr<Side> empty_;
  std::unique_ptr<Side> full_;
  VerbLife::Times empty_times_;
  VerbLife::Times full_times_;
  VerbLife::Times empty_held_;
  VerbLife::Times full_held_;
  std::optional<double> empty_reads_;
  std::optional<double> full_reads_;
  std::vector<std::string> problems_;
};

Status ScaleRun::open() {
  SharedLogOptions options = app::shared_log_options(config_.message_log);
  auto full = Side::open(config_, options, options_.size);
  if (!full.ok()) return full.error();
  full_ = std::move(*full);
  auto database = app::kind_of(config_.message_log).make_database(options, "waybill_bench");
  if (!database.ok()) return database.error();
  database_ = std::move(*database);
  options.url = database_->url();
  auto empty = Side::open(config_, options, options_.size);
  if (!empty.ok()) return empty.error();
  empty_ = std::move(*empty);
  return ok_status();
}

Status ScaleRun::fill(bool open, std::int64_t count) {
  LogFill rows;
  rows.open = open;
  rows.size = static_cast<std::size_t>(options_.size);
  rows.route = config_.mail.route;
  rows.queue = config_.mail.queue;
  for (; rows.first < count; rows.first += rows.count) {
    if (watch_.interrupted()) return interrupted();
    rows.count = std::min(ScaleAid::kFillMost, count - rows.first);
    if (Status filled = full_->aid().fill(rows); !filled.ok()) return filled;
    watch_.tell(open ? "storing open rows" : "storing finished rows", rows.first + rows.count, count);
  }
  return ok_status();
}

template <class More>
Status ScaleRun::alternate(const More& more) {
  while (more()) {
    if (watch_.interrupted()) return interrupted();
    for (Side* side : {empty_.get(), full_.get()}) {
      if (Status carried = side->carry(kTurn); !carried.ok()) return carried;
    }
  }
  return ok_status();
}

Status ScaleRun::run() {
  if (Status opened = open(); !opened.ok()) return opened;
  if (Status filled = fill(false, options_.finished); !filled.ok()) return filled;
  if (Status filled = fill(true, options_.open); !filled.ok()) return filled;
  if (Status settled = full_->aid().settle(); !settled.ok()) return settled;
  if (Status warm = alternate([&] { return full_->carried() < kWarmUp; }); !warm.ok()) return warm;
  std::this_thread::sleep_for(kCountsLag);
  for (Side* side : {empty_.get(), full_.get()}) {
    if (Status carried = side->carry(1); !carried.ok()) return carried;
    side->begin_to_measure();
  }
  Status measured = alternate([&] {
    watch_.tell("scale", full_->measured(), options_.messages);
    return full_->measured() < options_.messages;
  });
  if (!measured.ok()) return measured;
  empty_times_ = empty_->take_times();
  full_times_ = full_->take_times();
  if (options_.hold_seconds > 0) {
    const auto held_empty = empty_->aid().hold();
    if (!held_empty.ok()) return held_empty.error();
    const auto held = full_->aid().hold();
    if (!held.ok()) return held.error();
    const auto begin = std::chrono::steady_clock::now();
    const auto left = [&] {
      return begin + std::chrono::seconds(options_.hold_seconds) - std::chrono::steady_clock::now();
    };
    Status kept = alternate([&] {
      watch_.tell("scale: a transaction is open, seconds left", left() / std::chrono::seconds(1), 0);
      return left().count() > 0;
    });
    if (!kept.ok()) return kept;
    empty_held_ = empty_->take_times();
    full_held_ = full_->take_times();
  }
  measure_reads();
  return check_rows();
}

void ScaleRun::measure_reads() {
  for (Side* side : {empty_.get(), full_.get()}) side->close_log();
  std::this_thread::sleep_for(kCountsLag);
  empty_reads_ = empty_->rows_read();
  full_reads_ = full_->rows_read();
}

Status ScaleRun::check_rows() {
  const auto stats = full_->stats();
  if (!stats.ok()) return stats.error();
  const auto rows = [&](State state) { return stats->rows_by_state[static_cast<std::size_t>(state)]; };
  const std::int64_t finished = options_.finished + full_->carried();
  if (rows(State::kConsumed) != finished) {
    problems_.push_back(std::to_string(finished) + " messages were consumed, but the log counts " +
                        std::to_string(rows(State::kConsumed)));
  }
  const std::int64_t open = rows(State::kSending) + rows(State::kSent) + rows(State::kOutcomeUnknown);
  if (open != options_.open) {
    problems_.push_back(std::to_string(options_.open) + " open rows were stored, but the log has " +
                        std::to_string(open));
  }
  return ok_status();
}

void ScaleRun::add_times(Report& report, const std::string& prefix, VerbLife::Times& empty, VerbLife::Times& full) {
  const auto add = [&](const std::string& verb, std::vector<double>& of_empty, std::vector<double>& of_full) {
    const Spread before = spread_of(std::move(of_empty));
    const Spread after = spread_of(std::move(of_full));
    report.add(prefix + "empty_" + verb + "_ms", before);
    report.add(prefix + verb + "_ms", after);
    if (before.p99 > 0) report.add(prefix + verb + "_p99_to_empty", after.p99 / before.p99);
  };
  add("accept", empty.append_ms, full.append_ms);
  add("claim", empty.claim_ms, full.claim_ms);
  add("finish", empty.finish_ms, full.finish_ms);
}

void ScaleRun::report_on(Report& report) {
  report.add("log", kind_of_log(config_));
  report.add("finished", std::int64_t{options_.finished});
  report.add("open", std::int64_t{options_.open});
  report.add("size", std::int64_t{options_.size});
  report.add("messages", full_->measured());
  add_times(report, "", empty_times_, full_times_);
  if (options_.hold_seconds > 0) {
    report.add("held_seconds", std::int64_t{options_.hold_seconds});
    add_times(report, "held_", empty_held_, full_held_);
  }
  if (empty_reads_) report.add("empty_rows_read_per_message", *empty_reads_);
  if (full_reads_) report.add("rows_read_per_message", *full_reads_);
  for (const std::string& problem : problems_) report.add_problem(problem);
}

}  // namespace

Result<Report> run_scale_bench(const app::Config& config, const ScaleOptions& options, RunWatch& watch) {
  if (!config.message_log.shared()) {
    return make_error(ErrorClass::kPermanent,
                      "bench scale is for logs that are shared: --log postgres or --log mariadb");
  }
  ScaleRun run(config, options, watch);
  if (Status done = run.run(); !done.ok()) return done.error();
  Report report;
  run.report_on(report);
  return report;
}

}  // namespace waybill::bench
