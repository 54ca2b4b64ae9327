// Programs that are not Waybill: they publish into our queue without a mark, with another log's mark, or without an id.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ports/broker.h"
#include "testing/sim_broker.h"
#include "testing/simulator/plan.h"

namespace waybill::sim {

class Stranger final : private PublishEvents {
 public:
  Stranger(SimWorld& world, SimBroker& broker);

  void publish(const MessagePlan& plan, Body body);
  /// An administrator declares what was missing: these routes lead to the external queue from now on.
  void make_routable(const std::vector<Route>& routes);

 private:
  void on_publish_ready() override {}
  void on_blocked(std::string) override {}
  void on_publish_down(std::string) override {}
  void on_returned(PublishTag, int, std::string) override {}
  void on_confirmed(std::vector<PublishTag>, std::vector<PublishTag>) override {}

  SimNode& node_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<PublishSession> session_;
  PublishTag next_tag_ = 1;
};

}  // namespace waybill::sim
