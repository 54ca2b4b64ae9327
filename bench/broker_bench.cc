// The in-process broker: publish, confirm, deliver, acknowledge.
#include <benchmark/benchmark.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "broker/inprocess/inprocess_broker.h"

namespace waybill {
namespace {

/// Runs what was posted when it is told to, on the caller's thread.
class HandLoop final : public Loop {
 public:
  [[nodiscard]] MonoTime now() const override { return std::chrono::steady_clock::now(); }
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void call_at(MonoTime, Task task) override { post(std::move(task)); }

  void run() {
    while (!tasks_.empty()) {
      const Task task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

 private:
  std::deque<Task> tasks_;
};

struct Confirms final : PublishEvents {
  void on_publish_ready() override {}
  void on_blocked(std::string) override {}
  void on_publish_down(std::string) override {}
  void on_returned(PublishTag, int, std::string) override {}
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag>) override { confirmed += acked.size(); }
  std::size_t confirmed = 0;
};

struct Deliveries final : ConsumeEvents {
  void on_consume_ready() override {}
  void on_delivery(Delivery delivery) override { last = delivery.tag; }
  void on_cancelled(QueueName, std::string) override {}
  void on_consume_down(std::string) override {}
  DeliveryTag last;
};

// Acknowledged once a batch, as the worker does with a finished prefix.
void bm_inprocess_broker(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  const Route route{"mail.exchange", "mail.routing.key"};
  const QueueName queue{"mail.queue"};
  const Headers headers{{"x-waybill-mark", "log=0123456789abcdef0123456789abcdef publish=1"}};
  const Body body(std::string(512, 'x'));
  HandLoop loop;
  InProcessBroker broker(loop);
  Confirms confirms;
  Deliveries deliveries;
  if (!broker.declare({{route.exchange}, {{queue}}, {{route, queue}}}).ok()) state.SkipWithError("not declared");
  const auto publisher = broker.open_publisher(confirms);
  const auto consumer = broker.open_consumer(deliveries);
  consumer->subscribe(queue, 1'000);
  loop.run();
  PublishTag tag = 0;
  for (auto _ : state) {
    std::vector<Outgoing> outgoing;
    for (std::size_t i = 0; i < batch; ++i) {
      outgoing.push_back({++tag, route, {std::to_string(tag)}, "text/plain", headers, body});
    }
    benchmark::DoNotOptimize(publisher->publish(outgoing));
    loop.run();
    consumer->ack(deliveries.last, /*multiple=*/true);
    loop.run();
  }
  if (confirms.confirmed != tag || deliveries.last.number != tag) state.SkipWithError("not all were delivered");
  state.SetItemsProcessed(static_cast<std::int64_t>(tag));
}
BENCHMARK(bm_inprocess_broker)->Arg(1)->Arg(128);

}  // namespace
}  // namespace waybill
