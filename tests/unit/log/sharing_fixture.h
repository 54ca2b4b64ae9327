// One shared log that several sessions have at once.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/log/shared_sides.h"

namespace waybill {

inline const Route kRoute{"mail.exchange", "mail.routing.key"};
inline const QueueName kQueue{"mail.queue"};

template <class Side>
class Sharing : public testing::Test {
 protected:
  std::unique_ptr<MessageLog> open(LockPatience patience = {}) {
    auto log = Side::Log::open({.url = database_.url(), .patience = patience});
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
    const MonoTime give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
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

  typename Side::Database database_{"sharing"};
  std::atomic<std::uint64_t> last_token_ = 0;
};

}  // namespace waybill
