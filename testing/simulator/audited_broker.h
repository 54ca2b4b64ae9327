// A broker adapter that reports to the audit what the engine is told and what it acknowledges.
#pragma once

#include <functional>
#include <memory>

#include "ports/broker.h"
#include "testing/simulator/sim_store.h"

namespace waybill::sim {

struct BrokerWitness {
  std::function<void(const std::string& id, std::int64_t publish_number)> returned;
  std::function<void(const std::string& id, std::int64_t publish_number)> acknowledged;
  std::function<void()> published;   ///< after a publish was handed over
  std::function<void()> before_ack;  ///< an acknowledgement is about to be sent
};

class AuditedBroker final : public Broker {
 public:
  AuditedBroker(std::unique_ptr<Broker> inner, BrokerWitness witness)
      : inner_(std::move(inner)), witness_(std::move(witness)) {}
  [[nodiscard]] Status declare(const Topology& topology) override { return inner_->declare(topology); }
  [[nodiscard]] std::unique_ptr<PublishSession> open_publisher(PublishEvents& events) override;
  [[nodiscard]] std::unique_ptr<ConsumeSession> open_consumer(ConsumeEvents& events) override;
  [[nodiscard]] bool forgets_at_exit() const override { return inner_->forgets_at_exit(); }

 private:
  std::unique_ptr<Broker> inner_;
  BrokerWitness witness_;
};

}  // namespace waybill::sim
