// A plain client of RabbitMQ by rabbitmq-c's own blocking calls, as one would write it without us: what our client is
// compared with, and what clears away between benchmarks.
#pragma once

#include <memory>
#include <string>

#include "app/config.h"
#include "base/result.h"
#include "broker/rabbitmq/protocol/rabbitmq_options.h"

namespace waybill::bench {

struct PlainLoopOptions {
  std::int64_t messages = 0;
  std::size_t size = 512;
  int window = 1'000;       ///< publishes without a confirm
  int acks_together = 100;  ///< deliveries that one ack answers
  bool classic = false;     ///< the queue, instead of a quorum queue
};

/// One thread. Its calls may wait for ever if the broker falls silent: for benchmarks only.
class PlainRabbitMq {
 public:
  /// Errors: one sentence.
  [[nodiscard]] static Result<std::unique_ptr<PlainRabbitMq>> connect(const RabbitMqUrl& url);
  ~PlainRabbitMq();

  [[nodiscard]] Status delete_queue(const std::string& queue);
  /// Publishes to a queue of its own, which is made and removed, and consumes from it, on one connection; the seconds
  /// it took. The connection is closed then.
  [[nodiscard]] Result<double> run_loop(const PlainLoopOptions& options);

 private:
  struct Impl;
  explicit PlainRabbitMq(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The same on a connection to the broker of `config`, with the type of queue that is configured there.
[[nodiscard]] Result<double> run_plain_loop(const app::Config& config, PlainLoopOptions options);

/// Removes the queues that the benchmarks use from the broker of `config`, if it is a RabbitMQ, with what an earlier
/// run left in them. Errors: one sentence.
[[nodiscard]] Status clear_broker(const app::Config& config);
/// The URL of the broker with its password.
[[nodiscard]] RabbitMqUrl rabbitmq_url(const app::Config& config);

}  // namespace waybill::bench
