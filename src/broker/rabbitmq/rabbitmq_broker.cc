#include "broker/rabbitmq/rabbitmq_broker.h"

#include <condition_variable>
#include <future>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "broker/rabbitmq/declare_job.h"
#include "broker/rabbitmq/io_thread.h"
#include "broker/rabbitmq/protocol/topology_run.h"
#include "broker/rabbitmq/sessions.h"
#include "broker/rabbitmq/tls.h"
#include "broker/rabbitmq/topology_book.h"

namespace waybill {

using rabbitmq::DeclareJob;
using rabbitmq::SessionCore;

namespace {

/// Topologies that were refused or could not be declared yet; more of them are not remembered.
constexpr std::size_t kPendingMax = 64;

bool same(const QueueDeclaration& a, const QueueDeclaration& b) {
  return a.name == b.name && a.max_messages == b.max_messages && a.dead_letter == b.dead_letter;
}

bool same(const Topology& a, const Topology& b) {
  const auto same_queue = [](const auto& x, const auto& y) { return same(x, y); };
  const auto same_binding = [](const auto& x, const auto& y) { return x.route == y.route && x.queue == y.queue; };
  return a.exchanges == b.exchanges &&
         std::equal(a.queues.begin(), a.queues.end(), b.queues.begin(), b.queues.end(), same_queue) &&
         std::equal(a.bindings.begin(), a.bindings.end(), b.bindings.begin(), b.bindings.end(), same_binding);
}

}  // namespace

struct RabbitMqBroker::State {
  State(RabbitMqOptions given, std::shared_ptr<boost::asio::ssl::context> tls)
      : options(std::move(given)), base{io, options, std::move(tls)} {}
  ~State();

  /// A topology that was asked for and not declared.
  struct Pending {
    Topology topology;
    Status outcome;
    bool running;
  };
  Pending* find_pending(const Topology& topology);
  Status declare_and_wait(const Topology& topology);
  Status declare_again(const Topology& topology);
  /// Unless it is running already. With the mutex held.
  std::shared_future<Status> start(const Topology& topology);
  void note(const Topology& topology, const Status& outcome);
  rabbitmq::EndSession on_session_end();
  void keep(std::shared_ptr<SessionCore> core);

  const RabbitMqOptions options;
  rabbitmq::TopologyBook book;
  rabbitmq::IoThread io;
  const rabbitmq::LinkBase base;
  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::shared_ptr<SessionCore>> cores;  // guarded by mutex
  std::vector<Pending> pending;                  // guarded by mutex
};

RabbitMqBroker::State::~State() {
  {
    std::unique_lock lock(mutex);
    // What the sessions said last is on its way. A broker that does not answer is not waited for longer than that.
    changed.wait_for(lock, options.close_deadline + options.close_deadline / 2, [this] { return cores.empty(); });
  }
  io.stop();
}

RabbitMqBroker::State::Pending* RabbitMqBroker::State::find_pending(const Topology& topology) {
  for (Pending& one : pending) {
    if (same(one.topology, topology)) return &one;
  }
  return nullptr;
}

std::shared_future<Status> RabbitMqBroker::State::start(const Topology& topology) {
  const auto promise = std::make_shared<std::promise<Status>>();
  const auto done = [this, topology, promise](const Status& outcome) {
    note(topology, outcome);
    promise->set_value(outcome);
  };
  io.post([job = std::make_shared<DeclareJob>(base, topology, done)] { job->start(); });
  return promise->get_future().share();
}

void RabbitMqBroker::State::note(const Topology& topology, const Status& outcome) {
  const std::lock_guard lock(mutex);
  Pending* const known = find_pending(topology);
  if (outcome.ok()) {
    book.add(topology);
    std::erase_if(pending, [&](const Pending& one) { return same(one.topology, topology); });
  } else if (known != nullptr) {
    known->outcome = outcome;
    known->running = false;
  } else if (pending.size() < kPendingMax) {
    pending.push_back({topology, outcome, false});
  }
}

// Called from a thread that must not wait: the broker was asked before.
Status RabbitMqBroker::State::declare_again(const Topology& topology) {
  const std::lock_guard lock(mutex);
  Pending* const known = find_pending(topology);
  if (known == nullptr) return ok_status();
  if (!std::exchange(known->running, true)) static_cast<void>(start(topology));  // its outcome is noted
  return known->outcome;
}

Status RabbitMqBroker::State::declare_and_wait(const Topology& topology) {
  const auto outcome = start(topology);
  Status known = make_error(ErrorClass::kRetry, "the broker did not answer in time");
  if (outcome.wait_for(options.declare_deadline) == std::future_status::ready) {
    known = outcome.get();
  } else {
    const std::lock_guard lock(mutex);
    if (find_pending(topology) == nullptr && pending.size() < kPendingMax) pending.push_back({topology, known, true});
  }
  // A broker that is not there learns it from the sessions, as soon as it is.
  if (!known.ok() && known.error().what == ErrorClass::kRetry) book.add(topology);
  return known;
}

void RabbitMqBroker::State::keep(std::shared_ptr<SessionCore> core) {
  {
    const std::lock_guard lock(mutex);
    cores.insert(core);
  }
  io.post([core = std::move(core)] { core->start(); });
}

rabbitmq::EndSession RabbitMqBroker::State::on_session_end() {
  return [this](std::shared_ptr<SessionCore> core) {
    const auto gone = [this, core] {
      // Not from inside the turn of its connection, which ends.
      io.post([this, core] {
        const std::lock_guard lock(mutex);
        cores.erase(core);
        changed.notify_all();
      });
    };
    io.post([core = std::move(core), gone] { core->close(gone); });
  };
}

RabbitMqBroker::RabbitMqBroker(std::unique_ptr<State> state) : state_(std::move(state)) {}
RabbitMqBroker::~RabbitMqBroker() = default;

Result<std::unique_ptr<RabbitMqBroker>> RabbitMqBroker::make(RabbitMqOptions options) {
  auto tls = rabbitmq::make_tls(options);
  if (!tls.ok()) return tls.error();
  return std::unique_ptr<RabbitMqBroker>(
      new RabbitMqBroker(std::make_unique<State>(std::move(options), std::move(*tls))));
}

Status RabbitMqBroker::declare(const Topology& topology) {
  if (Status checked = rabbitmq::check_topology(topology); !checked.ok()) return checked;
  bool known = false;
  {
    const std::lock_guard lock(state_->mutex);
    known = state_->find_pending(topology) != nullptr;
  }
  return known ? state_->declare_again(topology) : state_->declare_and_wait(topology);
}

std::unique_ptr<PublishSession> RabbitMqBroker::open_publisher(PublishEvents& events) {
  auto core = std::make_shared<rabbitmq::PublisherCore>(
      state_->base, [book = &state_->book] { return book->all(); }, events);
  state_->keep(core);
  return std::make_unique<rabbitmq::RabbitMqPublisher>(std::move(core), state_->on_session_end());
}

std::unique_ptr<ConsumeSession> RabbitMqBroker::open_consumer(ConsumeEvents& events) {
  auto core = std::make_shared<rabbitmq::ConsumerCore>(
      state_->base, [book = &state_->book] { return book->all(); }, events);
  state_->keep(core);
  return std::make_unique<rabbitmq::RabbitMqConsumer>(std::move(core), state_->on_session_end());
}

}  // namespace waybill
