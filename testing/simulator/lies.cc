#include "testing/simulator/lies.h"

#include <utility>

namespace waybill::sim {
namespace {

class LyingPublisher final : public PublishSession {
 public:
  explicit LyingPublisher(std::unique_ptr<PublishSession> inner) : inner_(std::move(inner)) {}
  bool publish(std::span<const Outgoing> batch) override { return inner_->publish(batch) && inner_->publish(batch); }

 private:
  std::unique_ptr<PublishSession> inner_;
};

class LyingConsumer final : public ConsumeSession {
 public:
  LyingConsumer(std::unique_ptr<ConsumeSession> inner, const Lies& lies) : inner_(std::move(inner)), lies_(lies) {}
  void subscribe(const QueueName& queue, int prefetch) override { inner_->subscribe(queue, prefetch); }
  void cancel(const QueueName& queue) override { inner_->cancel(queue); }
  void ack(DeliveryTag tag, bool multiple) override {
    if (lies_.never_acks) return;
    if (lies_.rejects_instead_of_acks) return inner_->reject(tag);
    inner_->ack(tag, multiple);
  }
  void requeue(DeliveryTag tag) override { inner_->requeue(tag); }
  void reject(DeliveryTag tag) override {
    if (lies_.acks_instead_of_rejects) return inner_->ack(tag, /*multiple=*/false);
    inner_->reject(tag);
  }

 private:
  std::unique_ptr<ConsumeSession> inner_;
  const Lies& lies_;
};

class LyingBroker final : public Broker {
 public:
  LyingBroker(std::unique_ptr<Broker> inner, const Lies& lies) : inner_(std::move(inner)), lies_(lies) {}
  Status declare(const Topology& topology) override { return inner_->declare(topology); }
  std::unique_ptr<PublishSession> open_publisher(PublishEvents& events) override {
    auto session = inner_->open_publisher(events);
    if (!lies_.publishes_twice) return session;
    return std::make_unique<LyingPublisher>(std::move(session));
  }
  std::unique_ptr<ConsumeSession> open_consumer(ConsumeEvents& events) override {
    auto session = inner_->open_consumer(events);
    return std::make_unique<LyingConsumer>(std::move(session), lies_);
  }
  bool forgets_at_exit() const override { return inner_->forgets_at_exit(); }

 private:
  std::unique_ptr<Broker> inner_;
  const Lies lies_;
};

}  // namespace

std::unique_ptr<Broker> make_lying_broker(std::unique_ptr<Broker> inner, const Lies& lies) {
  return std::make_unique<LyingBroker>(std::move(inner), lies);
}

std::optional<Result<Answer>> LyingLane::invented(const Write& write) const {
  const auto say = [](Answer answer) { return std::optional<Result<Answer>>(std::move(answer)); };
  if (const auto* append = std::get_if<Append>(&write)) {
    if (lies_.append_unrecorded) return say(AppendAnswer{AppendAnswer::Kind::kAccepted, append->message.id});
    if (lies_.append_refused) return make_error(ErrorClass::kPermanent, "it is never taken");
  }
  const bool marks = std::holds_alternative<MarkSent>(write) || std::holds_alternative<MarkFailed>(write);
  if (marks && lies_.marks_unrecorded) return say(VerbAnswer{});
  if (std::holds_alternative<Claim>(write) && lies_.claim_unrecorded) {
    return say(ClaimAnswer{.verdict = ClaimVerdict::kGranted, .attempt = 1});
  }
  if (std::holds_alternative<Adopt>(write) && lies_.stranger_known) {
    return say(ClaimAnswer{.verdict = ClaimVerdict::kFinished});
  }
  if (std::holds_alternative<BeginEffect>(write) && lies_.begin_effect_unrecorded) return say(VerbAnswer{});
  if (std::holds_alternative<Renew>(write) && lies_.renew_unrecorded) return say(VerbAnswer{});
  if (std::holds_alternative<Finish>(write) && lies_.finish_unrecorded) return say(FinishAnswer{});
  if (std::holds_alternative<Take>(write) && lies_.take_finds_nothing) return say(TakeAnswer{});
  if (std::holds_alternative<Lost>(write) && lies_.lost_finds_nothing) return say(CountAnswer{});
  return std::nullopt;
}

void LyingLane::distort(Write& write) const {
  if (const auto* failed = std::get_if<MarkFailed>(&write); failed != nullptr && lies_.failure_marked_sent) {
    write = MarkSent{failed->id, failed->publish_number, SimWorld::kWallStart};
  }
  if (auto* take = std::get_if<Take>(&write); take != nullptr && lies_.take_without_grace) take->grace = Duration{1};
  if (auto* finish = std::get_if<Finish>(&write)) {
    if (lies_.one_try_only) finish->max_tries = 1;
    if (lies_.no_copies_of_dead) finish->dead_letter.reset();
    if (lies_.recipients_unrecorded) finish->recipients.clear();
  }
}

void LyingLane::distort(Answer& answer) {
  if (auto* append = std::get_if<AppendAnswer>(&answer); append != nullptr && lies_.append_taken_for_another) {
    if (!first_accepted_) first_accepted_ = append->id;
    append->kind = AppendAnswer::Kind::kDuplicate;
    append->id = *first_accepted_;
  }
  auto* claim = std::get_if<ClaimAnswer>(&answer);
  if (claim != nullptr && lies_.recipients_untold) claim->recipients.clear();
  if (claim != nullptr && lies_.gone_row_granted && claim->verdict == ClaimVerdict::kUnknownId) {
    claim->verdict = ClaimVerdict::kGranted;
    claim->attempt = 1;
  }
  if (claim == nullptr || !claim->body) return;
  if (lies_.bodies_mixed_up) claim->body = Body("0" + claim->body->bytes());
  if (lies_.bodies_forgotten) claim->body.reset();
}

void LyingLane::submit(Write write, MonoTime deadline, Done done) {
  if (auto answer = invented(write)) {
    return node_.post([done = std::move(done), answer = std::move(*answer)] { done(answer); });
  }
  if (std::holds_alternative<Append>(write) && lies_.append_unanswered) return;
  distort(write);
  inner_.submit(std::move(write), deadline, [this, done = std::move(done)](Result<Answer> answer) {
    if (answer.ok()) distort(*answer);
    done(std::move(answer));
  });
}

void LyingLane::submit_all(std::vector<Write> writes, MonoTime deadline, DoneAll done) {
  inner_.submit_all(std::move(writes), deadline, std::move(done));
}

}  // namespace waybill::sim
