#include "ports/log_lane.h"

#include <memory>
#include <optional>

namespace waybill {
namespace {

struct Gathered {
  LogLane::DoneAll done;
  std::vector<std::optional<Result<Answer>>> answers;
  std::size_t missing;

  void put(std::size_t at, Result<Answer> answer) {
    answers[at] = std::move(answer);
    if (--missing > 0) return;
    std::vector<Result<Answer>> all;
    all.reserve(answers.size());
    for (auto& each : answers) all.push_back(std::move(*each));
    done(std::move(all));
  }
};

}  // namespace

std::vector<LogLane::Done> share_answers(std::size_t writes, LogLane::DoneAll done) {
  auto gathered =
      std::make_shared<Gathered>(Gathered{std::move(done), std::vector<std::optional<Result<Answer>>>(writes), writes});
  std::vector<LogLane::Done> dones;
  dones.reserve(writes);
  for (std::size_t i = 0; i < writes; ++i) {
    dones.emplace_back([gathered, i](Result<Answer> answer) { gathered->put(i, std::move(answer)); });
  }
  return dones;
}

}  // namespace waybill
