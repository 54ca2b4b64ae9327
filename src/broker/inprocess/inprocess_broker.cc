#include "broker/inprocess/inprocess_broker.h"

#include "broker/inprocess/sessions.h"
#include "broker/inprocess/shared_state.h"

namespace waybill {

InProcessBroker::InProcessBroker(Loop& loop, InProcessOptions options)
    : state_(std::make_shared<inprocess::SharedState>(loop, options.max_queue_bytes)) {}

InProcessBroker::~InProcessBroker() = default;

Status InProcessBroker::declare(const Topology& topology) {
  const std::lock_guard lock(state_->mutex);
  return state_->core.declare(topology);
}

std::unique_ptr<PublishSession> InProcessBroker::open_publisher(PublishEvents& events) {
  return std::make_unique<inprocess::InProcessPublisher>(state_, events);
}

std::unique_ptr<ConsumeSession> InProcessBroker::open_consumer(ConsumeEvents& events) {
  return std::make_unique<inprocess::InProcessConsumer>(state_, events);
}

}  // namespace waybill
