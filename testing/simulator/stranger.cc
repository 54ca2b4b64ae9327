#include "testing/simulator/stranger.h"

#include <utility>

#include "core/headers.h"

namespace waybill::sim {

Stranger::Stranger(SimWorld& world, SimBroker& broker)
    : node_(world.add_node("stranger")), broker_(broker.attach(node_)), session_(broker_->open_publisher(*this)) {}

void Stranger::publish(const MessagePlan& plan, Body body) {
  Outgoing outgoing;
  outgoing.tag = next_tag_++;
  outgoing.route = kConsumed;
  if (plan.entry != MessagePlan::Entry::kWithoutId) outgoing.id = MessageId{plan.id};
  outgoing.body = std::move(body);
  if (plan.entry == MessagePlan::Entry::kOtherLog) {
    Message message;
    message.route = kConsumed;
    outgoing.headers = with_mark(message, Mark{"another-log", 1, SimWorld::kWallStart, std::nullopt, 0});
  }
  // Best effort, as a careless program does it: while the broker is down the message is simply lost.
  [[maybe_unused]] const bool taken = session_->publish(std::span(&outgoing, 1));
}

void Stranger::make_routable(const std::vector<Route>& routes) {
  Topology topology;
  for (const Route& route : routes) {
    topology.exchanges.push_back(route.exchange);
    topology.bindings.push_back({route, kExternalQueue});
  }
  [[maybe_unused]] const Status declared = broker_->declare(topology);  // a broker in memory refuses nothing
}

}  // namespace waybill::sim
