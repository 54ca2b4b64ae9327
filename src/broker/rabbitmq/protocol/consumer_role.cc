#include "broker/rabbitmq/protocol/consumer_role.h"

#include <algorithm>
#include <utility>

#include "broker/rabbitmq/protocol/encoder.h"

namespace waybill::rabbitmq {
namespace {

constexpr std::uint16_t kWork = 1;
constexpr std::uint16_t kHelp = 2;
constexpr int kPrefetchMax = 65'535;
/// What was declared so recently need not be declared again before a subscription.
constexpr Duration kFresh{1'000};

ConnectionEnd lost(std::string reason) { return {ConnectionEnd::Kind::kLost, std::move(reason)}; }

/// Bytes that must not stand in a text column (core/message.h).
bool is_binary(const std::string& bytes) { return bytes.find('\0') != std::string::npos || !is_valid_utf8(bytes); }

}  // namespace

ConsumerRole::ConsumerRole(const RabbitMqOptions& options, std::function<Topology()> topology)
    : options_(options),
      topology_(std::move(topology)),
      rpc_(kHelp, options.answer_deadline),
      declaring_(rpc_, options.queue_type),
      assembler_(options.body_max, std::max(options.body_max, kBodyMax)) {}

std::vector<ConsumerEvent> ConsumerRole::take_events() { return std::exchange(events_, {}); }

// ---- the connection -----------------------------------------------------------------------------------------------

void ConsumerRole::on_open(std::size_t /*frame_max*/, MonoTime now, Turn& turn) { declare(now, turn); }

void ConsumerRole::declare(MonoTime now, Turn& turn) {
  state_ = State::kDeclaring;
  const auto done = [this](const Status& outcome, const std::vector<std::string>& notes, MonoTime at, Turn& then) {
    for (const auto& note : notes) events_.emplace_back(Note{note});
    if (outcome.ok()) {
      declared_ = at;
      return open_channel(at, then);
    }
    const bool retry = outcome.error().what == ErrorClass::kRetry;
    then.end_with({retry ? ConnectionEnd::Kind::kLost : ConnectionEnd::Kind::kRefused, outcome.error().message});
  };
  declaring_.start(topology_(), done, now, turn);
}

void ConsumerRole::open_channel(MonoTime now, Turn& turn) {
  state_ = State::kOpening;
  deadline_ = now + options_.answer_deadline;
  encode_channel_open(turn.out, kWork);
}

void ConsumerRole::on_end(const ConnectionEnd& end) {
  go_down(end.reason);
  state_ = State::kDown;
  rpc_.reset();
  declaring_.reset();
}

void ConsumerRole::go_down(const std::string& reason) {
  const bool was_ready = state_ == State::kReady;
  subscriptions_.clear();
  ledger_.clear();
  assembler_.reset();
  if (was_ready) events_.emplace_back(ConsumerDown{reason});
}

// An alarm stops only connections that publish.
void ConsumerRole::on_blocked(const std::string& /*reason*/, MonoTime /*now*/, Turn& /*turn*/) { rpc_.on_blocked(); }
void ConsumerRole::on_unblocked(MonoTime now, Turn& /*turn*/) { rpc_.on_unblocked(now); }

void ConsumerRole::on_tick(MonoTime now, Turn& turn) {
  rpc_.on_tick(now, turn);
  if (state_ == State::kOpening && now >= deadline_) {
    return turn.end_with(lost("the broker did not open a channel in time"));
  }
  for (const auto& [consumer, subscription] : subscriptions_) {
    if (!subscription.deadline || now < *subscription.deadline) continue;
    return turn.end_with(lost("the broker did not answer about queue '" + subscription.queue.value + "' in time"));
  }
}

std::optional<MonoTime> ConsumerRole::next_deadline() const {
  auto at = sooner(rpc_.next_deadline(), state_ == State::kOpening ? std::optional(deadline_) : std::nullopt);
  for (const auto& [consumer, subscription] : subscriptions_) at = sooner(at, subscription.deadline);
  return at;
}

// ---- what the broker says -----------------------------------------------------------------------------------------

void ConsumerRole::on_frame(const Frame& frame, MonoTime now, Turn& turn) {
  if (frame.channel == kWork && frame.kind != FrameKind::kMethod) {
    auto content = assembler_.take(frame);
    if (!content.ok()) return turn.end_with(lost(content.error().message));
    if (*content) return on_content(std::move(**content), turn);
    if (assembler_.too_large() && !rejected_unread_) reject_unread(turn);
    return;
  }
  if (frame.kind != FrameKind::kMethod || (frame.channel != kWork && frame.channel != kHelp)) {
    return turn.end_with(lost("the broker sent a frame on a channel where nothing was asked"));
  }
  auto method = decode_method(frame.payload);
  if (!method.ok()) return turn.end_with(lost(method.error().message));
  if (frame.channel == kHelp) return rpc_.on_method(*method, now, turn);
  on_method(std::move(*method), turn);
}

void ConsumerRole::on_method(Method method, Turn& turn) {
  if (auto* deliver = std::get_if<Deliver>(&method)) return on_deliver(std::move(*deliver), turn);
  if (const auto* close = std::get_if<Close>(&method)) return on_channel_closed(*close, turn);
  if (const auto* consuming = std::get_if<Consuming>(&method)) {
    return on_subscription_answer(consuming->consumer, false, turn);
  }
  if (const auto* cancelled = std::get_if<ConsumerCancelled>(&method)) {
    return on_subscription_answer(cancelled->consumer, true, turn);
  }
  if (const auto* notice = std::get_if<CancelNotice>(&method)) {
    return end_subscription(notice->consumer, "the broker cancelled it: the queue was deleted or has moved");
  }
  if (std::holds_alternative<QosSet>(method)) return;
  if (state_ == State::kOpening && std::holds_alternative<ChannelOpened>(method)) {
    state_ = State::kReady;
    epoch_ += 1;
    events_.emplace_back(ConsumerReady{});
    return;
  }
  turn.end_with(lost("the broker sent a method out of its place"));
}

// The connection goes with it, so that there is a pause before the next attempt: what was refused may be refused again.
void ConsumerRole::on_channel_closed(const Close& close, Turn& turn) {
  encode_channel_close_ok(turn.out, kWork);
  turn.end_with(lost("the broker closed the channel: " + std::to_string(close.code) + " " + close.text));
}

// ---- subscriptions ------------------------------------------------------------------------------------------------

void ConsumerRole::subscribe(const QueueName& queue, int prefetch, MonoTime now, Turn& turn) {
  if (state_ != State::kReady) return;
  const bool subscribed = std::any_of(subscriptions_.begin(), subscriptions_.end(),
                                      [&](const auto& one) { return one.second.queue == queue && one.second.wanted; });
  if (subscribed) return;  // asked before the caller knew of a new life, and again after
  const std::string consumer = "waybill." + std::to_string(++last_consumer_);
  const auto bounded = static_cast<std::uint16_t>(std::clamp(prefetch, 1, kPrefetchMax));
  subscriptions_.emplace(consumer, Subscription{queue, bounded, false, true, std::nullopt});
  const Topology topology = topology_();
  const bool ours = std::any_of(topology.queues.begin(), topology.queues.end(),
                                [&](const QueueDeclaration& declared) { return declared.name == queue; });
  if (!ours || now < declared_ + kFresh || declaring_.running()) return look_for_queue(consumer, now, turn);
  const auto done = [this, consumer](const Status& outcome, const std::vector<std::string>&, MonoTime at, Turn& then) {
    if (!outcome.ok()) return end_subscription(consumer, outcome.error().message);
    declared_ = at;
    look_for_queue(consumer, at, then);
  };
  declaring_.start(topology, done, now, turn);
}

void ConsumerRole::look_for_queue(const std::string& consumer, MonoTime now, Turn& turn) {
  const auto found = subscriptions_.find(consumer);
  if (found == subscriptions_.end()) return;
  const std::string queue = found->second.queue.value;
  const auto encode = [queue](std::string& out, std::uint16_t channel) {
    encode_queue_declare_passive(out, channel, queue);
  };
  const auto done = [this, consumer](const RpcLane::Answer& answer, MonoTime at, Turn& then) {
    if (const auto* close = std::get_if<Close>(&answer)) {
      return end_subscription(consumer, std::to_string(close->code) + " " + close->text);
    }
    consume(consumer, at, then);
  };
  rpc_.ask({"looking for queue '" + queue + "'", encode, done}, now, turn);
}

void ConsumerRole::consume(const std::string& consumer, MonoTime now, Turn& turn) {
  const auto found = subscriptions_.find(consumer);
  if (found == subscriptions_.end()) return;
  if (!found->second.wanted) {
    subscriptions_.erase(found);
    return;
  }
  found->second.consuming = true;
  found->second.deadline = now + options_.answer_deadline;
  encode_qos(turn.out, kWork, found->second.prefetch);
  encode_consume(turn.out, kWork, found->second.queue.value, consumer);
}

void ConsumerRole::end_subscription(const std::string& consumer, const std::string& reason) {
  const auto found = subscriptions_.find(consumer);
  if (found == subscriptions_.end()) return;
  if (found->second.wanted) events_.emplace_back(SubscriptionEnded{found->second.queue, reason});
  subscriptions_.erase(found);
}

void ConsumerRole::on_subscription_answer(const std::string& consumer, bool over, Turn& turn) {
  const auto found = subscriptions_.find(consumer);
  if (over) {
    if (found != subscriptions_.end()) subscriptions_.erase(found);
    return;
  }
  if (found == subscriptions_.end())
    return turn.end_with(lost("the broker answered a subscription that was not asked"));
  if (found->second.wanted) found->second.deadline.reset();
}

void ConsumerRole::cancel(const QueueName& queue, Turn& turn) {
  for (auto& [consumer, subscription] : subscriptions_) {
    if (subscription.queue != queue || !subscription.wanted) continue;
    subscription.wanted = false;
    // One that is still looking for its queue ends by itself.
    if (subscription.consuming) encode_cancel(turn.out, kWork, consumer);
  }
}

// ---- deliveries ---------------------------------------------------------------------------------------------------

void ConsumerRole::on_deliver(Deliver deliver, Turn& turn) {
  if (auto expected = assembler_.expect(); !expected.ok()) return turn.end_with(lost(expected.error().message));
  if (!ledger_.add(deliver.number)) return turn.end_with(lost("the broker counts its deliveries wrongly"));
  if (!subscriptions_.contains(deliver.consumer)) {
    return turn.end_with(lost("the broker delivered to a subscription that does not exist"));
  }
  deliver_ = std::move(deliver);
  rejected_unread_ = false;
}

void ConsumerRole::on_content(Content content, Turn& turn) {
  if (content.too_large) {
    if (!rejected_unread_) reject_unread(turn);
    return;
  }
  const auto found = subscriptions_.find(deliver_.consumer);
  const DeliveryTag tag{epoch_, deliver_.number};
  if (found == subscriptions_.end() || !found->second.wanted) return requeue(tag, turn);  // cancelled meanwhile
  const bool binary = is_binary(content.body);
  events_.emplace_back(Delivery{tag,
                                found->second.queue,
                                {std::move(deliver_.exchange), std::move(deliver_.routing_key)},
                                std::move(content.properties.id),
                                std::move(content.properties.content_type),
                                std::move(content.properties.headers),
                                Body(std::move(content.body), binary),
                                deliver_.redelivered});
}

void ConsumerRole::reject_unread(Turn& turn) {
  rejected_unread_ = true;
  events_.emplace_back(Note{"a delivery from exchange '" + deliver_.exchange + "' is larger than " +
                            std::to_string(options_.body_max) + " bytes: rejected unread"});
  events_.emplace_back(RejectedUnread{});
  reject({epoch_, deliver_.number}, turn);
}

bool ConsumerRole::settle(DeliveryTag tag) {
  return state_ == State::kReady && tag.epoch == epoch_ && ledger_.settle(tag.number);
}

void ConsumerRole::ack(DeliveryTag tag, bool multiple, Turn& turn) {
  if (!multiple) {
    if (settle(tag)) encode_ack(turn.out, kWork, tag.number, false);
    return;
  }
  if (state_ != State::kReady || tag.epoch != epoch_) return;
  if (const auto last = ledger_.settle_up_to(tag.number); last != 0) encode_ack(turn.out, kWork, last, true);
}

void ConsumerRole::requeue(DeliveryTag tag, Turn& turn) {
  if (settle(tag)) encode_requeue(turn.out, kWork, tag.number);
}

void ConsumerRole::reject(DeliveryTag tag, Turn& turn) {
  if (settle(tag)) encode_reject(turn.out, kWork, tag.number);
}

}  // namespace waybill::rabbitmq
