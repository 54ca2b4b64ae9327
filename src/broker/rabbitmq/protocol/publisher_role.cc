#include "broker/rabbitmq/protocol/publisher_role.h"

#include <algorithm>
#include <utility>

#include "broker/rabbitmq/protocol/encoder.h"
#include "core/headers.h"

namespace waybill::rabbitmq {
namespace {

constexpr std::uint16_t kWork = 1;
constexpr std::uint16_t kHelp = 2;
constexpr std::uint16_t kTrial = 3;
constexpr int kAccessRefused = 403;
constexpr int kNotFound = 404;
constexpr std::size_t kProvenMax = 4'096;
constexpr std::size_t kSuspectsMax = 4'096;
/// A message that leads nowhere may mean that somebody removed what we declared.
constexpr Duration kRepairEvery{1'000};
constexpr Duration kRenewEvery{1'000};
/// Other routes must not wait long for a queue that answers nobody.
constexpr Duration kDrainAtMost{500};

/// The texts of 404 and 403 name what is missing or forbidden.
bool names_exchange(const std::string& text, const std::string& exchange) {
  return text.find("exchange '" + exchange + "'") != std::string::npos;
}

ConnectionEnd lost(std::string reason) { return {ConnectionEnd::Kind::kLost, std::move(reason)}; }

}  // namespace

PublisherRole::PublisherRole(const RabbitMqOptions& options, std::function<Topology()> topology)
    : options_(options),
      topology_(std::move(topology)),
      rpc_(kHelp, options.answer_deadline),
      declaring_(rpc_, options.queue_type),
      trial_(kTrial, options.answer_deadline) {}

std::vector<PublisherEvent> PublisherRole::take_events() {
  if (!acked_.empty() || !nacked_.empty()) {
    events_.emplace_back(PublishesConfirmed{std::exchange(acked_, {}), std::exchange(nacked_, {})});
  }
  return std::exchange(events_, {});
}

// ---- the connection -----------------------------------------------------------------------------------------------

void PublisherRole::on_open(std::size_t frame_max, MonoTime now, Turn& turn) {
  frame_max_ = frame_max;
  trial_.set_frame_max(frame_max);
  declare(now, turn);
}

void PublisherRole::declare(MonoTime now, Turn& turn) {
  state_ = State::kDeclaring;
  repair_at_ = now + kRepairEvery;
  const auto done = [this](const Status& outcome, const std::vector<std::string>& notes, MonoTime at, Turn& then) {
    for (const auto& note : notes) events_.emplace_back(Note{note});
    if (outcome.ok()) return open_channel(at, then);
    const bool retry = outcome.error().what == ErrorClass::kRetry;
    then.end_with({retry ? ConnectionEnd::Kind::kLost : ConnectionEnd::Kind::kRefused, outcome.error().message});
  };
  declaring_.reset();
  declaring_.start(topology_(), done, now, turn);
}

void PublisherRole::open_channel(MonoTime now, Turn& turn) {
  state_ = State::kOpening;
  deadline_ = now + options_.answer_deadline;
  encode_channel_open(turn.out, kWork);
  encode_confirm_select(turn.out, kWork);
}

void PublisherRole::repair_topology(MonoTime now, Turn& turn) {
  if (now < repair_at_ || declaring_.running() || state_ != State::kReady) return;
  repair_at_ = now + kRepairEvery;
  const auto done = [this](const Status& outcome, const std::vector<std::string>&, MonoTime, Turn&) {
    if (!outcome.ok()) events_.emplace_back(Note{"the topology cannot be mended: " + outcome.error().message});
  };
  declaring_.start(topology_(), done, now, turn);
}

void PublisherRole::on_end(const ConnectionEnd& end) {
  if (end.by_publish) suspect(ring_.open_ids());
  go_down(end.reason);
  state_ = State::kDown;
  alarm_ = false;
  unsent_ = 0;
  rpc_.reset();
  declaring_.reset();
  trial_.reset();
  proven_.clear();
}

void PublisherRole::go_down(const std::string& reason) {
  const bool was_ready = is_up();
  ring_.clear();
  held_.clear();
  returned_.reset();
  trial_.abandon();
  full_ = false;
  if (!was_ready) return;
  // What was answered before is no longer in doubt.
  if (!acked_.empty() || !nacked_.empty()) {
    events_.emplace_back(PublishesConfirmed{std::exchange(acked_, {}), std::exchange(nacked_, {})});
  }
  events_.emplace_back(PublisherDown{reason});
}

void PublisherRole::on_blocked(const std::string& reason, MonoTime /*now*/, Turn& /*turn*/) {
  alarm_ = true;
  rpc_.on_blocked();
  trial_.on_blocked();
  if (is_up()) events_.emplace_back(PublisherBlocked{"the broker is short of resources: " + reason});
}

void PublisherRole::on_unblocked(MonoTime now, Turn& /*turn*/) {
  alarm_ = false;
  rpc_.on_unblocked(now);
  trial_.on_unblocked(now);
  deadline_ = now + options_.answer_deadline;
  if (is_up() && !full_) events_.emplace_back(PublisherReady{});
}

void PublisherRole::on_tick(MonoTime now, Turn& turn) {
  rpc_.on_tick(now, turn);
  if (auto verdict = trial_.on_tick(now, turn)) on_verdict(*verdict, now, turn);
  const auto due = channel_deadline();
  if (!due || now < *due) return;
  if (state_ != State::kDraining) return turn.end_with(lost("the broker did not open a channel in time"));
  state_ = State::kReady;
  renew_at_ = now + kRenewEvery;
  go_on_with_held(turn);
}

std::optional<MonoTime> PublisherRole::channel_deadline() const {
  const bool waits_for_channel = state_ == State::kOpening || state_ == State::kRenewing;
  return state_ == State::kDraining || (waits_for_channel && !alarm_) ? std::optional(deadline_) : std::nullopt;
}

std::optional<MonoTime> PublisherRole::next_deadline() const {
  return sooner(channel_deadline(), sooner(rpc_.next_deadline(), trial_.next_deadline()));
}

// ---- what the broker says -----------------------------------------------------------------------------------------

void PublisherRole::on_frame(const Frame& frame, MonoTime now, Turn& turn) {
  if (frame.channel == kTrial) {
    if (auto verdict = trial_.on_frame(frame, now, turn)) on_verdict(*verdict, now, turn);
    return trial_.go_on(now, turn);
  }
  if (frame.channel == kWork && frame.kind != FrameKind::kMethod) {
    const auto content = returned_.take(frame);
    if (!content.ok()) return turn.end_with(lost(content.error().message));
    if (*content) on_return_content(**content, now, turn);
    return;
  }
  if (frame.kind != FrameKind::kMethod || (frame.channel != kWork && frame.channel != kHelp)) {
    return turn.end_with(lost("the broker sent a frame on a channel where nothing was asked"));
  }
  auto method = decode_method(frame.payload);
  if (!method.ok()) return turn.end_with(lost(method.error().message));
  if (frame.channel == kHelp) return rpc_.on_method(*method, now, turn);
  on_method(std::move(*method), now, turn);
}

void PublisherRole::on_method(Method method, MonoTime now, Turn& turn) {
  if (const auto* ack = std::get_if<Ack>(&method)) return on_answer(ack->number, ack->multiple, true, now, turn);
  if (const auto* nack = std::get_if<Nack>(&method)) return on_answer(nack->number, nack->multiple, false, now, turn);
  if (auto* returned = std::get_if<Returned>(&method)) {
    return_ = std::move(*returned);
    if (auto expected = returned_.expect(); !expected.ok()) turn.end_with(lost(expected.error().message));
    return;
  }
  if (const auto* close = std::get_if<Close>(&method)) return on_channel_closed(*close, now, turn);
  const bool opening = state_ == State::kOpening || state_ == State::kRenewing;
  if (opening && std::holds_alternative<ChannelOpened>(method)) return;
  if (opening && std::holds_alternative<ConfirmSelected>(method)) return on_channel_ready(turn);
  if (state_ == State::kRenewing && std::holds_alternative<Closed>(method)) {
    encode_channel_open(turn.out, kWork);
    encode_confirm_select(turn.out, kWork);
    return;
  }
  turn.end_with(lost("the broker sent a method out of its place"));
}

void PublisherRole::on_channel_ready(Turn& turn) {
  const bool renewed = std::exchange(state_, State::kReady) == State::kRenewing;
  if (renewed) return go_on_with_held(turn);
  events_.emplace_back(PublisherReady{});
  if (alarm_) events_.emplace_back(PublisherBlocked{"the broker is short of resources"});
}

void PublisherRole::on_channel_closed(const Close& close, MonoTime now, Turn& turn) {
  encode_channel_close_ok(turn.out, kWork);
  const std::string reason = "the broker closed the channel: " + std::to_string(close.code) + " " + close.text;
  if (state_ != State::kReady && state_ != State::kDraining) return turn.end_with(lost(reason));
  // A missing exchange is found by trying; of anything else a message is the cause.
  if (close.code != kNotFound && close.code != kAccessRefused) suspect(ring_.open_ids());
  go_down(reason);
  if (std::erase_if(proven_, [&](const auto& name) { return names_exchange(close.text, name); }) == 0) proven_.clear();
  if (declaring_.running()) return turn.end_with(lost(reason));
  declare(now, turn);
}

void PublisherRole::on_return_content(const Content& content, MonoTime now, Turn& turn) {
  const auto tag = ring_.match_return(content.properties.id, publish_number_of(content.properties.headers));
  // Its ack would come next and read as if it had been kept.
  if (!tag) return turn.end_with(lost("the broker returned a message that was not published here"));
  events_.emplace_back(PublishReturned{*tag, return_.code, return_.text});
  repair_topology(now, turn);
}

void PublisherRole::on_answer(std::uint64_t number, bool multiple, bool acked, MonoTime now, Turn& turn) {
  const auto settled = ring_.settle(number, multiple);
  if (!settled.ok()) return turn.end_with(lost(settled.error().message));
  auto& told = acked ? acked_ : nacked_;
  told.insert(told.end(), settled->begin(), settled->end());
  if (!acked) doubt_channel(now);
  if (state_ == State::kDraining && ring_.size() == 0) renew_channel(now, turn);
  tell_room();
}

void PublisherRole::doubt_channel(MonoTime now) {
  if (state_ != State::kReady || now < renew_at_) return;
  state_ = State::kDraining;
  deadline_ = now + kDrainAtMost;
}

void PublisherRole::renew_channel(MonoTime now, Turn& turn) {
  state_ = State::kRenewing;
  deadline_ = now + options_.answer_deadline;
  renew_at_ = now + kRenewEvery;
  ring_.clear();
  encode_channel_close(turn.out, kWork);
}

void PublisherRole::go_on_with_held(Turn& turn) {
  for (const Outgoing& message : std::exchange(held_, {})) publish_proven(message, turn);
}

void PublisherRole::on_verdict(const TrialLane::Verdict& verdict, MonoTime now, Turn& turn) {
  const std::string& exchange = verdict.message.route.exchange;
  if (!verdict.forgotten) tell(verdict);
  switch (verdict.kind) {
    case TrialLane::Verdict::Kind::kUnheard:
      break;
    case TrialLane::Verdict::Kind::kRefused:
      if (verdict.code != kNotFound && verdict.code != kAccessRefused) break;
      for (const Outgoing& waiting :
           trial_.take_waiting([&](const Outgoing& message) { return message.route.exchange == exchange; })) {
        refuse(waiting.tag, verdict.code, verdict.text);
      }
      repair_topology(now, turn);
      break;
    case TrialLane::Verdict::Kind::kAcked:
    case TrialLane::Verdict::Kind::kNacked:
      suspects_.erase(verdict.message.id.value);
      if (proven_.size() >= kProvenMax) proven_.clear();
      proven_.insert(exchange);
      for (const Outgoing& free : trial_.take_waiting([&](const Outgoing& message) { return proven(message); })) {
        publish_proven(free, turn);
      }
      break;
  }
  tell_room();
}

void PublisherRole::tell(const TrialLane::Verdict& verdict) {
  const PublishTag tag = verdict.message.tag;
  switch (verdict.kind) {
    case TrialLane::Verdict::Kind::kUnheard:
      return;
    case TrialLane::Verdict::Kind::kRefused:
      return refuse(tag, verdict.code, verdict.text);
    case TrialLane::Verdict::Kind::kAcked:
    case TrialLane::Verdict::Kind::kNacked:
      if (verdict.code != 0) events_.emplace_back(PublishReturned{tag, verdict.code, verdict.text});
      (verdict.kind == TrialLane::Verdict::Kind::kAcked ? acked_ : nacked_).push_back(tag);
      return;
  }
}

// ---- publishing ---------------------------------------------------------------------------------------------------

bool PublisherRole::proven(const Outgoing& message) const {
  const bool known = message.route.exchange.empty() || proven_.contains(message.route.exchange);
  return known && (suspects_.empty() || !suspects_.contains(message.id.value));
}

void PublisherRole::publish(std::span<const Outgoing> batch, MonoTime now, Turn& turn) {
  if (!is_up()) return;
  for (const Outgoing& message : batch) publish_one(message, turn);
  trial_.go_on(now, turn);
  tell_room();
}

void PublisherRole::publish_one(const Outgoing& message, Turn& turn) {
  if (auto why = why_not_carried(message, frame_max_); !why.empty()) {
    return refuse(message.tag, kCannotBeCarried, "the message cannot be carried: " + why);
  }
  if (!proven(message)) return trial_.offer(message);
  publish_proven(message, turn);
}

void PublisherRole::publish_proven(const Outgoing& message, Turn& turn) {
  if (state_ != State::kReady) return held_.push_back(message);
  ring_.add(message);
  if (!encode_publish(turn.out, kWork, message, frame_max_)) turn.end_with(lost("a message could not be encoded"));
}

// As the port tells it: returned, and then acked.
void PublisherRole::refuse(PublishTag tag, int code, std::string text) {
  events_.emplace_back(PublishReturned{tag, code, std::move(text)});
  acked_.push_back(tag);
}

void PublisherRole::suspect(const std::vector<std::string>& ids) {
  for (const auto& id : ids) {
    if (suspects_.size() >= kSuspectsMax) suspects_.erase(suspects_.begin());
    suspects_.insert(id);
  }
}

void PublisherRole::on_unsent(std::size_t bytes) {
  unsent_ = bytes;
  tell_room();
}

// Half of it must be free again before more is taken: no flapping.
void PublisherRole::tell_room() {
  if (!is_up()) return;
  const bool over = unanswered() > options_.unanswered_max || unsent_ > options_.unsent_max;
  const bool under = unanswered() <= options_.unanswered_max / 2 && unsent_ <= options_.unsent_max / 2;
  if (full_ ? !under : !over) return;
  full_ = !full_;
  if (full_) {
    events_.emplace_back(PublisherBlocked{"the broker does not keep up: too much is unsent or unanswered"});
  } else if (!alarm_) {
    events_.emplace_back(PublisherReady{});
  }
}

}  // namespace waybill::rabbitmq
