// `waybill bench broker`: our client of the broker alone, without a log, against a plain one.
#pragma once

#include "app/config.h"
#include "base/result.h"
#include "bench/report.h"
#include "bench/run_watch.h"

namespace waybill::bench {

struct BrokerBenchOptions {
  int messages = 200'000;
  int size = 512;
  int window = 1'000;  ///< publishes without a confirm
  int prefetch = 2'000;
  int acks_together = 100;  ///< deliveries that one ack answers
  int rounds = 3;           ///< of both clients in turn; the better of each counts
};

/// `config` names a RabbitMQ. Errors: one sentence.
[[nodiscard]] Result<Report> run_broker_bench(const app::Config& config, const BrokerBenchOptions& options,
                                              RunWatch& watch);

}  // namespace waybill::bench
