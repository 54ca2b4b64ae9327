#include "broker/inprocess/broker_core.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace waybill::inprocess {

struct BrokerCore::Queue {
  Queue(QueueDeclaration declaration, std::size_t max_bytes)
      : name(declaration.name), messages(std::move(declaration), max_bytes) {}

  QueueName name;
  MessageQueue messages;
  std::vector<Queue*> itself{this};  // what the default exchange leads to
  std::vector<Subscription*> consumers;
  std::size_t next_consumer = 0;
};

struct BrokerCore::Channel {
  explicit Channel(DeliverySink& to) : sink(to) {}

  [[nodiscard]] Subscription* find(const Queue& queue) const {
    for (const auto& subscription : subscriptions) {
      if (subscription->queue == &queue) return subscription.get();
    }
    return nullptr;
  }

  DeliverySink& sink;
  std::uint64_t last_number = 0;
  std::map<std::uint64_t, Held> held;
  std::vector<std::unique_ptr<Subscription>> subscriptions;
};

BrokerCore::BrokerCore(std::size_t max_queue_bytes) : max_queue_bytes_(max_queue_bytes) {}
BrokerCore::~BrokerCore() = default;

// ---- topology -----------------------------------------------------------------------------------------------------

Status BrokerCore::declare(const Topology& topology) {
  if (auto refused = check(topology); !refused) return refused;
  for (const std::string& exchange : topology.exchanges) exchanges_.try_emplace(exchange);
  for (const QueueDeclaration& declaration : topology.queues) {
    if (queue(declaration.name.value) != nullptr) continue;
    auto made = std::make_unique<Queue>(declaration, max_queue_bytes_);
    in_declared_order_.push_back(made.get());
    queues_.emplace(declaration.name.value, std::move(made));
  }
  for (const Binding& binding : topology.bindings) {
    if (binding.route.exchange.empty()) continue;  // the default exchange leads there already
    auto& bound = exchanges_[binding.route.exchange][binding.route.routing_key];
    Queue* const target = queue(binding.queue.value);
    if (std::find(bound.begin(), bound.end(), target) == bound.end()) bound.push_back(target);
  }
  return ok_status();
}

Status BrokerCore::check(const Topology& topology) const {
  const auto& exchanges = topology.exchanges;
  if (std::find(exchanges.begin(), exchanges.end(), "") != exchanges.end()) {
    return make_error(ErrorClass::kPermanent, "the default exchange exists already: an exchange needs a name");
  }
  for (const QueueDeclaration& declaration : topology.queues) {
    if (auto refused = check_queue(declaration); !refused) return refused;
  }
  for (const auto& [route, target] : topology.bindings) {
    const bool declared_now = std::any_of(topology.queues.begin(), topology.queues.end(),
                                          [&, &name = target](const auto& other) { return other.name == name; });
    if (!declared_now && queue(target.value) == nullptr) {
      return make_error(ErrorClass::kNotFound, "binding to queue '" + target.value + "', which does not exist");
    }
    if (route.exchange.empty()) {
      if (route.routing_key == target.value) continue;
      return make_error(ErrorClass::kPermanent,
                        "the default exchange leads to the queue that the key names and takes no other binding");
    }
    if (exchanges_.count(route.exchange) == 0 &&
        std::find(exchanges.begin(), exchanges.end(), route.exchange) == exchanges.end()) {
      return make_error(ErrorClass::kNotFound, "binding to exchange '" + route.exchange + "', which does not exist");
    }
  }
  return ok_status();
}

Status BrokerCore::check_queue(const QueueDeclaration& declaration) const {
  if (declaration.name.value.empty()) return make_error(ErrorClass::kPermanent, "a queue needs a name");
  if (declaration.max_messages == 0) {
    return make_error(ErrorClass::kPermanent,
                      "queue '" + declaration.name.value + "': max_messages is 0, the least is 1");
  }
  const Queue* const existing = queue(declaration.name.value);
  if (existing == nullptr) return ok_status();
  const QueueDeclaration& before = existing->messages.declaration();
  if (before.max_messages == declaration.max_messages && before.dead_letter == declaration.dead_letter) {
    return ok_status();
  }
  return make_error(ErrorClass::kConflict, "queue '" + declaration.name.value +
                                               "' exists with another max_messages or dead-letter route; declare it "
                                               "as it is or under another name");
}

bool BrokerCore::unbind(const Binding& binding) {
  const auto keys = exchanges_.find(binding.route.exchange);
  if (keys == exchanges_.end()) return false;
  const auto bound = keys->second.find(binding.route.routing_key);
  return bound != keys->second.end() && std::erase(bound->second, queue(binding.queue.value)) > 0;
}

bool BrokerCore::remove_exchange(const std::string& exchange) { return exchanges_.erase(exchange) > 0; }

BrokerCore::Queue* BrokerCore::queue(const std::string& name) const {
  const auto found = queues_.find(name);
  return found == queues_.end() ? nullptr : found->second.get();
}

const std::vector<BrokerCore::Queue*>* BrokerCore::lookup(const Route& route) const {
  static const std::vector<Queue*> kNowhere;
  if (route.exchange.empty()) {
    const Queue* const named = queue(route.routing_key);
    return named == nullptr ? &kNowhere : &named->itself;
  }
  const auto keys = exchanges_.find(route.exchange);
  if (keys == exchanges_.end()) return nullptr;
  const auto bound = keys->second.find(route.routing_key);
  return bound == keys->second.end() ? &kNowhere : &bound->second;
}

// ---- messages -----------------------------------------------------------------------------------------------------

Routing BrokerCore::publish(ContentPtr content) {
  const auto* const targets = lookup(content->route);
  if (targets == nullptr) return Routing::kNoExchange;
  if (targets->empty()) return Routing::kNoRoute;
  for (Queue* const target : *targets) enqueue(*target, content);
  return Routing::kQueued;
}

Routing BrokerCore::routing(const Route& route) const {
  const auto* const targets = lookup(route);
  if (targets == nullptr) return Routing::kNoExchange;
  return targets->empty() ? Routing::kNoRoute : Routing::kQueued;
}

bool BrokerCore::push_again(const QueueName& name, ContentPtr content) {
  Queue* const target = queue(name.value);
  if (target == nullptr) return false;
  enqueue(*target, std::move(content), true);
  return true;
}

void BrokerCore::enqueue(Queue& target, ContentPtr content, bool redelivered) {
  const bool was_full = target.messages.full();
  target.messages.push(std::move(content), redelivered);
  if (target.messages.full() && !was_full) full_queues_ += 1;
  hand_out(target);
}

std::size_t BrokerCore::purge(const QueueName& name) {
  Queue* const target = queue(name.value);
  if (target == nullptr) return 0;
  const bool was_full = target->messages.full();
  const auto dropped = target->messages.purge();
  if (was_full && !target->messages.full()) full_queues_ -= 1;
  return dropped;
}

const MessageQueue* BrokerCore::find(const QueueName& name) const {
  const Queue* const found = queue(name.value);
  return found == nullptr ? nullptr : &found->messages;
}

const MessageQueue* BrokerCore::full_queue() const {
  for (const Queue* const candidate : in_declared_order_) {
    if (candidate->messages.full()) return &candidate->messages;
  }
  return nullptr;
}

// ---- consumers ----------------------------------------------------------------------------------------------------

ChannelId BrokerCore::open(DeliverySink& sink) {
  channels_.emplace(++last_channel_, std::make_unique<Channel>(sink));
  return ChannelId{last_channel_};
}

BrokerCore::Channel* BrokerCore::channel(ChannelId id) const {
  const auto found = channels_.find(static_cast<std::uint64_t>(id));
  return found == channels_.end() ? nullptr : found->second.get();
}

std::size_t BrokerCore::close(ChannelId id) {
  auto closing = channels_.extract(static_cast<std::uint64_t>(id));
  if (closing.empty()) return 0;
  Channel& closed = *closing.mapped();
  for (const auto& subscription : closed.subscriptions) std::erase(subscription->queue->consumers, subscription.get());
  // The last first: each then goes to the very front of what waits.
  for (auto held = closed.held.rbegin(); held != closed.held.rend(); ++held) {
    held->second.subscription->queue->messages.put_back(std::move(held->second.entry));
  }
  for (const auto& subscription : closed.subscriptions) hand_out(*subscription->queue);
  return closed.held.size();
}

bool BrokerCore::subscribe(ChannelId id, const QueueName& name, int prefetch) {
  Channel* const subscriber = channel(id);
  Queue* const from = queue(name.value);
  if (subscriber == nullptr || from == nullptr) return false;
  Subscription* subscription = subscriber->find(*from);
  if (subscription == nullptr) {
    subscriber->subscriptions.push_back(
        std::make_unique<Subscription>(Subscription{subscriber, from, prefetch, 0, false}));
    subscription = subscriber->subscriptions.back().get();
  }
  if (!subscription->active) from->consumers.push_back(subscription);
  subscription->active = true;
  subscription->prefetch = std::max(prefetch, 1);
  hand_out(*from);
  return true;
}

bool BrokerCore::cancel(ChannelId id, const QueueName& name) {
  const Channel* const subscriber = channel(id);
  Queue* const from = queue(name.value);
  if (subscriber == nullptr || from == nullptr) return false;
  Subscription* const subscription = subscriber->find(*from);
  if (subscription == nullptr || !subscription->active) return false;
  subscription->active = false;
  std::erase(from->consumers, subscription);
  return true;
}

BrokerCore::Subscription* BrokerCore::next_with_credit(Queue& from) {
  const auto count = from.consumers.size();
  for (std::size_t tried = 0; tried < count; ++tried) {
    Subscription* const candidate = from.consumers[(from.next_consumer + tried) % count];
    if (candidate->held >= candidate->prefetch) continue;
    from.next_consumer = (from.next_consumer + tried + 1) % count;
    return candidate;
  }
  return nullptr;
}

void BrokerCore::hand_out(Queue& from) {
  while (from.messages.has_waiting()) {
    Subscription* const to = next_with_credit(from);
    if (to == nullptr) return;
    to->held += 1;
    Channel& receiver = *to->channel;
    const auto number = ++receiver.last_number;
    const auto& held = receiver.held.emplace_hint(receiver.held.end(), number, Held{to, from.messages.take()})->second;
    receiver.sink.deliver(number, from.name, held.entry);
  }
}

void BrokerCore::ack(ChannelId id, std::uint64_t number, bool multiple) {
  Channel* const from = channel(id);
  if (from == nullptr) return;
  const auto last = from->held.find(number);
  const auto end = multiple ? from->held.upper_bound(number) : (last == from->held.end() ? last : std::next(last));
  const auto begin = multiple ? from->held.begin() : last;
  for (auto held = begin; held != end; ++held) settle(held->second);
  from->held.erase(begin, end);
  for (const auto& subscription : from->subscriptions) hand_out(*subscription->queue);
}

void BrokerCore::settle(const Held& held) {
  Queue& from = *held.subscription->queue;
  const bool was_full = from.messages.full();
  from.messages.settle(held.entry);
  if (was_full && !from.messages.full()) full_queues_ -= 1;
  held.subscription->held -= 1;
}

void BrokerCore::requeue(ChannelId id, std::uint64_t number) {
  Channel* const from = channel(id);
  if (from == nullptr) return;
  auto taken = from->held.extract(number);
  if (taken.empty()) return;
  Subscription& subscription = *taken.mapped().subscription;
  subscription.held -= 1;
  subscription.queue->messages.put_back(std::move(taken.mapped().entry));
  hand_out(*subscription.queue);
}

void BrokerCore::reject(ChannelId id, std::uint64_t number) {
  Channel* const from = channel(id);
  if (from == nullptr) return;
  const auto taken = from->held.extract(number);
  if (taken.empty()) return;
  settle(taken.mapped());
  dead_letter(*taken.mapped().subscription->queue, *taken.mapped().entry.content);
  hand_out(*taken.mapped().subscription->queue);
}

void BrokerCore::dead_letter(const Queue& from, const Content& content) {
  const std::optional<Route>& route = from.messages.declaration().dead_letter;
  if (!route) return;
  const auto* const targets = lookup(*route);
  if (targets == nullptr) return;
  auto copy = std::make_shared<Content>(content);
  copy->route = *route;
  for (Queue* const target : *targets) {
    // Perhaps nobody reads the dead letters: a queue full of them must not block all publishers for ever.
    if (target->messages.has_room_for(*copy)) enqueue(*target, copy);
  }
}

}  // namespace waybill::inprocess
