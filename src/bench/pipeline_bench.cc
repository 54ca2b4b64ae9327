#include "bench/pipeline_bench.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "base/sha256.h"
#include "bench/disk_probe.h"
#include "bench/ledger.h"
#include "bench/load_driver.h"
#include "bench/log_place.h"
#include "bench/pipeline_rig.h"
#include "bench/plain_rabbitmq.h"
#include "bench/prune_work.h"
#include "bench/rate_curve.h"
#include "bench/stored_rows.h"
#include "bench/usage.h"

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

constexpr auto kStartMax = 30s;
constexpr auto kStopMax = 10s;
constexpr auto kStall = 30s;
constexpr int kAppendsPerCommit = 1'000;
constexpr int kLooks = 5;
constexpr const char* kMissingExchange = "waybill.bench.missing";

MonoTime now() { return std::chrono::steady_clock::now(); }
double seconds(MonoTime from, MonoTime to) { return std::chrono::duration<double>(to - from).count(); }

/// The effect that is measured: none, but for a line in the ledger.
class LedgerHandler final : public Handler {
 public:
  LedgerHandler(Ledger& ledger, RateCurve& curve) : ledger_(ledger), curve_(curve) {}
  /// Before anything is handled.
  void tell(LoadDriver& driver) { driver_ = &driver; }

  bool marks_effect() const override { return false; }
  HandlerOutcome handle(const Attempt& attempt, EffectGate&) override {
    const MonoTime at = now();
    curve_.add(at);
    if (const auto index = ledger_.handled(attempt.body.bytes(), attempt.id.value, at)) driver_->on_handled(*index);
    return Done{};
  }

 private:
  Ledger& ledger_;
  RateCurve& curve_;
  LoadDriver* driver_ = nullptr;
};

Load load_of(const PipelineOptions& options, const app::Config& config) {
  Load load;
  load.first = static_cast<std::size_t>(options.waiting);
  load.messages = static_cast<std::size_t>(options.messages);
  load.size = static_cast<std::size_t>(options.size);
  load.rate = options.rate;
  load.concurrency = static_cast<std::size_t>(options.concurrency);
  load.batch = static_cast<std::size_t>(options.batch);
  load.flood = options.flood;
  load.route = config.mail.route;
  load.misdirected_percent = options.missing_exchange_percent;
  load.misdirected = {kMissingExchange, config.mail.route.routing_key};
  load.answer_deadline = config.http.answer_deadline;
  return load;
}

std::int64_t in_state(const LogStats& stats, State state) {
  return stats.rows_by_state[static_cast<std::size_t>(state)];
}

std::int64_t open_rows(const LogStats& stats) {
  std::int64_t sum = 0;
  for (const State state :
       {State::kSending, State::kSent, State::kSendFailed, State::kConsumeFailed, State::kOutcomeUnknown}) {
    sum += in_state(stats, state);
  }
  return sum;
}

/// One run, from an opened log to what became of it.
class PipelineRun {
 public:
  PipelineRun(const app::Config& config, const PipelineOptions& options, RunWatch& watch)
      : config_(config),
        options_(options),
        watch_(watch),
        ledger_(static_cast<std::size_t>(options.waiting) + static_cast<std::size_t>(options.messages),
                std::random_device()()),
        curve_(Ledger::kLongest),
        handler_(ledger_, curve_) {}

  Status run();
  void report_on(Report& report) const;
  [[nodiscard]] double messages_per_second() const {
    return seconds_ > 0 ? static_cast<double>(ledger_.handled_count()) / seconds_ : 0;
  }

 private:
  Status open();
  Status append_waiting();
  Status carry();
  Status await_finished();
  Status close();
  Status look();

  const app::Config& config_;
  const PipelineOptions& options_;
  RunWatch& watch_;
  Ledger ledger_;
  RateCurve curve_;
  LedgerHandler handler_;
  std::optional<LoadDriver> driver_;
  std::unique_ptr<PipelineRig> rig_;  // ends before what its callbacks use
  LogStats before_;
  LogStats after_;
  std::int64_t commits_ = 0;
  std::int64_t writes_ = 0;
  std::int64_t pruned_ = 0;
  double stats_ms_ = 0;
  double list_ms_ = 0;
  double seconds_ = 0;
  double cpu_seconds_ = 0;
  double peak_rss_mib_ = 0;
  bool stalled_ = false;
  bool stopped_ = false;
};

Status PipelineRun::run() {
  if (Status opened = open(); !opened.ok()) return opened;
  if (Status appended = append_waiting(); !appended.ok()) return appended;
  forget_peak();
  if (Status carried = carry(); !carried.ok()) return carried;
  return close();
}

Status PipelineRun::open() {
  if (Status cleared = clear_broker(config_); !cleared.ok()) return cleared;
  auto rig = PipelineRig::build(config_, handler_);
  if (!rig.ok()) return rig.error();
  rig_ = std::move(*rig);
  auto stats = rig_->reader().stats();
  if (!stats.ok()) return stats.error();
  before_ = std::move(*stats);
  if (open_rows(before_) == 0) return ok_status();
  return make_error(ErrorClass::kPermanent, "the log there holds " + std::to_string(open_rows(before_)) +
                                                " unfinished messages of an earlier run; name another directory");
}

// Straight into the log, before anything runs: as a former life of the instance left them.
Status PipelineRun::append_waiting() {
  for (int next = 0; next < options_.waiting;) {
    std::vector<Write> writes;
    std::vector<std::string> ids;
    for (; next < options_.waiting && writes.size() < kAppendsPerCommit; ++next) {
      const auto index = static_cast<std::size_t>(next);
      Append append;
      append.message.id.value =
          "waiting-" + ledger_.body_of(index, Ledger::kBodyMin).substr(0, 8) + "-" + std::to_string(index);
      append.message.route = config_.mail.route;
      append.message.content_type = "text/plain";
      append.message.body = Body(ledger_.body_of(index, static_cast<std::size_t>(options_.size)));
      append.digest = sha256(append.message.body.bytes());
      append.queue = config_.mail.queue;
      append.token = Token{index + 1};
      ids.push_back(append.message.id.value);
      writes.emplace_back(std::move(append));
    }
    auto committed = rig_->log().commit(writes);
    if (!committed.ok()) return committed.error();
    const MonoTime at = now();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto index = static_cast<std::size_t>(next) - ids.size() + i;
      ledger_.accepted(index, ids[i], at);
    }
    watch_.tell("storing open rows", next, options_.waiting);
    if (watch_.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
  }
  return ok_status();
}

Status PipelineRun::carry() {
  driver_.emplace(rig_->intake(), ledger_, watch_, load_of(options_, config_));
  handler_.tell(*driver_);
  const std::int64_t commits = rig_->log().commits();
  const std::int64_t writes = rig_->log().writes();
  // A restart counts from its begin; messages are asked for once the instance is ready.
  MonoTime begin = now();
  for (std::size_t i = 0; i < static_cast<std::size_t>(options_.waiting); ++i) ledger_.asked(i, begin);
  double cpu = cpu_seconds(::getpid());
  curve_.begin(begin);
  if (Status started = rig_->start(begin + kStartMax); !started.ok()) return started;
  if (options_.waiting == 0) {
    begin = now();
    cpu = cpu_seconds(::getpid());
  }
  PruneWork prune(rig_->operations(), options_.prune);
  if (options_.prune > 0) prune.start();
  if (Status driven = driver_->run(); !driven.ok()) return driven;
  if (Status finished = await_finished(); !finished.ok()) return finished;
  if (Status pruned = prune.stop(); !pruned.ok()) return pruned;
  cpu_seconds_ = cpu_seconds(::getpid()) - cpu;
  peak_rss_mib_ = peak_rss_mib(::getpid());
  seconds_ = seconds(begin, rig_->log().finished_at());
  commits_ = rig_->log().commits() - commits;
  writes_ = rig_->log().writes() - writes;
  return ok_status();
}

Status PipelineRun::await_finished() {
  const auto misdirected = static_cast<std::int64_t>(
      load_of(options_, config_).misdirected_among(static_cast<std::size_t>(options_.messages)));
  const std::int64_t expected = std::int64_t{options_.messages} + options_.waiting - misdirected;
  std::int64_t seen = -1;
  MonoTime moved = now();
  while (rig_->log().finished() < expected) {
    if (watch_.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
    if (rig_->broken()) return make_error(ErrorClass::kRetry, "the message log cannot be used any more");
    const std::int64_t finished = rig_->log().finished();
    if (finished != seen) moved = now();
    seen = finished;
    stalled_ = now() - moved > kStall;
    if (stalled_) return ok_status();  // the verdict says what is missing
    watch_.tell("pipeline: handled", ledger_.handled_count(), expected);
    std::this_thread::sleep_for(1ms);
  }
  return ok_status();
}

Status PipelineRun::close() {
  stopped_ = rig_->stop(now() + kStopMax);
  pruned_ = rig_->log().pruned();
  Status looked = look();
  rig_.reset();
  return looked;
}

// As a person would, with whatever is stored by now.
Status PipelineRun::look() {
  std::vector<double> stats_ms;
  std::vector<double> list_ms;
  for (int time = 0; time < kLooks; ++time) {
    const MonoTime asked = now();
    auto stats = rig_->reader().stats();
    const MonoTime answered = now();
    const auto page = rig_->reader().list({});
    if (!stats.ok()) return stats.error();
    if (!page.ok()) return page.error();
    stats_ms.push_back(seconds(asked, answered) * 1'000);
    list_ms.push_back(seconds(answered, now()) * 1'000);
    after_ = std::move(*stats);
  }
  stats_ms_ = percentile(stats_ms, 0.5);
  list_ms_ = percentile(list_ms, 0.5);
  return ok_status();
}

void PipelineRun::report_on(Report& report) const {
  const auto verdict = ledger_.verdict();
  const auto handled = static_cast<double>(std::max<std::int64_t>(1, ledger_.handled_count()));
  const std::int64_t consumed = in_state(after_, State::kConsumed) - in_state(before_, State::kConsumed) + pruned_;
  report.add("seconds", seconds_);
  report.add("messages_per_second", messages_per_second());
  // Those that waited tell about a restart, not about intake.
  const auto fresh = static_cast<std::size_t>(options_.waiting);
  report.add("latency_ms", ledger_.latency_ms(options_.messages > 0 ? fresh : 0));
  if (options_.messages > 0) report.add("accept_ms", ledger_.accept_ms(fresh));
  report.add("commits", commits_);
  report.add("commits_per_message", static_cast<double>(commits_) / handled);
  report.add("writes_per_commit",
             static_cast<double>(writes_) / static_cast<double>(std::max<std::int64_t>(1, commits_)));
  report.add("cpu_seconds_per_1000", cpu_seconds_ / handled * 1'000);
  report.add("max_rss_mib", peak_rss_mib_);
  report.add("ledger_mib", ledger_.size_mib());
  report.add("refused", driver_->refused());
  report.add("in_doubt", verdict.in_doubt);
  report.add("lost", verdict.lost);
  report.add("duplicates", verdict.duplicates);
  report.add("strangers", verdict.strangers);
  report.add("rows_consumed", consumed);
  report.add("rows_open", open_rows(after_));
  report.add("rows_pruned", pruned_);
  report.add("stats_ms", stats_ms_);
  report.add("list_ms", list_ms_);
  if (options_.waiting > 0) {
    report.add("first_handled_ms", std::int64_t{curve_.first().value_or(Duration{-1}).count()});
    report.add("full_rate_ms", std::int64_t{curve_.reached(0.8).value_or(Duration{-1}).count()});
  }
  if (options_.missing_exchange_percent > 0) {
    report.add("misdirected", driver_->misdirected());
    report.add("misdirected_failed", in_state(after_, State::kSendFailed));
  }
  const auto blame = [&](bool bad, const std::string& sentence) {
    if (bad) report.add_problem(sentence);
  };
  blame(verdict.lost > 0, std::to_string(verdict.lost) + " accepted messages were never handled");
  blame(verdict.duplicates > 0, std::to_string(verdict.duplicates) + " handlings were repeated");
  blame(verdict.strangers > 0, std::to_string(verdict.strangers) + " handlings were of no accepted message");
  blame(consumed != verdict.accepted + verdict.in_doubt && verdict.in_doubt == 0,
        std::to_string(verdict.accepted) + " messages were accepted, but " + std::to_string(consumed) +
            " rows are consumed");
  const std::int64_t unfinished = open_rows(after_) - driver_->misdirected();
  blame(unfinished > driver_->misdirected_in_doubt(), std::to_string(unfinished) + " rows are not finished");
  blame(unfinished < 0, std::to_string(-unfinished) + " messages to the missing exchange do not wait in the log");
  blame(stalled_, "nothing was finished for 30 s");
  blame(!stopped_, "the parts did not stop in time");
}

}  // namespace

Status check(const PipelineOptions& options) {
  const auto refuse = [](const char* sentence) { return make_error(ErrorClass::kPermanent, sentence); };
  if (options.messages == 0 && options.waiting == 0)
    return refuse("--messages 0 leaves nothing to do without --waiting");
  if (options.rate > 0 && options.flood)
    return refuse("--flood goes as fast as it can, --rate does not: give one of them");
  if (options.missing_exchange_percent > 0 && options.messages == 0)
    return refuse("--missing-exchange-percent needs --messages of which it is a share");
  if (options.prune > options.stored) return refuse("--prune takes of the --stored messages, at most all of them");
  if (options.rate > 0 && options.messages / options.rate > 3'000) {
    return refuse("the run would take longer than 50 minutes; ask for fewer --messages or a higher --rate");
  }
  return ok_status();
}

namespace {

/// The rate of the same run without what leads nowhere.
Result<double> measure_undisturbed(const app::Config& config, PipelineOptions options, RunWatch& watch) {
  const Load load = load_of(options, config);
  options.messages -= static_cast<int>(load.misdirected_among(load.messages));
  options.missing_exchange_percent = 0;
  PipelineRun run(config, options, watch);
  if (Status done = run.run(); !done.ok()) return done.error();
  return run.messages_per_second();
}

/// The plain loop of RabbitMQ, half of it before and half of it after a run of ours: a machine that is slower for a
/// while is so for both.
class PlainBeside {
 public:
  PlainBeside(const app::Config& config, const PipelineOptions& options) : config_(config), size_(options.size) {
    const bool comparable = !config.broker.in_process() && options.rate == 0 && !options.flood && options.waiting == 0;
    if (comparable) half_ = options.messages / 2;
  }

  Status measure(RunWatch& watch) {
    if (half_ == 0) return ok_status();
    watch.tell("the plain client", 0, 0);
    const auto took = run_plain_loop(config_, {half_, static_cast<std::size_t>(size_)});
    if (!took.ok()) return took.error();
    messages_ += half_;
    seconds_ += *took;
    return ok_status();
  }

  void report_on(Report& report, double ours) const {
    if (seconds_ <= 0) return;
    const double plain = static_cast<double>(messages_) / seconds_;
    report.add("plain_messages_per_second", plain);
    report.add("share_of_plain", ours / plain);
  }

 private:
  const app::Config& config_;
  const int size_;
  std::int64_t half_ = 0;
  std::int64_t messages_ = 0;
  double seconds_ = 0;
};

}  // namespace

Result<Report> run_pipeline_bench(app::Config config, const std::string& directory, const PipelineOptions& options,
                                  RunWatch& watch) {
  if (Status fit = check(options); !fit.ok()) return fit.error();
  config.worker.prefetch = options.prefetch;
  const auto fdatasync_us = measure_fdatasync_us(directory);
  if (!fdatasync_us.ok()) return fdatasync_us.error();
  if (options.stored > 0) {
    const StoredRows rows{options.stored, static_cast<std::size_t>(options.size)};
    if (Status filled = fill_with_stored_rows(config, rows, watch); !filled.ok()) return filled.error();
  }
  std::optional<double> undisturbed;
  if (options.missing_exchange_percent > 0) {
    const auto measured = measure_undisturbed(config, options, watch);
    if (!measured.ok()) return measured.error();
    undisturbed = *measured;
  }
  PlainBeside plain(config, options);
  if (Status measured = plain.measure(watch); !measured.ok()) return measured.error();
  const WalMeter wal(config);
  const StatementMeter statements(config);
  PipelineRun run(config, options, watch);
  if (Status done = run.run(); !done.ok()) return done.error();
  if (Status measured = plain.measure(watch); !measured.ok()) return measured.error();
  Report report;
  report.add("log", kind_of_log(config));
  report.add("broker", std::string(config.broker.in_process() ? "inprocess" : "rabbitmq"));
  report.add("messages", std::int64_t{options.messages});
  report.add("size", std::int64_t{options.size});
  if (options.rate > 0) report.add("rate", std::int64_t{options.rate});
  if (options.rate == 0) report.add("concurrency", std::int64_t{options.concurrency});
  report.add("prefetch", std::int64_t{options.prefetch});
  if (options.stored > 0) report.add("stored", std::int64_t{options.stored});
  if (options.waiting > 0) report.add("waiting", std::int64_t{options.waiting});
  run.report_on(report);
  const double messages = std::max(1, options.messages + options.waiting);
  if (const auto bytes = wal.bytes()) report.add("wal_bytes_per_message", static_cast<double>(*bytes) / messages);
  if (const auto sent = statements.count()) {
    report.add("statements_per_message", static_cast<double>(*sent) / messages);
  }
  if (undisturbed) {
    report.add("missing_exchange_percent", std::int64_t{options.missing_exchange_percent});
    report.add("undisturbed_messages_per_second", *undisturbed);
    report.add("share_of_undisturbed", *undisturbed > 0 ? run.messages_per_second() / *undisturbed : 0);
  }
  plain.report_on(report, run.messages_per_second());
  report.add("fdatasync_us", *fdatasync_us);
  return report;
}

}  // namespace waybill::bench
