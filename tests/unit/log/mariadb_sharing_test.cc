// One MariaDB log and several sessions: other instances, strangers that hold rows, an administrator that ends
// connections.
#include <gtest/gtest.h>

#include <atomic>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "log/mariadb/mariadb_log.h"
#include "log/mariadb/mariadb_reader.h"
#include "testing/mariadb_database.h"

namespace waybill {
namespace {

using namespace std::chrono_literals;

const Route kRoute{"mail.exchange", "mail.routing.key"};
const QueueName kQueue{"mail.queue"};

/// Those of the database, but this one and another.
std::vector<std::string> sessions_beside(MariadbClient& client, std::int64_t other) {
  std::istringstream ids(
      client.text("SELECT GROUP_CONCAT(id SEPARATOR ' ') FROM information_schema.processlist WHERE db = DATABASE() "
                  "AND id <> CONNECTION_ID() AND id <> " +
                  std::to_string(other)));
  return {std::istream_iterator<std::string>(ids), {}};
}

class MariadbSharing : public testing::Test {
 protected:
  std::unique_ptr<MariadbLog> open() {
    auto log = MariadbLog::open({.url = database_.url()});
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

  /// A row that another instance's commit holds for long, on a busy machine, is left out: then it is asked for again.
  static std::vector<ClaimAnswer> answers_to(MessageLog& log, std::vector<Write> claims) {
    std::vector<ClaimAnswer> answers;
    const MonoTime give_up = std::chrono::steady_clock::now() + 60s;
    while (!claims.empty() && std::chrono::steady_clock::now() < give_up) {
      const auto committed = log.commit(claims);
      if (!committed.ok()) throw std::runtime_error(committed.error().message);
      std::vector<Write> left;
      for (std::size_t i = 0; i < claims.size(); ++i) {
        const auto& answer = committed->answers[i];
        if (answer.ok()) {
          answers.push_back(std::get<ClaimAnswer>(*answer));
        } else {
          left.push_back(claims[i]);
        }
      }
      claims = std::move(left);
    }
    return answers;
  }

  MariadbDatabase database_{"sharing"};
  std::atomic<std::uint64_t> last_token_ = 0;
};

TEST_F(MariadbSharing, EveryRowIsGrantedToOneOfManyInstances) {
  constexpr int kRows = 400;
  constexpr int kBatch = 20;
  auto first = open();
  append_all(*first, kRows);
  std::vector<int> granted(3);
  {
    std::vector<std::jthread> instances;
    for (std::size_t n = 0; n < granted.size(); ++n) {
      instances.emplace_back([&, n] {
        auto log = open();
        // Each in an order of its own.
        for (int begin = 0; begin < kRows; begin += kBatch) {
          std::vector<Write> writes;
          for (int i = 0; i < kBatch; ++i) {
            const int number = n == 1 ? kRows - 1 - begin - i : begin + i;
            writes.emplace_back(claim(id_of(number), "instance-" + std::to_string(n)));
          }
          for (const ClaimAnswer& answer : answers_to(*log, writes)) {
            if (answer.verdict != ClaimVerdict::kGranted) continue;
            EXPECT_EQ(answer.attempt, 1);
            ++granted[n];
          }
        }
      });
    }
  }
  EXPECT_EQ(std::accumulate(granted.begin(), granted.end(), 0), kRows) << "each was granted, and none twice";
  EXPECT_EQ(database_.client().integer("SELECT COUNT(*) FROM msg_log WHERE owner IS NOT NULL AND attempt = 1"), kRows);
}

TEST_F(MariadbSharing, EveryRowIsTakenByOneOfManyRelays) {
  constexpr int kRows = 600;
  auto first = open();
  append_all(*first, kRows);
  std::vector<std::vector<std::string>> taken(3);
  {
    std::vector<std::jthread> relays;
    for (auto& mine : taken) {
      relays.emplace_back([&] {
        auto log = open();
        for (int idle = 0; idle < 3;) {
          Take take;
          take.boot = {1};
          take.grace = 60s;
          take.max_rows = 50;
          const auto committed = log->commit(std::vector<Write>{take});
          ASSERT_TRUE(committed.ok()) << committed.error().message;
          const auto& answer = std::get<TakeAnswer>(*committed->answers.front());
          for (const auto& row : answer.rows) mine.push_back(row.message.id.value);
          idle = answer.rows.empty() ? idle + 1 : 0;
        }
      });
    }
  }
  std::set<std::string> all;
  std::size_t sum = 0;
  for (const auto& ids : taken) {
    all.insert(ids.begin(), ids.end());
    sum += ids.size();
  }
  EXPECT_EQ(all.size(), std::size_t{kRows});
  EXPECT_EQ(sum, std::size_t{kRows}) << "none was taken twice";
}

TEST_F(MariadbSharing, AStrangersLockLeavesOutItsRowAlone) {
  auto log = open();
  append_all(*log, 50);
  MariadbClient stranger(database_.url());
  ASSERT_TRUE(stranger.run("BEGIN; SELECT msg_id FROM msg_log WHERE msg_id = '" + id_of(7) + "' FOR UPDATE").ok());
  std::vector<Write> writes;
  for (int i = 0; i < 50; ++i) writes.emplace_back(claim(id_of(i), "one"));
  for (int round = 0; round < 2; ++round) {
    const MonoTime begin = std::chrono::steady_clock::now();
    const auto committed = log->commit(writes);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s) << "neighbours commit within a second";
    ASSERT_TRUE(committed.ok()) << committed.error().message;
    for (int i = 0; i < 50; ++i) {
      const auto& answer = committed->answers[static_cast<std::size_t>(i)];
      ASSERT_EQ(answer.ok(), i != 7) << i;
      if (i == 7) {
        EXPECT_EQ(answer.error().what, ErrorClass::kRetry);
      }
    }
  }
  ASSERT_TRUE(stranger.run("ROLLBACK").ok());
  const auto committed = log->commit(std::vector<Write>{writes[7]});
  ASSERT_TRUE(committed.ok() && committed->answers.front().ok());
  EXPECT_EQ(std::get<ClaimAnswer>(*committed->answers.front()).verdict, ClaimVerdict::kGranted);
}

TEST_F(MariadbSharing, AnIdThatAStrangerHasNotCommittedYetIsLeftOut) {
  auto log = open();
  MariadbClient stranger(database_.url());
  ASSERT_TRUE(stranger.run("BEGIN; INSERT INTO msg_log (msg_id, msg) VALUES ('" + id_of(3) + "', 'x')").ok());
  std::vector<Write> writes;
  for (int i = 0; i < 64; ++i) writes.emplace_back(append(id_of(i)));
  for (int round = 0; round < 2; ++round) {
    const MonoTime begin = std::chrono::steady_clock::now();
    const auto committed = log->commit(writes);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, round == 0 ? 2'500ms : 200ms);
    ASSERT_TRUE(committed.ok()) << committed.error().message;
    for (std::size_t i = 0; i < writes.size(); ++i) EXPECT_EQ(committed->answers[i].ok(), i != 3) << i;
  }
  ASSERT_TRUE(stranger.run("COMMIT").ok());
  const MonoTime give_up = std::chrono::steady_clock::now() + 30s;
  std::optional<AppendAnswer::Kind> kind;
  while (!kind && std::chrono::steady_clock::now() < give_up) {
    const auto committed = log->commit(std::vector<Write>{writes[3]});
    ASSERT_TRUE(committed.ok());
    if (committed->answers.front().ok()) kind = std::get<AppendAnswer>(*committed->answers.front()).kind;
  }
  EXPECT_EQ(kind, AppendAnswer::Kind::kConflict) << "the stranger's row stands";
}

TEST_F(MariadbSharing, AStrangerThatKeepsNewRowsOutDelaysNothingElse) {
  auto log = open();
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

// A message's way, run through by somebody who runs each commit again until its outcome is known.
TEST_F(MariadbSharing, CommitsOfUnknownOutcomeAreRunAgainUntilTheyAreKnown) {
  auto log = open();
  const auto own = database_.client().integer("SELECT CONNECTION_ID()");
  std::jthread administrator([&](const std::stop_token& stop) {
    MariadbClient client(database_.url());
    std::minstd_rand chance(7);
    while (!stop.stop_requested()) {
      // Never longer at rest than it takes to connect and commit a few times.
      std::this_thread::sleep_for(std::chrono::microseconds(5'000 + chance() % 45'000));
      // As many as there may be; a statement ends with its session.
      for (const auto& session : sessions_beside(client, own)) static_cast<void>(client.run("KILL " + session));
    }
  });
  int lost = 0;
  int in_doubt = 0;
  std::string why;
  const auto run = [&](const std::vector<Write>& writes) {
    const MonoTime give_up = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < give_up) {
      auto committed = log->commit(writes);
      if (committed.ok()) return std::move(*committed);
      ++lost;
      if (committed.error().what == ErrorClass::kInDoubt) ++in_doubt;
      why = committed.error().message;
    }
    throw std::runtime_error("the log did not come back: " + why);
  };
  int round = 0;
  for (; round < 80 || (lost <= 10 && round < 20'000); ++round) {
    std::vector<Write> appends;
    std::vector<Write> claims;
    std::vector<Write> finishes;
    for (int i = 0; i < 4; ++i) {
      const std::string id = "r" + std::to_string(round) + "-" + std::to_string(i);
      appends.emplace_back(append(id));
      claims.emplace_back(claim(id, "one"));
      const auto& claimed = std::get<Claim>(claims.back());
      Finish finish{.fence = {{id}, claimed.owner, 1, claimed.token}};
      if (i == 0) finish.outcome = Retry{"busy", {}};
      finishes.emplace_back(std::move(finish));
    }
    for (const auto& answer : run(appends).answers) {
      ASSERT_TRUE(answer.ok()) << answer.error().message;
      ASSERT_EQ(std::get<AppendAnswer>(*answer).kind, AppendAnswer::Kind::kAccepted);
    }
    for (const auto& answer : run(claims).answers) {
      ASSERT_TRUE(answer.ok());
      ASSERT_EQ(std::get<ClaimAnswer>(*answer).verdict, ClaimVerdict::kGranted);
      ASSERT_EQ(std::get<ClaimAnswer>(*answer).attempt, 1);
    }
    for (const auto& answer : run(finishes).answers) {
      ASSERT_TRUE(answer.ok());
      ASSERT_EQ(std::get<FinishAnswer>(*answer).kind, FinishAnswer::Kind::kRecorded);
    }
  }
  administrator.request_stop();
  administrator.join();
  EXPECT_GT(lost, 10) << "the connection was lost often";
  RecordProperty("in_doubt", in_doubt);
  EXPECT_EQ(database_.client().integer("SELECT count(*) FROM msg_log WHERE status = 3 AND attempt = 1"), 3 * round);
  EXPECT_EQ(database_.client().integer("SELECT count(*) FROM msg_log WHERE status = 4 AND try_count = 1"), round);
  EXPECT_EQ(database_.client().integer("SELECT SUM(amount) FROM kept_count WHERE kind = 3"), 3 * round);
  EXPECT_EQ(database_.client().integer("SELECT count(*) FROM msg_event"), round) << "nothing was written twice";
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
