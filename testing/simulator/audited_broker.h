// A broker adapter that reports to the audit what the engine is told and what it publishes, acknowledges and rejects.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/headers.h"
#include "ports/broker.h"
#include "testing/simulator/sim_store.h"

namespace waybill::sim {

/// A delivery that the engine has not settled yet.
struct HeldDelivery {
  std::string id;
  Body body;
  std::optional<Mark> mark;
};

/// Each publish is named by its message and its number.
struct BrokerWitness {
  std::function<void(const std::string& id, std::int64_t publish_number)> taken;  ///< the session took the publish
  std::function<void(const std::string& id, std::int64_t publish_number, const Route&, int code)> returned;
  std::function<void(const std::string& id, std::int64_t publish_number)> confirmed;  ///< by an ack
  std::function<void(const HeldDelivery&)> acknowledged;
  std::function<void(const HeldDelivery&)> rejected;
  std::function<void()> published;   ///< after publishes were handed over
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
