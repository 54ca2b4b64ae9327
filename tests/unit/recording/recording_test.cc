#include "testing/recording/recording.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "testing/memory_log.h"

namespace waybill::recording {
namespace {

class SetClock final : public WallClock {
 public:
  [[nodiscard]] WallTime now() const override { return now_; }
  void set(WallTime now) { now_ = now; }

 private:
  WallTime now_ = from_millis(1'767'225'600'000);
};

const Owner kWorker{"node-a", {11}};
const Route kRoute{"mail.exchange", "mail.routing.key"};
const Route kDead{"waybill.dlx", "dead"};

/// Another store: it finds names of its own for the copies of dead messages.
class RenamingLog final : public MessageLog {
 public:
  explicit RenamingLog(const WallClock& clock) : inner_(clock) {}
  [[nodiscard]] Result<Committed> commit(std::span<const Write> writes) override {
    std::vector<Write> renamed(writes.begin(), writes.end());
    for (Write& write : renamed) {
      if (auto* mark = std::get_if<MarkSent>(&write)) mark->id = inner_name(mark->id);
    }
    auto committed = inner_.commit(renamed);
    for (auto& answer : committed->answers) {
      if (auto* taken = answer.ok() ? std::get_if<TakeAnswer>(&*answer) : nullptr) {
        for (auto& row : taken->rows) row.message.id = outer_name(row.message.id);
      }
    }
    return committed;
  }
  [[nodiscard]] Result<WallTime> now() override { return inner_.now(); }
  [[nodiscard]] std::string identity() const override { return inner_.identity(); }
  [[nodiscard]] MemoryLog& inner() { return inner_; }

 private:
  static MessageId outer_name(const MessageId& id) {
    return id.value.starts_with("waybill.dead") ? MessageId{"waybill.other" + id.value} : id;
  }
  static MessageId inner_name(const MessageId& id) {
    constexpr std::string_view kPrefix = "waybill.other";
    return id.value.starts_with(kPrefix) ? MessageId{id.value.substr(kPrefix.size())} : id;
  }
  MemoryLog inner_;
};

class Recording : public testing::Test {
 protected:
  Answer commit(const Write& write) {
    const Write writes[] = {write};
    auto committed = log_.commit(writes);
    recorder_.committed(writes, *committed);
    clock_.set(clock_.now() + Duration{5});
    return *committed->answers.front();
  }
  static Append append(const std::string& id) {
    Append write{.message = {.id = {id}, .route = kRoute, .body = Body("body of " + id)}, .queue = {"mail.queue"}};
    write.digest = sha256(write.message.body.bytes());
    write.token = {std::hash<std::string>()(id)};
    return write;
  }
  void fail(const std::string& id) {
    const auto claim =
        std::get<ClaimAnswer>(commit(Claim{.id = {id}, .token = {5}, .owner = kWorker, .queue = {"mail.queue"}}));
    commit(Finish{.fence = {{id}, kWorker, claim.attempt, {5}}, .outcome = Fail{"no"}, .dead_letter = kDead});
  }
  [[nodiscard]] std::string lines() const { return out_.str(); }
  Result<ReplayReport> play(MessageLog& log, const std::string& recording) {
    std::istringstream in(recording);
    return replay(in, {log, [this](WallTime time) { clock_.set(time); },
                       [](const Row&) { return make_error(ErrorClass::kPermanent, "refused"); }});
  }

  SetClock clock_;
  MemoryLog log_{clock_};
  std::ostringstream out_;
  Recorder recorder_{out_};
};

TEST_F(Recording, ReplayedOnAnEmptyLogGivesTheSameRowsAtTheSameTimes) {
  const WallTime start = clock_.now();
  commit(append("a"));
  clock_.set(start + std::chrono::hours(1));
  commit(append("b"));
  MemoryLog other(clock_);
  const auto report = play(other, lines());
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_FALSE(report->difference);
  EXPECT_EQ(report->commits, 2U);
  EXPECT_EQ(report->writes, 2U);
  EXPECT_EQ((*other.find({"a"}, false))->create_time, start);
  EXPECT_EQ((*other.find({"b"}, true))->create_time, start + std::chrono::hours(1));
  EXPECT_EQ((*other.find({"b"}, true))->message.body.bytes(), "body of b");
}

TEST_F(Recording, TheFirstOtherAnswerIsReportedWithItsLine) {
  commit(append("a"));
  commit(Cancel{{"a"}});
  commit(Cancel{{"a"}});
  MemoryLog other(clock_);
  std::string recording = lines();
  recording.replace(recording.find("applied"), 7, "refused");
  const auto report = play(other, recording);
  ASSERT_TRUE(report.ok()) << report.error().message;
  ASSERT_TRUE(report->difference);
  EXPECT_EQ(report->difference->line, 2U);
  EXPECT_EQ(report->difference->recorded, "refused status=cancelled");
  EXPECT_EQ(report->difference->replayed, "applied status=cancelled");
  EXPECT_EQ(report->difference->write, R"({"verb":"cancel","id":"a"})");
  EXPECT_EQ(report->commits, 2U) << "it ends there";
}

TEST_F(Recording, CopiesOfDeadMessagesMayHaveOtherIds) {
  commit(append("a"));
  fail("a");
  const auto taken = std::get<TakeAnswer>(commit(Take{.boot = {1}}));
  ASSERT_EQ(taken.rows.size(), 1U);
  commit(MarkSent{taken.rows[0].message.id, taken.rows[0].publish_number, clock_.now()});
  EXPECT_NE(lines().find(R"("id":"copy 1 of a")"), std::string::npos);
  RenamingLog other(clock_);
  const auto report = play(other, lines());
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_FALSE(report->difference) << report->difference->replayed;
  EXPECT_EQ((*other.inner().find(taken.rows[0].message.id, false))->status, State::kSent);
}

TEST_F(Recording, AForeignRowIsInsertedPastThePort) {
  Row row;
  row.message.id = {"theirs"};
  row.message.route = kRoute;
  row.next_try_time = row.create_time = row.update_time = clock_.now();
  recorder_.foreign_row(row, clock_.now(), log_.insert_foreign(row).ok());
  recorder_.foreign_row(row, clock_.now(), log_.insert_foreign(row).ok());
  commit(Take{.boot = {1}});
  MemoryLog other(clock_);
  std::istringstream in(lines());
  const auto report = replay(in, {other, [this](WallTime time) { clock_.set(time); },
                                  [&](const Row& foreign) { return other.insert_foreign(foreign); }});
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_FALSE(report->difference);
  EXPECT_EQ(report->foreign_rows, 2U);
  EXPECT_EQ((*other.find({"theirs"}, false))->publish_count, 1);
  MemoryLog third(clock_);
  const auto refused = play(third, lines());
  ASSERT_TRUE(refused.ok());
  ASSERT_TRUE(refused->difference) << "a store that refuses the row is another one";
  EXPECT_EQ(refused->difference->line, 1U);
}

TEST_F(Recording, TheOrderOfTakenRowsDoesNotMatter) {
  TakeAnswer one;
  one.rows = {TakenRow{.message = {.id = {"a"}}}, TakenRow{.message = {.id = {"b"}}}};
  TakeAnswer other = one;
  std::swap(other.rows[0], other.rows[1]);
  std::ostringstream text;
  Recorder recorder(text);
  const Write take[] = {Take{}};
  recorder.committed(take, {.answers = {Answer(one)}});
  const std::string first = text.str();
  text.str("");
  recorder.committed(take, {.answers = {Answer(other)}});
  EXPECT_EQ(text.str(), first);
}

TEST_F(Recording, ALineThatCannotBeReadIsNamed) {
  commit(append("a"));
  const auto problem = [&](const std::string& line) {
    MemoryLog other(clock_);
    const auto report = play(other, lines() + line);
    return report.ok() ? std::string("accepted") : report.error().message;
  };
  EXPECT_EQ(problem("{"), "line 2: not an object with a time 'now'");
  EXPECT_EQ(problem(R"({"writes":[],"answers":[]})"), "line 2: not an object with a time 'now'");
  EXPECT_EQ(problem(R"({"now":1,"writes":[{"verb":"vanish"}],"answers":["x"]})"), "line 2: there is no verb 'vanish'");
  EXPECT_EQ(problem(R"({"now":1,"writes":[],"answers":["x"]})"),
            "line 2: 'writes' and 'answers' are arrays of the same length");
}

}  // namespace
}  // namespace waybill::recording
