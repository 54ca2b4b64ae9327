#include "engine/intake_service.h"

#include <utility>

#include "base/sha256.h"

namespace waybill {
namespace {

constexpr std::size_t kNameBytesMax = 255;  // AMQP short string (0-9-1, 4.2.5.3)

Status validate(const Message& message, std::size_t body_max) {
  const auto refuse = [](std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); };
  if (message.body.size() > body_max) {
    return refuse("the body has " + std::to_string(message.body.size()) + " bytes; the limit is " +
                  std::to_string(body_max));
  }
  for (const std::string* name : {&message.route.exchange, &message.route.routing_key}) {
    if (name->size() > kNameBytesMax) return refuse("an exchange or routing key is longer than 255 bytes");
    if (!is_valid_utf8(*name)) return refuse("an exchange or routing key is not valid UTF-8");
  }
  if (!message.id.value.empty()) return validate_message_id(message.id.value);
  return ok_status();
}

}  // namespace

IntakeService::IntakeService(Loop& loop, LogLane& lane, Publisher& publisher, const WallClock& clock,
                             const EngineOptions& options)
    : loop_(loop),
      lane_(lane),
      publisher_(publisher),
      clock_(clock),
      options_(options),
      timer_(loop, [this] { lease_node(); }),
      random_(options.seed ^ 0xd1b54a32d192ed03U) {}

void IntakeService::start() { lease_node(); }

void IntakeService::stop() {
  stopped_ = true;
  timer_.disarm();
}

void IntakeService::lease_node() {
  if (stopped_) return;
  const MonoTime asked = loop_.now();
  submit_for<NodeAnswer>(lane_, LeaseNode{options_.owner, kNodeLease}, asked + options_.write_deadline,
                         [this, alive = alive_, asked](Result<NodeAnswer> answer) {
                           if (!*alive || stopped_) return;
                           const bool leased = answer.ok() && answer->node_id;
                           timer_.arm(loop_.now() + (leased ? kNodeLease / 3 : Duration{200}));
                           if (!leased) return;  // asked again soon; until then intake says so
                           const std::lock_guard lock(mutex_);
                           if (node_id_ != answer->node_id) {
                             node_id_ = answer->node_id;
                             snowflake_.emplace(*node_id_);
                           }
                           node_valid_until_ = asked + kNodeLease;
                         });
}

Result<MessageId> IntakeService::draw_id() {
  const std::lock_guard lock(mutex_);
  if (!snowflake_ || loop_.now() >= node_valid_until_) {
    return make_error(ErrorClass::kRetry, "no node id is leased at the moment: the message log has not answered");
  }
  const auto id = snowflake_->next(clock_.now());
  if (!id) return make_error(ErrorClass::kRetry, "the clock stepped back: ids are drawn again when it has caught up");
  return MessageId{std::to_string(*id)};
}

bool IntakeService::ready(std::string* reason) const {
  const std::lock_guard lock(mutex_);
  if (!snowflake_ || loop_.now() >= node_valid_until_) {
    *reason = "no node id is leased";
    return false;
  }
  // Asked of a copy, so that it recovers with the clock, without anybody drawing an id.
  if (Snowflake(*snowflake_).next(clock_.now())) return true;
  *reason = "the clock stepped back";
  return false;
}

std::uint64_t IntakeService::random() {
  const std::lock_guard lock(mutex_);
  return random_() | 1U;
}

void IntakeService::answer_later(Done done, Error error) {
  loop_.post([done = std::move(done), error = std::move(error)] { done(error); });
}

void IntakeService::accept(IntakeRequest request, MonoTime deadline, Done done) {
  record(std::make_shared<Pending>(Pending{std::move(request), deadline, std::move(done)}));
}

void IntakeService::record(std::shared_ptr<Pending> pending) {
  Append append;
  append.message = pending->request.message;
  append.id_generated = append.message.id.value.empty();
  if (append.id_generated) {
    auto id = draw_id();
    if (!id.ok()) return answer_later(std::move(pending->done), id.error());
    append.message.id = std::move(*id);
  }
  if (pending->request.body_for) append.message.body = pending->request.body_for(append.message.id);
  // A drawn id is ours and needs no check.
  Message checked = append.message;
  if (append.id_generated) checked.id.value.clear();
  if (const Status valid = validate(checked, options_.worker.body_max); !valid.ok()) {
    return answer_later(std::move(pending->done), valid.error());
  }
  append.digest = sha256(append.message.body.bytes());
  append.queue = options_.routes->queue_for(append.message.route);
  append.publish_now = !append.message.not_before && publisher_.accepts_fresh();
  append.grace = options_.publisher.grace;
  append.boot = options_.owner.boot;
  append.token = Token{random()};
  append.key = pending->request.key;
  const MonoTime asked = loop_.now();
  const MonoTime deadline = pending->deadline;
  Append copy = append;  // the body is shared: what the publisher needs once the row is durable
  submit_for<AppendAnswer>(
      lane_, std::move(append), deadline,
      [this, alive = alive_, pending = std::move(pending), copy = std::move(copy), asked](Result<AppendAnswer> answer) {
        if (*alive) return on_recorded(pending, copy, asked, std::move(answer));
        pending->done(std::move(answer));
      });
}

void IntakeService::on_recorded(const std::shared_ptr<Pending>& pending, const Append& append, MonoTime asked,
                                Result<AppendAnswer> answer) {
  if (answer.ok() && answer->kind == AppendAnswer::Kind::kIdTaken && ++pending->draws < kDrawsMax) {
    return record(pending);
  }
  if (answer.ok() && answer->kind == AppendAnswer::Kind::kIdTaken) {
    return pending->done(make_error(ErrorClass::kRetry, "the ids drawn were taken: another instance uses our node id"));
  }
  const bool publish = answer.ok() && answer->kind == AppendAnswer::Kind::kAccepted && append.publish_now;
  const WallTime recorded = answer.ok() ? answer->store_now : WallTime{};
  pending->done(std::move(answer));
  if (!publish) return;
  publisher_.publish_fresh(PublishRow{append.message, append.digest, /*publish_number=*/1, recorded, 0, asked});
}

}  // namespace waybill
