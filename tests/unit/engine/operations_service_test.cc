// Operations: verbs, reads and prunes that somebody asks for.
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/node.h"
#include "engine/operations_service.h"
#include "testing/memory_log.h"
#include "tests/unit/engine/service_fixture.h"

namespace waybill {
namespace {

class OperationsServiceTest : public ServiceTest {
 protected:
  OperationsServiceTest() { service_.start(); }

  Result<State> verdict(const std::function<void(Operations::Done<State>)>& ask, Result<Answer> answer) {
    std::optional<Result<State>> given;
    ask([&](Result<State> state) { given.emplace(std::move(state)); });
    auto asked = lane_.take<Replay>();
    if (!asked) asked = lane_.take<Cancel>();
    if (!asked) asked = lane_.take<Resolve>();
    if (asked) asked->done(std::move(answer));
    return given ? *given : Result<State>(make_error(ErrorClass::kInDoubt, "no answer"));
  }
  static Result<Answer> refused(State state, bool open = false) {
    return Answer(VerbAnswer{VerbAnswer::Kind::kRefused, state, open});
  }
  template <class T>
  Result<T> read(const std::function<void(Operations::Done<T>)>& ask) {
    auto given = std::make_shared<std::promise<Result<T>>>();
    ask([given](Result<T> result) { given->set_value(std::move(result)); });
    auto answer = given->get_future();
    if (answer.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      return make_error(ErrorClass::kInDoubt, "no answer");
    }
    return answer.get();
  }

  const MessageId id_{"m"};
  MemoryLog log_{world_.wall()};
  Node node_{Node::Parts{loop_, lane_, health_, broker_, nullptr, world_.wall(), metrics_}, options_};
  OperationsService service_{loop_, lane_, health_, log_, node_};
};

TEST_F(OperationsServiceTest, AppliedVerbAnswersTheNewState) {
  const auto state = verdict([&](auto done) { service_.cancel(id_, done); },
                             Answer(VerbAnswer{VerbAnswer::Kind::kApplied, State::kCancelled, false}));
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state.value(), State::kCancelled);
}

TEST_F(OperationsServiceTest, RefusedVerbSaysWhichStateForbidsItAndWhatIsPossible) {
  const auto late = verdict([&](auto done) { service_.cancel(id_, done); }, refused(State::kSent, /*open=*/true));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().what, ErrorClass::kConflict);
  EXPECT_EQ(late.error().message,
            "message 'm' is sent and being handled; it is too late to cancel: only open messages that no attempt holds "
            "can be withdrawn");
  const auto consumed = verdict([&](auto done) { service_.replay(id_, false, done); }, refused(State::kConsumed));
  EXPECT_EQ(consumed.error().what, ErrorClass::kConflict);
  EXPECT_NE(consumed.error().message.find("'m' is consumed; "), std::string::npos);
  EXPECT_NE(consumed.error().message.find("needs 'again'"), std::string::npos);
  const auto again = verdict([&](auto done) { service_.replay(id_, true, done); }, refused(State::kSending));
  EXPECT_EQ(again.error().message.find("needs 'again'"), std::string::npos);
  const auto known = verdict([&](auto done) { service_.resolve(id_, true, done); }, refused(State::kDead));
  EXPECT_NE(known.error().message.find("'m' is dead; only a message in outcome_unknown"), std::string::npos);
}

TEST_F(OperationsServiceTest, VerbOnAnUnknownIdIsNotFound) {
  const auto state = verdict([&](auto done) { service_.cancel(id_, done); },
                             Answer(VerbAnswer{VerbAnswer::Kind::kUnknownId, State::kSending, false}));
  ASSERT_FALSE(state.ok());
  EXPECT_EQ(state.error().what, ErrorClass::kNotFound);
  EXPECT_EQ(state.error().message, "there is no message 'm'");
}

TEST_F(OperationsServiceTest, VerbWithoutAnAnswerIsPassedOnByItsClass) {
  const auto state = verdict([&](auto done) { service_.cancel(id_, done); }, make_error(ErrorClass::kInDoubt, "slow"));
  EXPECT_EQ(state.error().what, ErrorClass::kInDoubt);
}

TEST_F(OperationsServiceTest, APruneThatIsRefusedOnTheWayTellsWhatItRemoved) {
  const auto prune_until = [&](const Error& error) {
    std::optional<Result<PruneReport>> report;
    service_.prune(std::chrono::hours(1), 100'000, [&](Result<PruneReport> given) { report = std::move(given); });
    const auto first = lane_.take<Prune>();
    first->done(Answer(CountAnswer{std::get<Prune>(first->write).limit}));
    pass(Duration{0});
    answer<Prune>(error);
    return report.value();
  };
  const auto refused = prune_until(make_error(ErrorClass::kOverload, "full"));
  ASSERT_TRUE(refused.ok());
  EXPECT_GT(refused->pruned, 0);
  EXPECT_TRUE(refused->more);
  EXPECT_EQ(prune_until(make_error(ErrorClass::kInDoubt, "no answer")).error().what, ErrorClass::kInDoubt);
}

TEST_F(OperationsServiceTest, ReadsAnswerTheRowWithItsHistoryOrNotFound) {
  const auto missing = read<MessageDetail>([&](auto done) { service_.find(id_, false, done); });
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().what, ErrorClass::kNotFound);

  Append append;
  append.message.id = id_;
  append.message.route = kRoute;
  append.message.body = Body("hello");
  append.digest = sha256("hello");
  const std::vector<Write> writes{append, Hold{id_, "a person looks at it"}};
  ASSERT_TRUE(log_.commit(writes).ok());
  const auto detail = read<MessageDetail>([&](auto done) { service_.find(id_, true, done); });
  ASSERT_TRUE(detail.ok());
  EXPECT_EQ(detail.value().row.message.body.bytes(), "hello");
  EXPECT_TRUE(detail.value().row.on_hold());
  ASSERT_EQ(detail.value().events.size(), 1U);
  EXPECT_EQ(detail.value().events.front().kind, kEventHeld);
  const auto rows = read<ListPage>([&](auto done) { service_.list(ListFilter{}, done); });
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows.value().rows.size(), 1U);
  EXPECT_TRUE(read<LogStats>([&](auto done) { service_.stats(done); }).ok());
}

TEST_F(OperationsServiceTest, StoppedServiceAnswersEveryQuery) {
  service_.stop();
  service_.stop();
  std::optional<Result<LogStats>> late;
  service_.stats([&](Result<LogStats> stats) { late.emplace(std::move(stats)); });
  EXPECT_FALSE(late) << "never from inside the call";
  pass(Duration{0});
  ASSERT_TRUE(late);
  ASSERT_FALSE(late->ok());
  EXPECT_EQ(late->error().what, ErrorClass::kRetry);
}

TEST_F(OperationsServiceTest, ReadinessNamesTheLogThatDoesNotAnswerAndTheMissingNodeId) {
  EXPECT_FALSE(service_.readiness().ready);
  EXPECT_EQ(service_.readiness().reason, "the message log does not answer");
  health_.on_answer(world_.now(), world_.now(), wall_ms(0));
  EXPECT_EQ(service_.readiness().reason, "no node id is leased");
  ASSERT_TRUE(node_.start().ok());
  pass(Duration{0});
  answer<LeaseNode>(Answer(NodeAnswer{1}));
  EXPECT_TRUE(service_.readiness().ready);
  EXPECT_EQ(service_.readiness().reason, "");
}

TEST_F(OperationsServiceTest, APruneLeavesTheLogToOthersBetweenItsBatches) {
  service_.prune(std::chrono::hours(1), 100'000, [](const Result<PruneReport>&) {});
  const auto first = lane_.take<Prune>();
  pass(Duration{10});
  first->done(Answer(CountAnswer{std::get<Prune>(first->write).limit}));
  pass(Duration{29});
  EXPECT_EQ(lane_.count<Prune>(), 0U);
  pass(Duration{1});
  EXPECT_EQ(lane_.count<Prune>(), 1U);
}

}  // namespace
}  // namespace waybill
