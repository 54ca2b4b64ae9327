// What an instance's engine is told at its start. Defaults are the product's (docs/operations.md).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "core/names.h"
#include "core/outcomes.h"
#include "core/retry_policy.h"
#include "core/route_table.h"
#include "ports/broker.h"

namespace waybill {

struct PublisherOptions {
  Duration grace{2'000};           ///< a row in `sending` is driven again this long after its append or take
  Duration confirm_deadline{900};  ///< under half the grace: without an answer by then, in doubt
  Duration backoff_first{500};     ///< of a route, doubling
  Duration backoff_longest{60'000};
  Duration mark_hold{80};                    ///< a confirm is recorded this late, unless an outcome is recorded first
  std::size_t window = 256;                  ///< publishes in flight, at first
  std::size_t window_max = 1'024;            ///< … and while the broker answers quickly
  std::size_t carry_max = 256U << 10U;       ///< larger bodies for a consumed queue stay in the log: the claim has them
  std::size_t fresh_rows_max = 4'096;        ///< rows waiting in memory after their append; more go by the log
  std::size_t fresh_bytes_max = 16U << 20U;  ///< their bodies
  std::size_t due_rows_max = 512;            ///< taken rows waiting in memory
  std::size_t due_bytes_max = 16U << 20U;    ///< their bodies; with as much no further take is asked for
};

struct WorkerOptions {
  int concurrency = 4;                   ///< handlers at once, while that suffices
  int concurrency_max = 16;              ///< handlers at once when deliveries wait
  int claims_ahead_max = 192;            ///< claims asked for before a handler is free, while handlers end at once
  int prefetch = 256;                    ///< unacknowledged deliveries a queue
  int finishing_max = 1'024;             ///< reported outcomes waiting for their commit
  Duration lease{15'000};                ///< renewed at a third; an effect begins only in its first two thirds
  Duration before_effect{60'000};        ///< handler's deadline until its effect begins
  Duration after_effect{900'000};        ///< handler's deadline once its effect has begun
  Duration early_ack{1'000};             ///< a delivery handled longer is acknowledged: its claim is durable
  Duration no_slot{60'000};              ///< no free slot for so long: give deliveries and unstarted attempts back
  std::size_t bodies_max = 128U << 20U;  ///< bodies from the log in hand at once; a larger one passes alone
  std::size_t body_max = 1U << 20U;      ///< larger bodies are not accepted, from clients or out of others' deliveries
  RetryPolicy retry;                     ///< for rows that bring none
};

struct ReconcilerOptions {
  Duration round{5'000};  ///< how often instances share what they saw of their queues
  Duration idle{60'000};  ///< unused credit and nothing received for so long: what was confirmed before is gone
};

struct EngineOptions {
  Owner owner;
  std::string log_identity;
  std::uint64_t seed = 0;  ///< of tokens and jitter; random in production
  PublisherOptions publisher;
  WorkerOptions worker;
  ReconcilerOptions reconciler;
  Duration poll{200};
  int crash_limit = 5;  ///< 0: never
  UnknownPolicy unknown = UnknownPolicy::kRetry;
  std::optional<Route> dead_letter;  ///< none on the embedded broker: the row is the dead letter
  std::shared_ptr<const RouteTable> routes = std::make_shared<RouteTable>();
  std::vector<QueueName> queues;  ///< consumed by this instance
  Topology topology;
  Duration write_deadline{5'000};  ///< for the engine's own writes; unanswered ones are submitted again
  Duration prune_age = std::chrono::hours(24 * 7);
  bool relay = true;                 ///< publishes, redelivers, reconciles and prunes; false: only records
  bool former_boot_is_dead = false;  ///< proven: attempts of earlier boots of this instance lapse at once
};

}  // namespace waybill
