#include "broker/rabbitmq/protocol/survey_role.h"

#include <utility>

#include "broker/rabbitmq/protocol/encoder.h"

namespace waybill::rabbitmq {
namespace {

using Standing = SurveyedThing::Standing;

constexpr std::uint16_t kChannel = 1;
constexpr int kAccessRefused = 403;
constexpr int kNotFound = 404;
constexpr int kPreconditionFailed = 406;

std::string without_name_of_error(const std::string& text) {
  constexpr std::string_view kName = "PRECONDITION_FAILED - ";
  return text.starts_with(kName) ? text.substr(kName.size()) : text;
}

}  // namespace

SurveyRole::SurveyRole(const RabbitMqOptions& options, Topology wanted, std::string probe)
    : options_(options),
      wanted_(std::move(wanted)),
      probe_(std::move(probe)),
      rpc_(kChannel, options.answer_deadline) {}

void SurveyRole::on_greeting(const Start& start) {
  survey_.product = start.product;
  survey_.version = start.version;
}

void SurveyRole::on_open(std::size_t frame_max, MonoTime now, Turn& turn) {
  frame_max_ = frame_max;
  for (const std::string& name : wanted_.exchanges) survey_.exchanges.push_back({.name = name});
  for (const QueueDeclaration& queue : wanted_.queues) survey_.queues.push_back({.name = queue.name.value});
  next(now, turn);
}

void SurveyRole::next(MonoTime now, Turn& turn) {
  std::size_t i = step_++;
  if (i < survey_.exchanges.size()) {
    SurveyedThing& thing = survey_.exchanges[i];
    const auto encode = [name = thing.name](bool passive) {
      return [name, passive](std::string& out, std::uint16_t channel) {
        encode_exchange_declare(out, channel, name, passive);
      };
    };
    return look_at("exchange '" + thing.name + "'", thing, encode(true), encode(false), now, turn);
  }
  i -= survey_.exchanges.size();
  if (i >= survey_.queues.size()) return publish_to_nobody(now, turn);
  SurveyedThing& thing = survey_.queues[i];
  const auto passive = [name = thing.name](std::string& out, std::uint16_t channel) {
    encode_queue_declare_passive(out, channel, name);
  };
  const auto wanted = [queue = wanted_.queues[i], type = options_.queue_type](std::string& out, std::uint16_t channel) {
    encode_queue_declare(out, channel, queue, type);
  };
  look_at("queue '" + thing.name + "'", thing, passive, wanted, now, turn);
}

void SurveyRole::look_at(const std::string& what, SurveyedThing& thing, Encode passive, Encode wanted, MonoTime now,
                         Turn& turn) {
  const auto done = [this, what, &thing, wanted = std::move(wanted)](const RpcLane::Answer& answer, MonoTime at,
                                                                     Turn& then) {
    if (const auto* close = std::get_if<Close>(&answer)) {
      thing.standing = close->code == kNotFound ? Standing::kMissing : Standing::kUnusable;
      thing.detail = std::to_string(close->code) + " " + close->text;
      return next(at, then);
    }
    if (const auto* queue = std::get_if<QueueDeclared>(&std::get<Method>(answer))) {
      thing.messages = queue->messages;
      thing.consumers = queue->consumers;
    }
    compare(what, thing, wanted, at, then);
  };
  rpc_.ask({"asking for " + what, std::move(passive), done}, now, turn);
}

void SurveyRole::compare(const std::string& what, SurveyedThing& thing, Encode wanted, MonoTime now, Turn& turn) {
  const auto done = [this, &thing](const RpcLane::Answer& answer, MonoTime at, Turn& then) {
    thing.standing = Standing::kAsWanted;
    if (const auto* close = std::get_if<Close>(&answer)) {
      thing.standing = close->code == kPreconditionFailed ? Standing::kDiffers
                       : close->code == kAccessRefused    ? Standing::kNotCompared
                                                          : Standing::kUnusable;
      thing.detail = without_name_of_error(close->text);
    }
    next(at, then);
  };
  rpc_.ask({"comparing " + what, std::move(wanted), done}, now, turn);
}

void SurveyRole::publish_to_nobody(MonoTime now, Turn& turn) {
  const auto encode = [this](std::string& out, std::uint16_t channel) {
    Outgoing message;
    message.route = {"", probe_};
    message.id.value = probe_;
    // Of a few short names of ours: it always fits.
    static_cast<void>(encode_publish(out, channel, message, frame_max_));
  };
  const auto done = [this](const RpcLane::Answer& answer, MonoTime at, Turn& then) {
    if (std::holds_alternative<Close>(answer)) {
      outcome_ = ok_status();
      return;
    }
    await_silence(at, then);
  };
  rpc_.ask({"publishing to nobody", encode, done}, now, turn);
}

// The message may come back before the alarm is told; of whom the broker has blocked it reads nothing more.
void SurveyRole::await_silence(MonoTime now, Turn& turn) {
  const auto encode = [](std::string& out, std::uint16_t channel) {
    encode_exchange_declare(out, channel, "amq.direct", /*passive=*/true);
  };
  const auto done = [this](const RpcLane::Answer& /*answer*/, MonoTime, Turn&) {
    if (survey_.alarm == BrokerSurvey::Alarm::kUnknown) survey_.alarm = BrokerSurvey::Alarm::kNone;
    outcome_ = ok_status();
  };
  rpc_.ask({"asking after an alarm", encode, done}, now, turn);
}

void SurveyRole::on_frame(const Frame& frame, MonoTime now, Turn& turn) {
  if (frame.channel != kChannel) {
    return turn.end_with({ConnectionEnd::Kind::kLost, "the broker sent a frame on a channel where nothing was asked"});
  }
  if (frame.kind != FrameKind::kMethod) return;  // what was published to nobody, coming back
  const auto method = decode_method(frame.payload);
  if (!method.ok()) return turn.end_with({ConnectionEnd::Kind::kLost, method.error().message});
  rpc_.on_method(*method, now, turn);
}

void SurveyRole::on_blocked(const std::string& reason, MonoTime /*now*/, Turn& /*turn*/) {
  rpc_.on_blocked();
  survey_.alarm = BrokerSurvey::Alarm::kBlocked;
  survey_.alarm_reason = reason;
  outcome_ = ok_status();
}

void SurveyRole::on_end(const ConnectionEnd& end) {
  rpc_.reset();
  if (outcome_) return;
  const bool refused = end.kind == ConnectionEnd::Kind::kRefused;
  outcome_ = make_error(refused ? ErrorClass::kPermanent : ErrorClass::kRetry, end.reason);
}

}  // namespace waybill::rabbitmq
