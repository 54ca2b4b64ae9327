// One commit of the SQLite log, by what it holds and how much of it. In WAYBILL_BENCH_DIR, else in /var/tmp: on a disk,
// or the figures say nothing.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "base/time.h"
#include "bench/scratch.h"
#include "log/sqlite/sqlite_log.h"

namespace waybill {
namespace {

const Owner kOwner{"bench", BootNonce{7}};
const Body kBody{std::string(512, 'x')};
const Digest kDigest = sha256(kBody.bytes());

bench::Scratch scratch() {
  const char* place = std::getenv("WAYBILL_BENCH_DIR");
  auto made = bench::Scratch::make({"", {place != nullptr ? place : "/var/tmp"}, /*allow_volatile=*/false});
  if (!made.ok()) throw std::runtime_error(made.error().message);
  return std::move(*made);
}

/// A log of its own, and the lives of messages in it, a batch at a time.
class LogBench {
 public:
  LogBench() : scratch_(scratch()) {
    auto log = SqliteLog::open({scratch_.path() + "/waybill.db", clock_});
    if (!log.ok()) throw std::runtime_error(log.error().message);
    log_ = std::move(*log);
  }

  bool append(std::int64_t first, std::int64_t count) {
    return commit(first, count, [](std::int64_t number) {
      Append append;
      append.message.id = id_of(number);
      append.message.route = {"mail.exchange", "mail.routing.key"};
      append.message.body = kBody;
      append.digest = kDigest;
      append.queue = {"mail.queue"};
      append.publish_now = true;
      append.boot = kOwner.boot;
      append.token = token_of(number);
      append.id_generated = true;
      return Write(std::move(append));
    });
  }
  bool claim(std::int64_t first, std::int64_t count) {
    return commit(first, count, [](std::int64_t number) {
      Claim claim;
      claim.id = id_of(number);
      claim.digest = kDigest;
      claim.token = token_of(number);
      claim.owner = kOwner;
      claim.queue = {"mail.queue"};
      return Write(std::move(claim));
    });
  }
  bool finish(std::int64_t first, std::int64_t count) {
    return commit(first, count, [](std::int64_t number) {
      Finish finish;
      finish.fence = {id_of(number), kOwner, 1, token_of(number)};
      finish.outcome = Done{};
      return Write(std::move(finish));
    });
  }

 private:
  static MessageId id_of(std::int64_t number) { return {std::to_string(300'000'000'000'000'000 + number * 4'096)}; }
  static Token token_of(std::int64_t number) { return {static_cast<std::uint64_t>(number) + 1}; }

  template <class Make>
  bool commit(std::int64_t first, std::int64_t count, Make make) {
    std::vector<Write> writes;
    for (std::int64_t i = first; i < first + count; ++i) writes.push_back(make(i));
    return log_->commit(writes).ok();
  }

  bench::Scratch scratch_;
  SystemWallClock clock_;
  std::unique_ptr<SqliteLog> log_;
};

enum class Step { kAppend, kClaim, kFinish };

// Only the one step is timed; the others bring the rows there.
void bm_log_commit(benchmark::State& state, Step timed) {
  LogBench bench;
  const std::int64_t count = state.range(0);
  std::int64_t first = 0;
  bool ok = true;
  const auto step = [&](Step which, bool done) {
    ok = ok && done;
    if (which == timed) state.PauseTiming();
  };
  for (auto _ : state) {
    state.PauseTiming();
    if (timed == Step::kAppend) state.ResumeTiming();
    step(Step::kAppend, bench.append(first, count));
    if (timed == Step::kClaim) state.ResumeTiming();
    step(Step::kClaim, bench.claim(first, count));
    if (timed == Step::kFinish) state.ResumeTiming();
    step(Step::kFinish, bench.finish(first, count));
    state.ResumeTiming();
    first += count;
  }
  if (!ok) state.SkipWithError("a commit failed");
  state.SetItemsProcessed(state.iterations() * count);
}
BENCHMARK_CAPTURE(bm_log_commit, append, Step::kAppend)->Arg(1)->Arg(100)->Arg(1'000)->UseRealTime();
BENCHMARK_CAPTURE(bm_log_commit, claim, Step::kClaim)->Arg(1)->Arg(100)->Arg(1'000)->UseRealTime();
BENCHMARK_CAPTURE(bm_log_commit, finish, Step::kFinish)->Arg(1)->Arg(100)->Arg(1'000)->UseRealTime();

}  // namespace
}  // namespace waybill
