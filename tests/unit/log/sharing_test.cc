// One shared log and several sessions: other instances, strangers that hold rows, an administrator that ends
// connections.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/log/sharing_fixture.h"

namespace waybill {
namespace {

using namespace std::chrono_literals;

TYPED_TEST_SUITE(Sharing, SharedSides, SideNames);

TYPED_TEST(Sharing, EveryRowIsGrantedToOneOfManyInstances) {
  constexpr int kRows = 400;
  constexpr int kBatch = 20;
  auto first = this->open();
  this->append_all(*first, kRows);
  std::vector<int> granted(3);
  {
    std::vector<std::jthread> instances;
    for (std::size_t n = 0; n < granted.size(); ++n) {
      instances.emplace_back([&, n] {
        auto log = this->open();
        // Each in an order of its own.
        for (int begin = 0; begin < kRows; begin += kBatch) {
          std::vector<Write> writes;
          for (int i = 0; i < kBatch; ++i) {
            const int number = n == 1 ? kRows - 1 - begin - i : begin + i;
            writes.emplace_back(this->claim(this->id_of(number), "instance-" + std::to_string(n)));
          }
          for (const ClaimAnswer& answer : this->answers_to(*log, writes)) {
            if (answer.verdict != ClaimVerdict::kGranted) continue;
            EXPECT_EQ(answer.attempt, 1);
            ++granted[n];
          }
        }
      });
    }
  }
  EXPECT_EQ(std::accumulate(granted.begin(), granted.end(), 0), kRows) << "each was granted, and none twice";
  EXPECT_EQ(this->database_.client().integer("SELECT COUNT(*) FROM msg_log WHERE owner IS NOT NULL AND attempt = 1"),
            kRows);
}

TYPED_TEST(Sharing, EveryRowIsTakenByOneOfManyRelays) {
  constexpr int kRows = 600;
  auto first = this->open();
  this->append_all(*first, kRows);
  std::vector<std::vector<std::string>> taken(3);
  {
    std::vector<std::jthread> relays;
    for (auto& mine : taken) {
      relays.emplace_back([&] {
        auto log = this->open();
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

TYPED_TEST(Sharing, AStrangersLockLeavesOutItsRowAlone) {
  auto log = this->open();
  this->append_all(*log, 50);
  typename TypeParam::Client stranger(this->database_.url());
  ASSERT_TRUE(
      stranger.run("BEGIN; SELECT msg_id FROM msg_log WHERE msg_id = '" + this->id_of(7) + "' FOR UPDATE").ok());
  std::vector<Write> writes;
  for (int i = 0; i < 50; ++i) writes.emplace_back(this->claim(this->id_of(i), "one"));
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

TYPED_TEST(Sharing, AnIdThatAStrangerHasNotCommittedYetIsLeftOut) {
  auto log = this->open();
  typename TypeParam::Client stranger(this->database_.url());
  ASSERT_TRUE(stranger.run("BEGIN; INSERT INTO msg_log (msg_id, msg) VALUES ('" + this->id_of(3) + "', 'x')").ok());
  std::vector<Write> writes;
  for (int i = 0; i < 64; ++i) writes.emplace_back(this->append(this->id_of(i)));
  for (int round = 0; round < 2; ++round) {
    const MonoTime begin = std::chrono::steady_clock::now();
    const auto committed = log->commit(writes);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, round == 0 ? 1'500ms : 200ms);
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

// The quietest of several rounds: a busy machine is slow, too, but not in each of them.
TYPED_TEST(Sharing, ARowThatIsStillHeldIsNotWaitedForAgain) {
  constexpr Duration kRemembered{100};
  auto log = this->open({.remembered = kRemembered});
  this->append_all(*log, 2);
  typename TypeParam::Client stranger(this->database_.url());
  ASSERT_TRUE(
      stranger.run("BEGIN; SELECT msg_id FROM msg_log WHERE msg_id = '" + this->id_of(0) + "' FOR UPDATE").ok());
  const std::vector<Write> writes{this->claim(this->id_of(0), "one"), this->claim(this->id_of(1), "one")};
  ASSERT_TRUE(log->commit(writes).ok());
  const auto longest_of_a_round = [&] {
    MonoTime::duration longest{};
    const MonoTime end = std::chrono::steady_clock::now() + 4 * kRemembered;
    while (std::chrono::steady_clock::now() < end) {
      const MonoTime begin = std::chrono::steady_clock::now();
      const auto committed = log->commit(writes);
      longest = std::max(longest, std::chrono::steady_clock::now() - begin);
      EXPECT_TRUE(committed.ok() && !committed->answers[0].ok() && committed->answers[1].ok());
    }
    return longest;
  };
  auto least = longest_of_a_round();
  const MonoTime give_up = std::chrono::steady_clock::now() + 60s;
  while (least >= 80ms && std::chrono::steady_clock::now() < give_up) least = std::min(least, longest_of_a_round());
  EXPECT_LT(least, 80ms) << "a wait for the lock takes a tenth of a second at least";
}

// A message's way, run through by somebody who runs each commit again until its outcome is known.
TYPED_TEST(Sharing, CommitsOfUnknownOutcomeAreRunAgainUntilTheyAreKnown) {
  auto log = this->open();
  const auto own = TypeParam::session(this->database_.client());
  std::atomic<int> in_vain = 0;  // sessions ended since the last commit
  std::jthread administrator([&](const std::stop_token& stop) {
    typename TypeParam::Client client(this->database_.url());
    std::minstd_rand chance(7);
    while (!stop.stop_requested()) {
      // At rest as long as it takes to connect and commit a few times: on a busy machine that is longer.
      std::this_thread::sleep_for(std::chrono::microseconds(5'000 + chance() % 45'000) * (1 << std::min(6, in_vain++)));
      TypeParam::end_sessions(client, own);
    }
  });
  int lost = 0;
  int in_doubt = 0;
  std::string why;
  const auto run = [&](const std::vector<Write>& writes) {
    const MonoTime give_up = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < give_up) {
      auto committed = log->commit(writes);
      if (committed.ok()) {
        in_vain = 0;
        return std::move(*committed);
      }
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
      appends.emplace_back(this->append(id));
      claims.emplace_back(this->claim(id, "one"));
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
  this->RecordProperty("in_doubt", in_doubt);
  EXPECT_EQ(this->database_.client().integer("SELECT count(*) FROM msg_log WHERE status = 3 AND attempt = 1"),
            3 * round);
  EXPECT_EQ(this->database_.client().integer("SELECT count(*) FROM msg_log WHERE status = 4 AND try_count = 1"), round);
  EXPECT_EQ(this->database_.client().integer(TypeParam::kConsumedRows), 3 * round);
  EXPECT_EQ(this->database_.client().integer("SELECT count(*) FROM msg_event"), round) << "nothing was written twice";
}

}  // namespace
}  // namespace waybill
