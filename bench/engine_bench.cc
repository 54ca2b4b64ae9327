// The machines of the engine and its batching primitive: what a message costs there in decisions alone.
#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/sha256.h"
#include "core/headers.h"
#include "engine/flush_queue.h"
#include "engine/publisher_machine.h"
#include "engine/worker_machine.h"

namespace waybill {
namespace {

const Route kRoute{"mail.exchange", "mail.routing.key"};
const QueueName kQueue{"mail.queue"};
constexpr MonoTime kNow{std::chrono::hours(1)};
const WallTime kWall = from_millis(1'800'000'000'000);

std::string id_of(std::int64_t number) { return std::to_string(345'678'901'234'567'890 + number); }

Write append_of(std::int64_t number, const Body& body) {
  Append append;
  append.message.id.value = id_of(number);
  append.message.route = kRoute;
  append.message.body = body;
  return append;
}
Write claim_of(std::int64_t number) {
  Claim claim;
  claim.id.value = id_of(number);
  claim.queue = kQueue;
  return claim;
}
Write finish_of(std::int64_t number) {
  Finish finish;
  finish.fence.id.value = id_of(number);
  finish.outcome = Done{};
  return finish;
}

// Each message comes with its append, its claim, its mark and its finish; a flush takes all that wait.
void bm_flush_queue(benchmark::State& state) {
  const std::int64_t batch = state.range(0);
  const Body body(std::string(512, 'x'));
  FlushQueue queue;
  std::int64_t number = 0;
  const auto push = [&](Write write) {
    FlushQueue::Item item;
    item.write = std::move(write);
    item.deadline = kNow + Duration{5'000};
    item.arrived = kNow;
    benchmark::DoNotOptimize(queue.push(item));
  };
  for (auto _ : state) {
    for (std::int64_t i = 0; i < batch; ++i, ++number) {
      push(append_of(number, body));
      push(claim_of(number));
      push(MarkSent{MessageId{id_of(number)}, 1, kWall});
      push(finish_of(number));
    }
    while (!queue.empty()) {
      benchmark::DoNotOptimize(queue.next_batch(kNow));
      queue.on_flushed(Duration{1});
    }
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(bm_flush_queue)->Arg(1)->Arg(256);

PublishRow row_of(std::int64_t number, const Body& body, const Digest& digest) {
  PublishRow row;
  row.message.id.value = id_of(number);
  row.message.route = kRoute;
  row.message.body = body;
  row.digest = digest;
  row.publish_number = 1;
  row.publish_time = kWall;
  row.asked = kNow;
  return row;
}

// Offered fresh, published, confirmed by one event a batch.
void bm_publisher_machine(benchmark::State& state) {
  const std::int64_t batch = state.range(0);
  const Body body(std::string(512, 'x'));
  const Digest digest = sha256(body.bytes());
  PublisherMachine machine(PublisherOptions{}, "0123456789abcdef0123456789abcdef", 1);
  benchmark::DoNotOptimize(machine.on_ready(kNow));
  std::int64_t number = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < batch; ++i) {
      benchmark::DoNotOptimize(machine.offer_fresh(row_of(number++, body, digest)));
    }
    const auto actions = machine.pump(kNow);
    std::vector<PublishTag> tags;
    for (const auto& outgoing : actions.publish) tags.push_back(outgoing.tag);
    benchmark::DoNotOptimize(machine.on_confirmed(tags, {}, kNow, kWall));
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(bm_publisher_machine)->Arg(1)->Arg(128);

/// A worker machine with its surroundings: whatever it asks is answered at once.
class WorkerBench {
 public:
  WorkerBench() : machine_(options_, {{kQueue, false}}) { perform(machine_.on_ready(moment_)); }

  /// From its delivery to its acknowledgement.
  void carry(std::int64_t number) {
    Message message;
    message.id.value = id_of(number);
    message.route = kRoute;
    const Mark mark{options_.log_identity, 1, kWall, digest_, 0};
    perform(machine_.on_delivery({{1, static_cast<std::uint64_t>(number) + 1},
                                  kQueue,
                                  kRoute,
                                  message.id.value,
                                  "text/plain",
                                  with_mark(message, mark),
                                  body_,
                                  false},
                                 moment_));
  }
  [[nodiscard]] bool idle() const { return machine_.idle(); }

 private:
  static EngineOptions options() {
    EngineOptions options;
    options.owner = {"bench", {7}};
    options.log_identity = "0123456789abcdef0123456789abcdef";
    options.queues = {kQueue};
    return options;
  }

  void perform(WorkerMachine::Actions actions) {
    for (auto& action : actions) {
      if (const auto* submit = std::get_if<WorkerMachine::Submit>(&action)) {
        perform(machine_.on_answer(submit->key, answer_to(submit->write), kNow, moment_));
      } else if (const auto* start = std::get_if<WorkerMachine::Start>(&action)) {
        perform(machine_.on_finished(start->key, {Done{}}, moment_));
      }
    }
    if (machine_.owes_acks()) static_cast<void>(machine_.acknowledge());
  }

  static Result<Answer> answer_to(const Write& write) {
    if (std::holds_alternative<Finish>(write)) return Answer(FinishAnswer{});
    ClaimAnswer granted;
    granted.verdict = ClaimVerdict::kGranted;
    granted.attempt = 1;
    granted.publish_number = 1;
    return Answer(granted);
  }

  const EngineOptions options_ = options();
  const WorkerMoment moment_{kNow, true, kWall};
  const Body body_{std::string(512, 'x')};
  const Digest digest_ = sha256(body_.bytes());
  WorkerMachine machine_;
};

// The delivery is made in the measured time too: its headers cost what bm_mark_write tells.
void bm_worker_machine(benchmark::State& state) {
  WorkerBench bench;
  std::int64_t number = 0;
  for (auto _ : state) bench.carry(number++);
  if (!bench.idle()) state.SkipWithError("a run did not end");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(bm_worker_machine);

}  // namespace
}  // namespace waybill
