#include "testing/simulator/instance.h"

#include <utility>

namespace waybill::sim {
namespace {

EngineOptions options_of(const Plan& plan, const std::string& name, std::uint64_t boot, bool former_is_dead,
                         const Lies& lies) {
  EngineOptions options = plan.options;
  options.owner = Owner{name, BootNonce{boot}};
  options.seed = plan.seed * 0x9e3779b97f4a7c15U + boot * 0xbf58476d1ce4e5b9U;
  options.former_boot_is_dead = former_is_dead;
  if (lies.one_handler_too_many) options.worker.concurrency = ++options.worker.concurrency_max;
  if (plan.narrow_first_node && name == "n0") options.worker.body_max = kNarrowBody;
  return options;
}

}  // namespace

Life::Life(const Surroundings& around, std::string name, std::uint64_t boot, bool former_is_dead,
           std::function<void()> crash)
    : loop_(around.world.add_node(name + "/" + std::to_string(boot))),
      options_(options_of(around.plan, name, boot, former_is_dead, around.lies)),
      health_(options_.worker.lease, around.clock),
      lane_(loop_, around.store, health_),
      told_(loop_, lane_, around.lies),
      deliveries_(around.audit, around.store, options_),
      handlers_(loop_, around.plan, options_, around.audit, around.script, around.probe, std::move(crash), around.lies),
      broker_(make_lying_broker(std::make_unique<AuditedBroker>(around.broker.attach(loop_), witness(around)),
                                around.lies)),
      node_(std::make_unique<Node>(Node::Parts{loop_, told_, health_, *broker_, &handlers_, around.clock, metrics_},
                                   options_, around.faults)) {
  // A refused declaration (the broker is down) is repeated by the sessions' own reconnecting in a real adapter.
  if (const Status started = node_->start(); !started.ok()) around.audit.violation("start: " + started.error().message);
}

BrokerWitness Life::witness(const Surroundings& around) {
  BrokerWitness witness;
  Audit& audit = around.audit;
  MemoryLog& log = around.store.log();
  witness.taken = [&audit, &log](const std::string& id, std::int64_t number) {
    const auto row = log.find(MessageId{id}, false);
    audit.published(id, number, *row ? &**row : nullptr);
  };
  witness.returned = [&audit](const std::string& id, std::int64_t number, const Route& route, int code) {
    audit.returned(id, number);
    // To this route a queue is bound unless a fault took that away.
    if (route == kConsumed) audit.happened(code == 404 ? Fault::kExchangeGone : Fault::kUnbind);
  };
  witness.confirmed = [&audit](const std::string& id, std::int64_t number) { audit.confirmed(id, number); };
  witness.acknowledged = [this](const HeldDelivery& delivery) { deliveries_.acknowledged(delivery); };
  witness.rejected = [this](const HeldDelivery& delivery) { deliveries_.rejected(delivery); };
  witness.published = [this, probe = around.probe] { probe(loop_, CrashPoint::kAfterPublish); };
  witness.before_ack = [this, probe = around.probe] { probe(loop_, CrashPoint::kBeforeAck); };
  return witness;
}

}  // namespace waybill::sim
