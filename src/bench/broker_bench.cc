#include "bench/broker_bench.h"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "bench/bench_config.h"
#include "bench/cost.h"
#include "bench/plain_rabbitmq.h"
#include "broker/rabbitmq/rabbitmq_broker.h"

namespace waybill::bench {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

constexpr auto kStall = 30s;
constexpr auto kLook = 200ms;

/// What both sessions tell, counted; the driver waits for it.
class Traffic final : public PublishEvents, public ConsumeEvents {
 public:
  explicit Traffic(int acks_together, std::int64_t messages) : acks_together_(acks_together), messages_(messages) {}
  void answer_through(ConsumeSession& session) { consumer_ = &session; }

  void on_publish_ready() override {
    change([this] { ready_ += 1; });
  }
  void on_blocked(std::string) override {}
  void on_publish_down(std::string reason) override { fail("the publishing connection was lost: " + reason); }
  void on_returned(PublishTag, int code, std::string text) override {
    fail("a message was returned: " + std::to_string(code) + " " + text);
  }
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override {
    if (!nacked.empty()) return fail("a message was nacked");
    change([&] { confirmed_ += static_cast<std::int64_t>(acked.size()); });
  }
  void on_consume_ready() override {
    change([this] { ready_ += 1; });
  }
  void on_cancelled(QueueName, std::string reason) override { fail("the subscription ended: " + reason); }
  void on_consume_down(std::string reason) override { fail("the consuming connection was lost: " + reason); }
  void on_delivery(Delivery delivery) override {
    const std::int64_t count = ++delivered_here_;
    if (count % acks_together_ != 0 && count < messages_) return;
    consumer_->ack(delivery.tag, /*multiple=*/true);
    change([&] { delivered_ = count; });
  }

  struct Seen {
    int ready = 0;
    std::int64_t confirmed = 0;
    std::int64_t delivered = 0;
    std::string failure;
  };
  /// Waits until `enough`, a failure, or a moment later.
  template <class Enough>
  Seen wait(const Enough& enough) {
    std::unique_lock lock(mutex_);
    const auto seen = [this] { return Seen{ready_, confirmed_, delivered_, failure_}; };
    news_.wait_for(lock, kLook, [&] { return !failure_.empty() || enough(seen()); });
    return seen();
  }

 private:
  template <class Change>
  void change(const Change& how) {
    const std::lock_guard lock(mutex_);
    how();
    news_.notify_one();
  }
  void fail(std::string why) {
    change([&] {
      if (failure_.empty()) failure_ = std::move(why);
    });
  }

  const int acks_together_;
  const std::int64_t messages_;
  ConsumeSession* consumer_ = nullptr;
  std::int64_t delivered_here_ = 0;  // the events' thread alone
  std::mutex mutex_;
  std::condition_variable news_;
  int ready_ = 0;               // guarded by mutex_
  std::int64_t confirmed_ = 0;  // guarded by mutex_
  std::int64_t delivered_ = 0;  // guarded by mutex_
  std::string failure_;         // guarded by mutex_
};

/// Publishes all, and waits until all were confirmed and delivered.
class Drive {
 public:
  Drive(const BrokerBenchOptions& options, Traffic& traffic, PublishSession& session, RunWatch& watch)
      : options_(options), traffic_(traffic), session_(session), watch_(watch) {}

  Status run() {
    const std::int64_t all = options_.messages;
    Traffic::Seen seen;
    auto moved = std::chrono::steady_clock::now();
    while (seen.confirmed < all || seen.delivered < all) {
      if (watch_.interrupted()) return make_error(ErrorClass::kRetry, "interrupted");
      publish_up_to(std::min(all, seen.confirmed + options_.window));
      const auto before = seen;
      seen = traffic_.wait([&](const Traffic::Seen& now) {
        return now.confirmed >= std::min(all, before.confirmed + options_.window / 4) &&
               (now.confirmed < all || now.delivered >= all);
      });
      if (!seen.failure.empty()) return make_error(ErrorClass::kRetry, seen.failure);
      if (seen.confirmed + seen.delivered != before.confirmed + before.delivered) {
        moved = std::chrono::steady_clock::now();
      } else if (std::chrono::steady_clock::now() > moved + kStall) {
        return make_error(ErrorClass::kRetry, "nothing came for half a minute");
      }
      watch_.tell("our client", seen.delivered, all);
    }
    return ok_status();
  }

 private:
  void publish_up_to(std::int64_t last) {
    std::vector<Outgoing> batch;
    for (; published_ < last; ++published_) {
      const auto tag = static_cast<PublishTag>(published_ + 1);
      batch.push_back({tag, {"", std::string(kBenchQueue)}, {std::to_string(tag)}, "text/plain", {}, body_});
    }
    // Not taken means blocked: what was offered is offered again.
    if (!batch.empty() && !session_.publish(batch)) published_ -= static_cast<std::int64_t>(batch.size());
  }

  const BrokerBenchOptions& options_;
  Traffic& traffic_;
  PublishSession& session_;
  RunWatch& watch_;
  const Body body_{std::string(static_cast<std::size_t>(options_.size), 'x')};
  std::int64_t published_ = 0;
};

RabbitMqOptions client_options(const app::Config& config) {
  RabbitMqOptions options;
  options.url = rabbitmq_url(config);
  options.client_name = "waybill bench";
  options.queue_type = config.broker.classic_queues ? rabbitmq::QueueType::kClassic : rabbitmq::QueueType::kQuorum;
  return options;
}

Result<Cost> run_ours(const app::Config& config, const BrokerBenchOptions& options, RunWatch& watch) {
  auto broker = RabbitMqBroker::make(client_options(config));
  if (!broker.ok()) return broker.error();
  const QueueName queue{std::string(kBenchQueue)};
  if (Status declared = (*broker)->declare({{}, {{queue}}, {}}); !declared.ok()) return declared.error();
  Traffic traffic(options.acks_together, options.messages);
  const auto consumer = (*broker)->open_consumer(traffic);
  const auto publisher = (*broker)->open_publisher(traffic);
  traffic.answer_through(*consumer);
  const auto give_up = std::chrono::steady_clock::now() + kStall;
  const auto both_ready = [](const Traffic::Seen& seen) { return seen.ready == 2; };
  while (!both_ready(traffic.wait(both_ready))) {
    if (std::chrono::steady_clock::now() > give_up) return make_error(ErrorClass::kRetry, "no connection was opened");
  }
  consumer->subscribe(queue, options.prefetch);
  Drive drive(options, traffic, *publisher, watch);
  Status driven = ok_status();
  const Cost cost = measured([&] { driven = drive.run(); });
  if (!driven.ok()) return driven.error();
  return cost;
}

Result<Cost> run_plain(const app::Config& config, const BrokerBenchOptions& options) {
  Result<double> took = 0.0;
  Cost cost = measured([&] {
    took = run_plain_loop(
        config, {options.messages, static_cast<std::size_t>(options.size), options.window, options.acks_together});
  });
  if (!took.ok()) return took.error();
  cost.seconds = *took;
  return cost;
}

}  // namespace

Result<Report> run_broker_bench(const app::Config& config, const BrokerBenchOptions& options, RunWatch& watch) {
  if (config.broker.in_process()) {
    return make_error(ErrorClass::kPermanent,
                      "--broker: this benchmark is about a RabbitMQ; write --broker rabbitmq or a URL");
  }
  if (Status cleared = clear_broker(config); !cleared.ok()) return cleared.error();
  Cost ours{1e9, 0};
  Cost plain{1e9, 0};
  const auto better = [](const Cost& a, const Cost& b) { return a.seconds < b.seconds ? a : b; };
  for (int round = 0; round < options.rounds; ++round) {
    auto one = run_ours(config, options, watch);
    if (!one.ok()) return one.error();
    ours = better(*one, ours);
    watch.tell("the plain client", 0, 0);
    auto other = run_plain(config, options);
    if (!other.ok()) return other.error();
    plain = better(*other, plain);
  }
  const double messages = options.messages;
  Report report;
  report.add("messages", std::int64_t{options.messages});
  report.add("body_bytes", std::int64_t{options.size});
  report.add("queue_type", std::string(config.broker.classic_queues ? "classic" : "quorum"));
  report.add("messages_per_second", messages / ours.seconds);
  report.add("plain_messages_per_second", messages / plain.seconds);
  report.add("ratio", plain.seconds / ours.seconds);
  report.add("cpu_us_per_message", ours.cpu_seconds / messages * 1e6);
  report.add("plain_cpu_us_per_message", plain.cpu_seconds / messages * 1e6);
  return report;
}

}  // namespace waybill::bench
