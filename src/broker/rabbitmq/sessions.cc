#include "broker/rabbitmq/sessions.h"

#include <utility>

#include "base/log.h"

namespace waybill::rabbitmq {
namespace {

constexpr const char* kComponent = "rabbitmq";

void tell_note(const Note& note) { log_event(LogLevel::kWarning, kComponent, note.text); }

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

// ---- publishing ---------------------------------------------------------------------------------------------------

PublisherCore::PublisherCore(const LinkBase& base, std::function<Topology()> topology, PublishEvents& events)
    : base_(base),
      listener_(events),
      role_(base.options, std::move(topology)),
      link_(base, "publishing", role_, {[this] { tell(); }, [this](std::size_t bytes) { role_.on_unsent(bytes); }}) {}

bool PublisherCore::publish(std::span<const Outgoing> batch) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    if (!ready_) return false;
    first = inbox_.empty();
    inbox_.insert(inbox_.end(), batch.begin(), batch.end());
  }
  if (first && !batch.empty()) base_.io.post([self = shared_from_this()] { self->empty_inbox(); });
  return true;
}

void PublisherCore::empty_inbox() {
  std::vector<Outgoing> batch;
  {
    const std::lock_guard lock(mutex_);
    batch.swap(inbox_);
  }
  if (batch.empty()) return;
  link_.act([&](MonoTime now, Turn& turn) { role_.publish(batch, now, turn); });
}

void PublisherCore::close(std::function<void()> done) {
  empty_inbox();
  link_.close(std::move(done));
}

// What was taken before the session went down must be covered by the event that says so, so both happen under one lock.
void PublisherCore::set_ready(bool ready) {
  const std::lock_guard lock(mutex_);
  ready_ = ready;
}

void PublisherCore::tell() {
  for (auto& event : role_.take_events()) {
    std::visit(Overloaded{
                   [&](const PublisherReady&) {
                     set_ready(true);
                     listener_.tell([](PublishEvents& to) { to.on_publish_ready(); });
                   },
                   [&](PublisherBlocked& blocked) {
                     set_ready(false);
                     listener_.tell([&](PublishEvents& to) { to.on_blocked(std::move(blocked.reason)); });
                   },
                   [&](PublisherDown& down) {
                     {
                       const std::lock_guard lock(mutex_);
                       ready_ = false;
                       inbox_.clear();
                     }
                     listener_.tell([&](PublishEvents& to) { to.on_publish_down(std::move(down.reason)); });
                   },
                   [&](PublishReturned& returned) {
                     listener_.tell([&](PublishEvents& to) {
                       to.on_returned(returned.tag, returned.code, std::move(returned.text));
                     });
                   },
                   [&](PublishesConfirmed& confirmed) {
                     listener_.tell([&](PublishEvents& to) {
                       to.on_confirmed(std::move(confirmed.acked), std::move(confirmed.nacked));
                     });
                   },
                   [](const Note& note) { tell_note(note); },
               },
               event);
  }
}

RabbitMqPublisher::~RabbitMqPublisher() {
  core_->silence();
  end_(std::move(core_));
}

// ---- consuming ----------------------------------------------------------------------------------------------------

ConsumerCore::ConsumerCore(const LinkBase& base, std::function<Topology()> topology, ConsumeEvents& events)
    : base_(base),
      listener_(events),
      role_(base.options, std::move(topology)),
      link_(base, "consuming", role_, {[this] { tell(); }, [](std::size_t) {}}) {}

void ConsumerCore::ask(Command command) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = inbox_.empty();
    inbox_.push_back(std::move(command));
  }
  if (first) base_.io.post([self = shared_from_this()] { self->empty_inbox(); });
}

void ConsumerCore::empty_inbox() {
  std::vector<Command> commands;
  {
    const std::lock_guard lock(mutex_);
    commands.swap(inbox_);
  }
  if (commands.empty()) return;
  link_.act([&](MonoTime now, Turn& turn) {
    for (const Command& command : commands) {
      std::visit(Overloaded{
                     [&](const Subscribe& asked) { role_.subscribe(asked.queue, asked.prefetch, now, turn); },
                     [&](const Cancel& asked) { role_.cancel(asked.queue, turn); },
                     [&](const Acknowledge& asked) { role_.ack(asked.tag, asked.multiple, turn); },
                     [&](const Requeue& asked) { role_.requeue(asked.tag, turn); },
                     [&](const Reject& asked) { role_.reject(asked.tag, turn); },
                 },
                 command);
    }
  });
}

void ConsumerCore::close(std::function<void()> done) {
  empty_inbox();  // the last acknowledgements count
  link_.close(std::move(done));
}

void ConsumerCore::tell() {
  for (auto& event : role_.take_events()) {
    std::visit(Overloaded{
                   [&](const ConsumerReady&) { listener_.tell([](ConsumeEvents& to) { to.on_consume_ready(); }); },
                   [&](ConsumerDown& down) {
                     listener_.tell([&](ConsumeEvents& to) { to.on_consume_down(std::move(down.reason)); });
                   },
                   [&](SubscriptionEnded& ended) {
                     listener_.tell(
                         [&](ConsumeEvents& to) { to.on_cancelled(std::move(ended.queue), std::move(ended.reason)); });
                   },
                   [&](Delivery& delivery) {
                     listener_.tell([&](ConsumeEvents& to) { to.on_delivery(std::move(delivery)); });
                   },
                   [&](const RejectedUnread&) { listener_.tell([](ConsumeEvents& to) { to.on_rejected_unread(); }); },
                   [](const Note& note) { tell_note(note); },
               },
               event);
  }
}

RabbitMqConsumer::~RabbitMqConsumer() {
  core_->silence();
  end_(std::move(core_));
}

}  // namespace waybill::rabbitmq
