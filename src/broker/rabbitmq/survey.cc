#include "broker/rabbitmq/survey.h"

#include <future>
#include <memory>
#include <random>
#include <utility>

#include "broker/rabbitmq/connection.h"
#include "broker/rabbitmq/io_thread.h"
#include "broker/rabbitmq/link.h"
#include "broker/rabbitmq/protocol/survey_role.h"
#include "broker/rabbitmq/protocol/topology_run.h"
#include "broker/rabbitmq/tls.h"

namespace waybill {
namespace {

using rabbitmq::Connection;
using rabbitmq::ConnectionEnd;
using rabbitmq::LinkBase;
using rabbitmq::SurveyRole;

/// Over the addresses in turn, until one of them answers. Lives on the I/O thread; every step of its connections has a
/// deadline.
class SurveyJob : public std::enable_shared_from_this<SurveyJob> {
 public:
  using Done = std::function<void(Result<BrokerSurvey> survey)>;
  SurveyJob(const LinkBase& base, Topology wanted, std::string probe, Done done)
      : base_(base), wanted_(std::move(wanted)), probe_(std::move(probe)), done_(std::move(done)) {}

  void start() {
    closing_ = false;
    role_ = std::make_unique<SurveyRole>(base_.options, wanted_, probe_);
    const auto self = shared_from_this();
    connection_ =
        Connection::open(base_.io.context(), {base_.options, base_.tls, address()}, *role_,
                         {[self] { self->on_turn(); }, [](std::size_t) {}, [self](const auto&) { self->on_end(); }});
  }

 private:
  [[nodiscard]] const RabbitMqAddress& address() const { return base_.options.url.addresses[place_]; }

  void on_turn() {
    if (!role_->outcome() || !connection_ || std::exchange(closing_, true)) return;
    connection_->close();
  }

  void on_end() {
    connection_.reset();
    // Not from inside the turn of the connection that is ending.
    base_.io.post([self = shared_from_this()] { self->conclude(); });
  }

  void conclude() {
    const Status& outcome = *role_->outcome();
    if (outcome.ok()) {
      BrokerSurvey survey = role_->survey();
      survey.address = address().text();
      return std::exchange(done_, nullptr)(std::move(survey));
    }
    const bool unreachable = outcome.error().what == ErrorClass::kRetry;
    if (unreachable && place_ + 1 < base_.options.url.addresses.size()) {
      place_ += 1;
      return start();
    }
    std::exchange(done_, nullptr)(outcome.error());
  }

  const LinkBase& base_;
  const Topology wanted_;
  const std::string probe_;
  Done done_;
  std::size_t place_ = 0;
  std::unique_ptr<SurveyRole> role_;
  std::shared_ptr<Connection> connection_;
  bool closing_ = false;
};

std::string draw_probe() {
  std::random_device device;
  return "waybill.doctor." + std::to_string(static_cast<std::uint64_t>(device()) << 32U | device());
}

}  // namespace

Result<BrokerSurvey> survey_rabbitmq(const RabbitMqOptions& options, const Topology& wanted) {
  if (Status checked = rabbitmq::check_topology(wanted); !checked.ok()) return checked.error();
  auto tls = rabbitmq::make_tls(options);
  if (!tls.ok()) return tls.error();
  rabbitmq::IoThread io;
  const LinkBase base{io, options, std::move(*tls)};
  std::promise<Result<BrokerSurvey>> promise;
  auto survey = promise.get_future();
  const auto done = [&promise](Result<BrokerSurvey> found) { promise.set_value(std::move(found)); };
  io.post([job = std::make_shared<SurveyJob>(base, wanted, draw_probe(), done)] { job->start(); });
  Result<BrokerSurvey> found = survey.get();
  io.stop();
  return found;
}

}  // namespace waybill
