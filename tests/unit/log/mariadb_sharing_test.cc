// Several sessions on one log, where MariaDB is unlike other servers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/log/sharing_fixture.h"

namespace waybill {
namespace {

using namespace std::chrono_literals;

class MariadbSharing : public Sharing<MariadbSide> {};

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
