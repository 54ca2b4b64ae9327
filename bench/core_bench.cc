// The values that every message passes through: digests, marks, ids.
#include <benchmark/benchmark.h>

#include <string>

#include "base/sha256.h"
#include "core/headers.h"
#include "core/message.h"
#include "core/snowflake.h"

namespace waybill {
namespace {

void bm_sha256(benchmark::State& state) {
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(bm_sha256)->Arg(64)->Arg(512)->Arg(4'096);

Message sample_message() {
  Message message;
  message.id.value = "345678901234567890";
  message.route = {"mail.exchange", "mail.routing.key"};
  return message;
}

Mark sample_mark() {
  return {"0123456789abcdef0123456789abcdef", 1, kSnowflakeEpoch + std::chrono::hours(20'000), sha256("body"), 0};
}

void bm_mark_write(benchmark::State& state) {
  const Message message = sample_message();
  const Mark mark = sample_mark();
  for (auto _ : state) benchmark::DoNotOptimize(with_mark(message, mark));
}
BENCHMARK(bm_mark_write);

void bm_mark_read(benchmark::State& state) {
  const Headers headers = with_mark(sample_message(), sample_mark());
  for (auto _ : state) benchmark::DoNotOptimize(read_mark(headers));
}
BENCHMARK(bm_mark_read);

// A millisecond has room for 4,096; the clock goes on before that.
void bm_snowflake(benchmark::State& state) {
  Snowflake snowflake(1);
  WallTime now = kSnowflakeEpoch + std::chrono::hours(20'000);
  int drawn = 0;
  for (auto _ : state) {
    if (++drawn % 1'000 == 0) now += Duration{1};
    benchmark::DoNotOptimize(snowflake.next(now));
  }
}
BENCHMARK(bm_snowflake);

}  // namespace
}  // namespace waybill
