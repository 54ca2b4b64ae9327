#include "engine/intake_service.h"

#include <utility>

#include "base/log.h"
#include "base/sha256.h"
#include "core/wire_limits.h"

namespace waybill {
namespace {

Result<AppendAnswer> as_append(Result<Answer> answer) {
  if (!answer.ok()) return answer.error();
  return std::get<AppendAnswer>(std::move(answer).value());
}

// A drawn id is ours and needs no check.
Status validate(const Message& message, bool id_generated, std::size_t body_max) {
  const auto refuse = [](std::string why) { return make_error(ErrorClass::kPermanent, std::move(why)); };
  if (message.body.size() > body_max) {
    return refuse("the body has " + std::to_string(message.body.size()) + " bytes; the limit is " +
                  std::to_string(body_max));
  }
  if (Status route = validate_route(message.route); !route.ok()) return route;
  if (Status type = validate_content_type(message.content_type); !type.ok()) return type;
  if (Status headers = validate_headers(message.headers); !headers.ok()) return headers;
  return id_generated ? ok_status() : validate_message_id(message.id.value);
}

}  // namespace

IntakeService::IntakeService(Loop& loop, LogLane& lane, Publisher& publisher, const WallClock& clock,
                             const EngineOptions& options, Metrics& metrics)
    : loop_(loop),
      lane_(lane),
      publisher_(publisher),
      clock_(clock),
      options_(options),
      metrics_(metrics),
      timer_(loop, [this] { lease_node(); }),
      overload_(loop),
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
                           if (!leased) return tell_unleased();  // asked again soon; until then intake says so
                           unleased_told_ = false;
                           const std::lock_guard lock(mutex_);
                           if (node_id_ != answer->node_id) {
                             node_id_ = answer->node_id;
                             snowflake_.emplace(*node_id_);
                           }
                           node_valid_until_ = asked + kNodeLease;
                         });
}

void IntakeService::tell_unleased() {
  const std::lock_guard lock(mutex_);
  if (loop_.now() < node_valid_until_ || std::exchange(unleased_told_, true)) return;
  log_event(LogLevel::kWarning, "intake", "no node id is leased: nothing can be accepted");
}

Result<MessageId> IntakeService::draw_id() {
  const std::lock_guard lock(mutex_);
  if (!snowflake_ || loop_.now() >= node_valid_until_) {
    return make_error(ErrorClass::kRetry,
                      "no node id is leased at the moment: the message log has not answered, or all 1,024 are held");
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

Result<Append> IntakeService::prepare(const IntakeRequest& request) {
  Append append;
  append.message = request.message;
  append.id_generated = append.message.id.value.empty();
  if (append.id_generated) {
    auto id = draw_id();
    if (!id.ok()) return id.error();
    append.message.id = std::move(*id);
  }
  if (request.body_for) append.message.body = request.body_for(append.message.id);
  const Status valid = validate(append.message, append.id_generated, options_.worker.body_max);
  if (!valid.ok()) return valid.error();
  append.digest = sha256(append.message.body.bytes());
  append.queue = options_.routes->queue_for(append.message.route);
  append.publish_now = !append.message.not_before && publisher_.accepts_fresh();
  append.grace = options_.publisher.grace;
  append.boot = options_.owner.boot;
  append.token = Token{random()};
  append.key = request.key;
  return append;
}

void IntakeService::record(std::shared_ptr<Pending> pending) {
  auto append = prepare(pending->request);
  if (!append.ok()) return answer_later(std::move(pending->done), append.error());
  const MonoTime asked = loop_.now();
  const MonoTime deadline = pending->deadline;
  Append copy = *append;  // the body is shared: what the publisher needs once the row is durable
  submit_for<AppendAnswer>(
      lane_, std::move(*append), deadline,
      [this, alive = alive_, pending = std::move(pending), copy = std::move(copy), asked](Result<AppendAnswer> answer) {
        if (*alive) return on_recorded(pending, copy, asked, std::move(answer));
        pending->done(std::move(answer));
      });
}

void IntakeService::on_recorded(const std::shared_ptr<Pending>& pending, const Append& append, MonoTime asked,
                                Result<AppendAnswer> answer) {
  if (answer.ok() && answer->kind == AppendAnswer::Kind::kIdTaken) return draw_again(pending);
  count(answer, asked);
  pending->done(answer);
  if (answer.ok()) publish(append, *answer, asked);
}

void IntakeService::draw_again(std::shared_ptr<Pending> pending) {
  if (++pending->draws < kDrawsMax) return record(std::move(pending));
  pending->done(make_error(ErrorClass::kRetry,
                           "the ids drawn were taken: another instance uses our node id, or the clock was set back"));
}

void IntakeService::publish(const Append& append, const AppendAnswer& answer, MonoTime asked) {
  if (answer.kind != AppendAnswer::Kind::kAccepted || !append.publish_now) return;
  publisher_.publish_fresh(PublishRow{append.message, append.digest, /*publish_number=*/1, answer.store_now,
                                      /*crash_count=*/0, asked,
                                      /*consumed=*/!append.queue.external()});
}

void IntakeService::count(const Result<AppendAnswer>& answer, MonoTime asked) {
  if (!answer.ok()) {
    if (answer.error().what != ErrorClass::kOverload) return;
    metrics_.add(Count::kRefusedByOverload);
    overload_.on_refused();
    return;
  }
  if (answer->kind == AppendAnswer::Kind::kAccepted) metrics_.add(Count::kAccepted);
  if (answer->kind == AppendAnswer::Kind::kDuplicate) metrics_.add(Count::kDuplicates);
  metrics_.observe(Measure::kAcceptSeconds, loop_.now() - asked);
}

// ---- many at once ---------------------------------------------------------------------------------------------------

// Lives on the loop once it is submitted. Answers are filled in place; the last one ends the batch.
struct IntakeService::Batch {
  std::vector<IntakeRequest> requests;
  MonoTime deadline;
  DoneAll done;
  std::vector<std::optional<Result<AppendAnswer>>> answers;
  std::vector<Append> appends;      // those that were fit to be recorded
  std::vector<std::size_t> places;  // of `appends` among the requests
  std::size_t missing = 0;

  void settle(std::size_t place, Result<AppendAnswer> answer) {
    answers[place] = std::move(answer);
    if (--missing > 0) return;
    std::vector<Result<AppendAnswer>> all;
    all.reserve(answers.size());
    for (auto& each : answers) all.push_back(std::move(*each));
    done(std::move(all));
  }
};

void IntakeService::accept_all(std::vector<IntakeRequest> requests, MonoTime deadline, DoneAll done) {
  if (requests.empty()) return loop_.post([done = std::move(done)] { done({}); });
  auto batch = std::make_shared<Batch>(Batch{std::move(requests), deadline, std::move(done), {}, {}, {}, 0});
  batch->missing = batch->requests.size();
  batch->answers.resize(batch->requests.size());
  std::vector<std::pair<std::size_t, Error>> refused;
  std::vector<Write> writes;
  writes.reserve(batch->requests.size());
  for (std::size_t i = 0; i < batch->requests.size(); ++i) {
    auto append = prepare(batch->requests[i]);
    if (!append.ok()) {
      refused.emplace_back(i, append.error());
      continue;
    }
    writes.emplace_back(*append);
    batch->appends.push_back(std::move(*append));
    batch->places.push_back(i);
  }
  loop_.post([batch, refused = std::move(refused)] {
    for (const auto& [place, error] : refused) batch->settle(place, error);
  });
  if (writes.empty()) return;
  const MonoTime asked = loop_.now();
  lane_.submit_all(std::move(writes), deadline,
                   [this, alive = alive_, batch, asked](std::vector<Result<Answer>> answers) {
                     if (*alive) return on_batch_recorded(batch, std::move(answers), asked);
                     for (std::size_t k = 0; k < answers.size(); ++k) {
                       batch->settle(batch->places[k], as_append(std::move(answers[k])));
                     }
                   });
}

void IntakeService::on_batch_recorded(const std::shared_ptr<Batch>& batch, std::vector<Result<Answer>> answers,
                                      MonoTime asked) {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const std::size_t place = batch->places[i];
    if (!answers[i].ok()) {
      count(answers[i].error(), asked);
      batch->settle(place, answers[i].error());
      continue;
    }
    const auto& answer = std::get<AppendAnswer>(*answers[i]);
    if (answer.kind == AppendAnswer::Kind::kIdTaken) {
      draw_again(std::make_shared<Pending>(
          Pending{std::move(batch->requests[place]), batch->deadline,
                  [batch, place](Result<AppendAnswer> again) { batch->settle(place, std::move(again)); }, 0}));
      continue;
    }
    count(answer, asked);
    publish(batch->appends[i], answer, asked);
    batch->settle(place, answer);
  }
}

}  // namespace waybill
