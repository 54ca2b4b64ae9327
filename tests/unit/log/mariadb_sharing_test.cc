// Several sessions on one log, where MariaDB is unlike other servers.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "log/mariadb/mariadb_log.h"
#include "testing/mariadb_database.h"

namespace waybill {
namespace {

using namespace std::chrono_literals;

const Route kRoute{"mail.exchange", "mail.routing.key"};
const QueueName kQueue{"mail.queue"};

class MariadbSharing : public testing::Test {
 protected:
  std::unique_ptr<MariadbLog> open(LockPatience patience = {}) {
    auto log = MariadbLog::open({.url = database_.url(), .patience = patience});
    if (!log.ok()) throw std::runtime_error(log.error().message);
    return std::move(*log);
  }

  Append append(const std::string& id) {
    Append write;
    write.message.id.value = id;
    write.message.route = kRoute;
    write.message.body = Body("body of " + id);
    write.digest = sha256(write.message.body.bytes());
    write.queue = kQueue;
    write.token = Token{++last_token_};
    return write;
  }
  Claim claim(const std::string& id, const std::string& instance) {
    Claim write;
    write.id.value = id;
    write.token = Token{++last_token_};
    write.owner = {instance, {1}};
    write.queue = kQueue;
    return write;
  }
  static std::string id_of(int number) { return "m" + std::to_string(1'000 + number); }
  void append_all(MessageLog& log, int count) {
    std::vector<Write> writes;
    for (int i = 0; i < count; ++i) writes.emplace_back(append(id_of(i)));
    const auto committed = log.commit(writes);
    ASSERT_TRUE(committed.ok()) << committed.error().message;
  }

  MariadbDatabase database_{"sharing"};
  std::atomic<std::uint64_t> last_token_ = 0;
};

TEST_F(MariadbSharing, AStrangerThatKeepsNewRowsOutDelaysNothingElse) {
  auto log = open(kSlowPatience);
  append_all(*log, 30);
  MariadbClient stranger(database_.url());
  // The place of every row to come behind 'x', at the isolation that is the server's default.
  ASSERT_TRUE(stranger.run("BEGIN; SELECT msg_id FROM msg_log WHERE msg_id > 'x' FOR UPDATE").ok());
  std::vector<Write> writes;
  for (int i = 0; i < 30; ++i) {
    writes.emplace_back(append("z" + std::to_string(i)));
    writes.emplace_back(claim(id_of(i), "one"));
  }
  const MonoTime begin = std::chrono::steady_clock::now();
  const auto committed = log->commit(writes);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s) << "a commit ends, however many writes wait";
  ASSERT_TRUE(committed.ok()) << committed.error().message;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    ASSERT_EQ(committed->answers[i].ok(), i % 2 == 1) << i;
    if (i % 2 == 0) {
      EXPECT_EQ(committed->answers[i].error().what, ErrorClass::kRetry);
    }
  }
  ASSERT_TRUE(stranger.run("ROLLBACK").ok());
  const auto again = log->commit(std::vector<Write>{writes[0], writes[2]});
  ASSERT_TRUE(again.ok() && again->answers[0].ok() && again->answers[1].ok());
}

// What another program commits without waiting for the disk is seen, and may still be lost: an answer that rests on it
// needs a durable commit of our own, which writes something.
TEST_F(MariadbSharing, AnAnswerThatRestsOnAStrangersRowCommitsSomethingOfOurOwn) {
  auto log = open();
  append_all(*log, 1);
  ASSERT_TRUE(
      database_.run("SET innodb_lock_wait_timeout = 1; INSERT INTO msg_log (msg_id, msg, status) VALUES ('f', 'x', 3)")
          .ok());
  const auto commits = [&] { return database_.client().integer("SELECT COALESCE(SUM(number), 0) FROM own_commit"); };
  const auto before = commits();
  const auto refused = log->commit(std::vector<Write>{claim("f", "one")});
  ASSERT_TRUE(refused.ok() && refused->answers.front().ok());
  EXPECT_EQ(std::get<ClaimAnswer>(*refused->answers.front()).verdict, ClaimVerdict::kFinished);
  EXPECT_EQ(commits(), before + 1);
  const auto duplicate = log->commit(std::vector<Write>{append("f")});
  ASSERT_TRUE(duplicate.ok());
  EXPECT_EQ(std::get<AppendAnswer>(*duplicate->answers.front()).kind, AppendAnswer::Kind::kConflict);
  EXPECT_EQ(commits(), before + 2);
  const auto granted = log->commit(std::vector<Write>{claim(id_of(0), "one")});
  ASSERT_TRUE(granted.ok());
  ASSERT_TRUE(log->commit(std::vector<Write>{Take{.boot = {1}}}).ok());
  EXPECT_EQ(commits(), before + 2) << "what writes anyway needs no more, and an empty take rests on nothing";
}

}  // namespace
}  // namespace waybill
