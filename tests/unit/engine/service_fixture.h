// A service of the engine over a log lane that the test answers by hand, on virtual time.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <utility>

#include "engine/log_health.h"
#include "engine/options.h"
#include "ports/metrics.h"
#include "tests/unit/engine/engine_hands.h"

namespace waybill {

inline const Route kRoute{"ex", "key"};

inline EngineOptions options_of_test() {
  EngineOptions options;
  options.owner = {"me", {7}};
  options.log_identity = "memory";
  options.seed = 1;
  options.routes = std::make_shared<RouteTable>(std::map<Route, QueueName>{{kRoute, {"q"}}});
  return options;
}

class ServiceTest : public ::testing::Test {
 protected:
  void pass(Duration time) { world_.run_until(world_.now() + time); }
  template <class T>
  void answer(Result<Answer> answer) {
    auto asked = lane_.take<T>();
    ASSERT_TRUE(asked.has_value());
    asked->done(std::move(answer));
  }

  SimWorld world_;
  SimNode& loop_ = world_.add_node("me");
  HandLane lane_;
  EngineOptions options_ = options_of_test();
  LogHealth health_{options_.worker.lease, world_.wall()};
  HandBroker broker_;
  NoMetrics metrics_;
};

}  // namespace waybill
