// Publisher, intake, operations and pruner, over a log lane that the test answers by hand, on virtual time.
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "core/wire_limits.h"
#include "engine/intake_service.h"
#include "engine/operations_service.h"
#include "engine/pruner.h"
#include "testing/memory_log.h"
#include "tests/unit/engine/engine_hands.h"

namespace waybill {
namespace {

const Route kRoute{"ex", "key"};

EngineOptions options_of_test() {
  EngineOptions options;
  options.owner = {"me", {7}};
  options.log_identity = "memory";
  options.seed = 1;
  options.routes = std::make_shared<RouteTable>(std::map<Route, QueueName>{{kRoute, {"q"}}});
  return options;
}

class ServiceTest : public ::testing::Test {
 protected:
  void pass(Duration time) { world_.run_until(world_.now() + time); }
  template <class T>
  void answer(Result<Answer> answer) {
    auto asked = lane_.take<T>();
    ASSERT_TRUE(asked.has_value());
    asked->done(std::move(answer));
  }

  SimWorld world_;
  SimNode& loop_ = world_.add_node("me");
  HandLane lane_;
  EngineOptions options_ = options_of_test();
  LogHealth health_{options_.worker.lease, world_.wall()};
  HandBroker broker_;
  NoMetrics metrics_;
};

// ---- publisher ------------------------------------------------------------------------------------------------------

class PublisherTest : public ServiceTest {
 protected:
  PublisherTest() {
    publisher_.start(broker_);
    ready();
  }
  void ready() {
    broker_.publish_events->on_publish_ready();
    pass(Duration{0});
  }
  /// Publishes a row, which the broker confirms at once.
  void confirm(const std::string& id) {
    Message message;
    message.id.value = id;
    message.route = kRoute;
    publisher_.publish_fresh(PublishRow{message, Digest{}, 1, wall_ms(0), 0, world_.now()});
    pass(Duration{0});
    ASSERT_FALSE(broker_.published.empty());
    broker_.publish_events->on_confirmed({broker_.published.back().tag}, {});
    pass(Duration{0});
  }
  template <class Work>
  static std::string told(Work work) {
    ::testing::internal::CaptureStderr();
    work();
    return ::testing::internal::GetCapturedStderr();
  }

  Publisher publisher_{loop_, lane_, health_, options_, metrics_, [] {}};
};

TEST_F(PublisherTest, AConfirmIsRecordedAfterItsHold) {
  confirm("m");
  EXPECT_EQ(lane_.count<MarkSent>(), 0U);
  pass(options_.publisher.mark_hold);
  EXPECT_EQ(lane_.count<MarkSent>(), 1U);
}

TEST_F(PublisherTest, AConfirmWhoseOutcomeIsRecordedFirstIsNotRecorded) {
  confirm("m");
  EXPECT_TRUE(publisher_.waiting_marks().withdraw(MessageId{"m"}, 1));
  pass(Duration{1'000});
  EXPECT_EQ(lane_.count<MarkSent>(), 0U);
}

TEST_F(PublisherTest, StopRecordsTheConfirmsThatWait) {
  confirm("m");
  publisher_.stop();
  EXPECT_EQ(lane_.count<MarkSent>(), 1U);
}

TEST_F(PublisherTest, ABrokerThatBlocksForAMomentIsNotNews) {
  const std::string text = told([&] {
    for (int i = 0; i < 10; ++i) {
      broker_.publish_events->on_blocked("queue 'q' is full");
      pass(Duration{400});
      ready();
      pass(Duration{400});
    }
  });
  EXPECT_EQ(text, "");
}

TEST_F(PublisherTest, ABrokerThatStaysBlockedIsToldOnceAndSoIsItsEnd) {
  const std::string text = told([&] {
    broker_.publish_events->on_blocked("memory alarm");
    pass(Duration{10'000});
    ready();
    pass(Duration{10'000});
  });
  EXPECT_NE(text.find("the broker takes no more for now reason=\"memory alarm\""), std::string::npos) << text;
  EXPECT_NE(text.find("the broker is ready"), std::string::npos) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 2) << text;
}

// ---- intake ---------------------------------------------------------------------------------------------------------

class IntakeServiceTest : public ServiceTest {
 protected:
  IntakeServiceTest() {
    publisher_.start(broker_);
    broker_.publish_events->on_publish_ready();
    pass(Duration{0});
  }
  void lease_node(int id = 5) {
    intake_.start();
    answer<LeaseNode>(Answer(NodeAnswer{id}));
  }
  static Message message(const std::string& id = {}) {
    Message message;
    message.id.value = id;
    message.route = kRoute;
    message.body = Body("hello");
    return message;
  }
  void accept(IntakeRequest request) {
    answered_ = 0;
    given_.reset();
    intake_.accept(std::move(request), world_.now() + Duration{5'000}, [this](Result<AppendAnswer> answer) {
      ++answered_;
      given_.emplace(std::move(answer));
    });
    pass(Duration{0});
  }
  void accept(Message message) { accept(IntakeRequest{std::move(message), {}, {}}); }
  /// The append under way is answered with its own id.
  Append record(AppendAnswer::Kind kind = AppendAnswer::Kind::kAccepted) {
    auto asked = lane_.take<Append>();
    EXPECT_TRUE(asked.has_value());
    if (!asked) return {};
    Append append = std::get<Append>(asked->write);
    asked->done(Answer(AppendAnswer{kind, append.message.id, State::kSending, wall_ms(3)}));
    pass(Duration{0});
    return append;
  }
  ErrorClass refusal() {
    EXPECT_EQ(answered_, 1);
    EXPECT_EQ(lane_.count<Append>(), 0U);
    return given_ && !given_->ok() ? given_->error().what : ErrorClass::kInDoubt;
  }

  Publisher publisher_{loop_, lane_, health_, options_, metrics_, [] {}};
  IntakeService intake_{loop_, lane_, publisher_, world_.wall(), options_, metrics_};
  int answered_ = 0;
  std::optional<Result<AppendAnswer>> given_;
};

TEST_F(IntakeServiceTest, AcceptedMessageIsAnsweredOnceDurableAndPublishedFromMemory) {
  accept(message("mine"));
  EXPECT_EQ(answered_, 0) << "not before the row is durable";
  EXPECT_TRUE(broker_.published.empty());
  const Append append = record();
  EXPECT_TRUE(append.publish_now);
  EXPECT_FALSE(append.id_generated);
  EXPECT_EQ(append.queue.value, "q");
  EXPECT_EQ(append.digest, sha256("hello"));
  EXPECT_EQ(append.boot, options_.owner.boot);
  ASSERT_EQ(answered_, 1);
  EXPECT_EQ((*given_)->id.value, "mine");
  ASSERT_EQ(broker_.published.size(), 1U);
  const auto mark = read_mark(broker_.published.front().headers);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->publish_number, 1);
  EXPECT_EQ(mark->publish_time, wall_ms(3));
}

TEST_F(IntakeServiceTest, AnOverloadIsToldAndNotEachRefusal) {
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) {
    accept(message("mine"));
    answer<Append>(make_error(ErrorClass::kOverload, "full"));
    EXPECT_EQ(refusal(), ErrorClass::kOverload);
  }
  pass(OverloadWatch::kCalm);
  const std::string told = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 2) << told;
  EXPECT_NE(told.find("the overload is over refused=3"), std::string::npos) << told;
}

TEST_F(IntakeServiceTest, NothingButAnAcceptedMessageIsPublished) {
  for (const auto kind :
       {AppendAnswer::Kind::kDuplicate, AppendAnswer::Kind::kConflict, AppendAnswer::Kind::kKeyReused}) {
    accept(message("mine"));
    (void)record(kind);
    ASSERT_EQ(answered_, 1);
    EXPECT_EQ((*given_)->kind, kind);
  }
  accept(message("mine"));
  answer<Append>(make_error(ErrorClass::kInDoubt, "planned"));
  pass(Duration{0});
  EXPECT_EQ(refusal(), ErrorClass::kInDoubt);
  EXPECT_TRUE(broker_.published.empty());
}

TEST_F(IntakeServiceTest, ScheduledMessageIsLeftToTheLog) {
  auto scheduled = message("mine");
  scheduled.not_before = wall_ms(60'000);
  accept(scheduled);
  EXPECT_FALSE(record().publish_now);
  EXPECT_EQ(answered_, 1);
  EXPECT_TRUE(broker_.published.empty());
}

TEST_F(IntakeServiceTest, MessageAcceptedWhileTheBrokerIsDownIsLeftToTheLog) {
  broker_.publish_events->on_publish_down("planned");
  pass(Duration{0});
  accept(message("mine"));
  EXPECT_FALSE(record().publish_now);
  EXPECT_EQ(answered_, 1);
}

TEST_F(IntakeServiceTest, DrawnIdReachesTheBodyThatCarriesIt) {
  lease_node();
  IntakeRequest request{message(), [](const MessageId& id) { return Body("id " + id.value); }, {}};
  accept(request);
  const Append append = record();
  EXPECT_TRUE(append.id_generated);
  EXPECT_EQ(append.message.body.bytes(), "id " + append.message.id.value);
  EXPECT_EQ(append.digest, sha256("id " + append.message.id.value));
  EXPECT_EQ(std::stoll(append.message.id.value) >> 12 & 1'023, 5);
  EXPECT_EQ((*given_)->id, append.message.id);
}

TEST_F(IntakeServiceTest, TakenIdIsDrawnAgainThreeTimesAtMost) {
  lease_node();
  accept(message());
  const auto first = record(AppendAnswer::Kind::kIdTaken).message.id;
  const auto second = record(AppendAnswer::Kind::kIdTaken).message.id;
  EXPECT_NE(first, second);
  EXPECT_EQ(answered_, 0);
  (void)record(AppendAnswer::Kind::kIdTaken);
  EXPECT_EQ(refusal(), ErrorClass::kRetry);

  accept(message());
  (void)record(AppendAnswer::Kind::kIdTaken);
  const auto accepted = record().message.id;
  ASSERT_EQ(answered_, 1);
  EXPECT_EQ((*given_)->id, accepted);
  EXPECT_EQ(broker_.published.size(), 1U);
}

TEST_F(IntakeServiceTest, NoIdIsDrawnWithoutAProvablyValidNodeLease) {
  std::string reason;
  EXPECT_FALSE(intake_.ready(&reason));
  EXPECT_EQ(reason, "no node id is leased");
  accept(message());
  EXPECT_EQ(refusal(), ErrorClass::kRetry);
  accept(message("own id"));
  EXPECT_EQ(lane_.count<Append>(), 1U) << "a caller's own id needs no lease";
  (void)record();

  lease_node();
  EXPECT_TRUE(intake_.ready(&reason));
  pass(Duration{59'999});
  EXPECT_TRUE(intake_.ready(&reason));
  pass(Duration{1});
  EXPECT_FALSE(intake_.ready(&reason));
  accept(message());
  EXPECT_EQ(refusal(), ErrorClass::kRetry);
  // The renewal was asked for at a third, 40 s ago: it is good for 20 s more, whenever its answer came.
  answer<LeaseNode>(Answer(NodeAnswer{5}));
  EXPECT_TRUE(intake_.ready(&reason));
  pass(Duration{19'999});
  EXPECT_TRUE(intake_.ready(&reason));
  pass(Duration{1});
  EXPECT_FALSE(intake_.ready(&reason));
}

TEST_F(IntakeServiceTest, NodeIdIsAskedForAgainWhileAllAreHeldOrTheLogIsSilent) {
  std::string reason;
  intake_.start();
  answer<LeaseNode>(Answer(NodeAnswer{std::nullopt}));
  EXPECT_FALSE(intake_.ready(&reason));
  pass(Duration{200});
  answer<LeaseNode>(make_error(ErrorClass::kRetry, "planned"));
  pass(Duration{200});
  answer<LeaseNode>(Answer(NodeAnswer{1}));
  EXPECT_TRUE(intake_.ready(&reason));
}

TEST_F(IntakeServiceTest, ClockThatStepsBackFarMakesItNotReadyUntilItHasCaughtUp) {
  lease_node();
  accept(message());
  (void)record();
  world_.wall().step(Duration{-5'000});
  accept(message());
  EXPECT_EQ(answered_ + static_cast<int>(lane_.count<Append>()), 1) << "five seconds are absorbed";
  (void)record();
  world_.wall().step(Duration{-1'000});
  accept(message());
  EXPECT_EQ(refusal(), ErrorClass::kRetry);
  std::string reason;
  EXPECT_FALSE(intake_.ready(&reason));
  EXPECT_EQ(reason, "the clock stepped back");
  pass(Duration{1'000});
  EXPECT_TRUE(intake_.ready(&reason)) << "without a request that draws an id";
}

TEST_F(IntakeServiceTest, InvalidIdsRoutesAndBodiesAreRefusedForGood) {
  options_.worker.body_max = 10;
  std::vector<Message> bad;
  for (const auto& id : {std::string(156, 'x'), std::string("\xff"), std::string("waybill.mine")}) {
    bad.push_back(message(id));
  }
  for (const auto& name : {std::string(256, 'k'), std::string("\xff")}) {
    bad.push_back(message("a"));
    bad.back().route.routing_key = name;
    bad.push_back(message("a"));
    bad.back().route.exchange = name;
  }
  bad.push_back(message("a"));
  bad.back().content_type = std::string(256, 't');
  bad.push_back(message("a"));
  bad.back().headers = {{"large", std::string(kHeaderBytesMax, 'v')}};
  bad.push_back(message("a"));
  bad.back().body = Body("eleven byte");
  for (const Message& one : bad) {
    accept(one);
    EXPECT_EQ(refusal(), ErrorClass::kPermanent);
  }
  auto longest = message("a");
  longest.route.routing_key = std::string(255, 'k');
  longest.body = Body("ten bytes.");
  accept(longest);
  EXPECT_TRUE(record().queue.external());
}

TEST_F(IntakeServiceTest, IdempotencyKeyIsCommittedWithItsRow) {
  const IdempotencyKey key{"/v1/messages", "key-1", sha256("request")};
  accept(IntakeRequest{message("mine"), {}, key});
  const Append append = record();
  ASSERT_TRUE(append.key);
  EXPECT_EQ(append.key->endpoint, "/v1/messages");
  EXPECT_EQ(append.key->key, "key-1");
  EXPECT_EQ(append.key->request, sha256("request"));
}

TEST_F(IntakeServiceTest, WritesCarryTheCallersDeadlineAndTokensOfTheirOwn) {
  accept(message("a"));
  auto first = lane_.take<Append>();
  accept(message("b"));
  auto second = lane_.take<Append>();
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->deadline, world_.now() + Duration{5'000});
  EXPECT_NE(std::get<Append>(first->write).token, std::get<Append>(second->write).token);
}

// ---- operations -----------------------------------------------------------------------------------------------------

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

// ---- pruner ---------------------------------------------------------------------------------------------------------

class PrunerTest : public ServiceTest {
 protected:
  Pruner pruner_{loop_, lane_, health_, options_, metrics_};
};

TEST_F(PrunerTest, PrunesEveryMinuteAndGoesOnWhileBatchesAreFull) {
  pruner_.start();
  pass(Duration{59'999});
  EXPECT_EQ(lane_.count<Prune>(), 0U);
  pass(Duration{1});
  auto asked = lane_.take<Prune>();
  ASSERT_TRUE(asked);
  const auto prune = std::get<Prune>(asked->write);
  EXPECT_EQ(prune.age, options_.prune_age);
  asked->done(Answer(CountAnswer{prune.limit}));
  pass(Duration{100});
  ASSERT_EQ(lane_.count<Prune>(), 1U);
  answer<Prune>(Answer(CountAnswer{prune.limit - 1}));
  pass(Duration{59'999});
  EXPECT_EQ(lane_.count<Prune>(), 0U);
  pass(Duration{1});
  EXPECT_EQ(lane_.count<Prune>(), 1U);
}

TEST_F(PrunerTest, PrunesNothingForADayAfterAClockStep) {
  health_.on_answer(world_.now(), world_.now(), wall_ms(0));
  health_.on_answer(world_.now(), world_.now(), wall_ms(3'600'000));
  pruner_.start();
  pass(std::chrono::hours(24) - Duration{1});
  EXPECT_EQ(lane_.count<Prune>(), 0U);
  pass(Duration{60'000});
  EXPECT_EQ(lane_.count<Prune>(), 1U);
}

TEST_F(PrunerTest, StoppedPrunerAsksForNothing) {
  pruner_.start();
  pruner_.stop();
  pass(Duration{120'000});
  EXPECT_EQ(lane_.count<Prune>(), 0U);
}

}  // namespace
}  // namespace waybill
