// A worker machine with one consumed queue, its events on virtual time, and what it asked for, by kind.
#pragma once

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/worker_machine.h"
#include "tests/unit/engine/engine_hands.h"

namespace waybill {

class WorkerMachineTest : public ::testing::Test {
 protected:
  using M = WorkerMachine;
  using Key = M::Key;
  static constexpr std::int64_t kS = 1'000;
  const QueueName kQueue{"q"};

  WorkerMachineTest() {
    options_.owner = {"me", {7}};
    options_.log_identity = "log";
    options_.queues = {kQueue};
  }

  M& machine() {
    if (!machine_) machine_.emplace(options_, std::map<QueueName, bool>{{kQueue, marks_effect_}});
    return *machine_;
  }
  static WorkerMoment moment(std::int64_t now) { return {at_ms(now), /*may_lapse=*/true, wall_ms(now)}; }

  // ---- events

  Delivery delivery(const std::string& id, int crashes = 0, const std::string& log = "log") {
    Message message;
    message.id.value = id;
    message.route = {"ex", "key"};
    const Mark mark{log, 1, wall_ms(0), sha256("body of " + id), crashes};
    return Delivery{{epoch_, ++number_},   kQueue, message.route, id, "text/plain", with_mark(message, mark),
                    Body("body of " + id), false};
  }
  Delivery foreign(const std::string& id) {
    Delivery delivery = this->delivery(id);
    delivery.headers = {{"x-custom", "kept"}};
    return delivery;
  }
  /// What an event asked for, and what was acknowledged thereupon.
  M::Actions with_acks(M::Actions actions) {
    auto acks = machine().acknowledge();
    actions.insert(actions.end(), std::make_move_iterator(acks.begin()), std::make_move_iterator(acks.end()));
    return actions;
  }
  M::Actions deliver(const std::string& id, std::int64_t now = 0, int crashes = 0) {
    return with_acks(machine().on_delivery(delivery(id, crashes), moment(now)));
  }
  M::Actions answer(Key key, Result<Answer> answer, std::int64_t sent, std::int64_t now) {
    return with_acks(machine().on_answer(key, std::move(answer), at_ms(sent), moment(now)));
  }
  M::Actions answer(Key key, Result<Answer> given, std::int64_t now) { return answer(key, std::move(given), now, now); }
  M::Actions tick(std::int64_t now) { return with_acks(machine().on_tick(moment(now))); }
  M::Actions begin_effect(Key key, std::int64_t now) { return with_acks(machine().on_begin_effect(key, moment(now))); }
  M::Actions finish(Key key, HandlerOutcome outcome, std::int64_t now) {
    return with_acks(machine().on_finished(key, {std::move(outcome)}, moment(now)));
  }

  static Result<Answer> granted(int try_count = 0) {
    ClaimAnswer answer;
    answer.verdict = ClaimVerdict::kGranted;
    answer.attempt = 3;
    answer.try_count = try_count;
    answer.publish_number = 1;
    return Answer(answer);
  }
  static Result<Answer> verdict(ClaimVerdict verdict) {
    ClaimAnswer answer;
    answer.verdict = verdict;
    return Answer(answer);
  }
  static Result<Answer> applied() { return Answer(VerbAnswer{}); }
  static Result<Answer> refused() { return Answer(VerbAnswer{VerbAnswer::Kind::kRefused, State::kSending, false}); }
  static Result<Answer> recorded() { return Answer(FinishAnswer{}); }
  static Result<Answer> no_answer(ErrorClass what = ErrorClass::kInDoubt) { return make_error(what, "planned"); }

  // ---- what was asked for

  template <class T>
  static std::vector<T> all(const M::Actions& actions) {
    std::vector<T> found;
    for (const auto& action : actions) {
      if (const auto* one = std::get_if<T>(&action)) found.push_back(*one);
    }
    return found;
  }
  template <class T>
  static std::optional<T> one(const M::Actions& actions) {
    auto found = all<T>(actions);
    EXPECT_LE(found.size(), 1U);
    return found.empty() ? std::nullopt : std::optional<T>(std::move(found.front()));
  }
  /// The single write of this kind, and the run that asked for it.
  template <class T>
  static std::optional<T> write(const M::Actions& actions, Key* key = nullptr) {
    std::optional<T> found;
    for (const M::Submit& submit : all<M::Submit>(actions)) {
      const auto* wanted = std::get_if<T>(&submit.write);
      if (wanted == nullptr) continue;
      EXPECT_FALSE(found.has_value()) << "asked twice";
      found = *wanted;
      if (key != nullptr) *key = submit.key;
    }
    return found;
  }
  static std::vector<std::string> claimed(const M::Actions& actions) {
    std::vector<std::string> ids;
    for (const M::Submit& submit : all<M::Submit>(actions)) {
      if (const auto* claim = std::get_if<Claim>(&submit.write)) ids.push_back(claim->id.value);
    }
    return ids;
  }

  /// Delivered, claimed and handed to its handler, all at one moment.
  Key start(const std::string& id, std::int64_t now = 0, int try_count = 0) {
    Key key = 0;
    EXPECT_TRUE(write<Claim>(deliver(id, now), &key));
    EXPECT_TRUE(one<M::Start>(answer(key, granted(try_count), now)));
    return key;
  }
  /// Handled and recorded.
  M::Actions complete(Key key, std::int64_t now) {
    EXPECT_TRUE(write<Finish>(finish(key, Done{}, now)));
    return answer(key, recorded(), now);
  }

  EngineOptions options_;
  bool marks_effect_ = false;
  std::uint64_t epoch_ = 1;
  std::uint64_t number_ = 0;

 private:
  std::optional<M> machine_;
};

}  // namespace waybill
