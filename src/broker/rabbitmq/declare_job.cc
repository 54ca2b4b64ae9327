#include "broker/rabbitmq/declare_job.h"

#include <utility>

#include "base/log.h"

namespace waybill::rabbitmq {

DeclareJob::DeclareJob(const LinkBase& base, Topology topology, Done done)
    : base_(base), topology_(std::move(topology)), done_(std::move(done)) {}

void DeclareJob::start() {
  closing_ = false;
  role_ = std::make_unique<DeclareRole>(base_.options, topology_);
  const auto self = shared_from_this();
  connection_ = Connection::open(
      base_.io.context(), {base_.options, base_.tls, base_.options.url.addresses[address_]}, *role_,
      {[self] { self->on_turn(); }, [](std::size_t) {}, [self](const ConnectionEnd&) { self->on_end(); }});
}

void DeclareJob::on_turn() {
  if (!role_->outcome() || closing_) return;
  if (const auto connection = connection_.lock()) {
    closing_ = true;
    connection->close();
  }
}

void DeclareJob::on_end() {
  connection_.reset();
  const Status outcome = *role_->outcome();
  for (const auto& note : role_->notes()) log_event(LogLevel::kWarning, "rabbitmq", note);
  const bool unreachable = !outcome.ok() && outcome.error().what == ErrorClass::kRetry;
  address_ += 1;
  // Not from inside the turn of the connection that is ending.
  base_.io.post(
      [self = shared_from_this(), outcome, again = unreachable && address_ < base_.options.url.addresses.size()] {
        if (again) return self->start();
        std::exchange(self->done_, nullptr)(outcome);
      });
}

}  // namespace waybill::rabbitmq
