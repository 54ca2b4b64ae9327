#include "log/rows/isolation.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "log/rows/answers.h"

namespace waybill::rows {
namespace {

constexpr Duration kRest{1'000};

MonoTime now() { return std::chrono::steady_clock::now(); }
bool is_new_row(const Write* write) { return makes_row(*write); }

}  // namespace

// New rows last: a stranger may keep them all out, and then what has begun must not wait for them.
bool Isolation::run(Writes writes, const Try& attempt, Answers& answers) {
  give_up_.reset();
  std::vector<std::size_t> order(writes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto new_rows = std::ranges::stable_partition(order, [&](std::size_t i) { return !is_new_row(writes[i]); });
  const std::size_t known = writes.size() - new_rows.size();
  std::vector<const Write*> ordered;
  for (const std::size_t i : order) ordered.push_back(writes[i]);
  Answers given;
  if (!by_halves(Writes(ordered).first(known), attempt, given)) return false;
  if (!by_halves(Writes(ordered).subspan(known), attempt, given)) return false;
  const std::size_t begin = answers.size();
  answers.insert(answers.end(), writes.size(), left_out());
  for (std::size_t i = 0; i < order.size(); ++i) answers[begin + order[i]] = std::move(given[i]);
  return true;
}

bool Isolation::by_halves(Writes writes, const Try& attempt, Answers& answers) {
  if (writes.empty()) return true;
  if (give_up_ && now() > *give_up_) return leave_out(writes, answers);
  Attempt tried = attempt(writes, answers);
  switch (tried.outcome) {
    case Outcome::kDone:
      return true;
    case Outcome::kBroken:
      return false;
    case Outcome::kHeld:
      if (!give_up_) give_up_ = now() + patience_;
      tried.error = left_out();
      break;
    case Outcome::kRefused:
      break;
  }
  if (writes.size() == 1) {
    answers.emplace_back(std::move(tried.error));
    return true;
  }
  const auto half = writes.size() / 2;
  return by_halves(writes.first(half), attempt, answers) && by_halves(writes.subspan(half), attempt, answers);
}

bool Isolation::leave_out(Writes writes, Answers& answers) {
  answers.insert(answers.end(), writes.size(), left_out());
  if (std::ranges::any_of(writes, is_new_row)) new_rows_rest_until_ = now() + kRest;
  return true;
}

std::vector<const Write*> Isolation::tried_now(Writes writes) const {
  std::vector<const Write*> tried(writes.begin(), writes.end());
  if (now() < new_rows_rest_until_) std::erase_if(tried, is_new_row);
  return tried;
}

Isolation::Answers Isolation::with_left_out(Writes writes, Writes tried, Answers given) {
  if (tried.size() == writes.size()) return given;
  Answers answers;
  answers.reserve(writes.size());
  std::size_t next = 0;
  for (const Write* write : writes) {
    if (next < tried.size() && tried[next] == write) {
      answers.push_back(std::move(given[next++]));
    } else {
      answers.emplace_back(left_out());
    }
  }
  return answers;
}

}  // namespace waybill::rows
