#include "bench/load_driver.h"

#include <algorithm>
#include <utility>

namespace waybill::bench {
namespace {

// After a refusal for overload: about one flush.
constexpr Duration kPause{5};
// Room is announced by whoever makes it; this only bounds how late an interruption or a stall is seen.
constexpr Duration kLook{20};
constexpr std::chrono::seconds kStall{30};

MonoTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

LoadDriver::LoadDriver(Intake& intake, Ledger& ledger, RunWatch& watch, Load load)
    : intake_(intake), ledger_(ledger), watch_(watch), load_(std::move(load)) {}

Status LoadDriver::run() {
  begin_ = moved_at_ = now();
  while (next_ < load_.messages || open_ > 0) {
    if (auto error = trouble()) return *error;
    ask(refused_ones());
    Indices fresh = next_ones();
    open_ += static_cast<std::int64_t>(fresh.size());
    ask(std::move(fresh));
    wait();
    watch_.tell("pipeline: handled", ledger_.handled_count(), static_cast<std::int64_t>(load_.first + load_.messages));
  }
  const auto error = trouble();
  return error ? Status(*error) : ok_status();
}

std::optional<Error> LoadDriver::trouble() {
  const MonoTime at = now();
  if (moved_seen_ != moved_) moved_at_ = at;
  moved_seen_ = moved_;
  if (watch_.interrupted()) return make_error(ErrorClass::kConflict, "interrupted");
  if (at - moved_at_ > kStall) return make_error(ErrorClass::kRetry, "nothing moved for 30 s");
  if (at - begin_ > Ledger::kLongest) return make_error(ErrorClass::kRetry, "the run took longer than an hour");
  const std::lock_guard lock(mutex_);
  return first_error_;
}

MonoTime LoadDriver::due_time(std::size_t number) const {
  const auto nanos = static_cast<std::int64_t>(static_cast<double>(number) * 1e9 / load_.rate);
  return begin_ + std::chrono::nanoseconds(nanos);
}

LoadDriver::Indices LoadDriver::next_ones() {
  Indices indices;
  const MonoTime at = now();
  const auto concurrency = static_cast<std::int64_t>(load_.concurrency);
  const auto room = static_cast<std::size_t>(std::max<std::int64_t>(0, concurrency - under_way_));
  const std::size_t most = load_.rate > 0 ? load_.batch : std::min(room, load_.batch);
  for (; indices.size() < most && next_ < load_.messages; ++next_) {
    const MonoTime due = load_.rate > 0 ? due_time(next_) : at;
    if (due > at) break;
    if (!is_misdirected(load_.first + next_)) ledger_.asked(load_.first + next_, due);
    indices.push_back(load_.first + next_);
  }
  return indices;
}

// Their time is still that of the first asking: what waits for room is late.
LoadDriver::Indices LoadDriver::refused_ones() {
  const std::lock_guard lock(mutex_);
  if (now() < again_at_) return {};
  return std::exchange(again_, {});
}

bool LoadDriver::is_misdirected(std::size_t index) const {
  const std::size_t number = index - load_.first;
  return load_.misdirected_among(number + 1) > load_.misdirected_among(number);
}

IntakeRequest LoadDriver::request_of(std::size_t index) const {
  IntakeRequest request;
  request.message.route = is_misdirected(index) ? load_.misdirected : load_.route;
  request.message.content_type = "text/plain";
  request.message.body = Body(ledger_.body_of(index, load_.size));
  return request;
}

void LoadDriver::ask(Indices indices) {
  if (indices.empty()) return;
  under_way_ += static_cast<std::int64_t>(indices.size());
  const MonoTime deadline = now() + load_.answer_deadline;
  if (indices.size() == 1) {
    const std::size_t index = indices.front();
    return intake_.accept(request_of(index), deadline,
                          [this, index](const Result<AppendAnswer>& answer) { on_answer(index, answer); });
  }
  std::vector<IntakeRequest> requests;
  requests.reserve(indices.size());
  for (const std::size_t index : indices) requests.push_back(request_of(index));
  intake_.accept_all(std::move(requests), deadline,
                     [this, asked = std::move(indices)](const std::vector<Result<AppendAnswer>>& answers) {
                       for (std::size_t i = 0; i < answers.size(); ++i) on_answer(asked[i], answers[i]);
                     });
}

void LoadDriver::on_answer(std::size_t index, const Result<AppendAnswer>& answer) {
  ++moved_;
  if (!answer.ok()) return on_refused(index, answer.error());
  if (answer->kind != AppendAnswer::Kind::kAccepted) {
    return on_refused(index, make_error(ErrorClass::kPermanent, "a fresh message was taken for a known one"));
  }
  const bool misdirected = is_misdirected(index);
  if (misdirected) {
    ++misdirected_;
  } else {
    ledger_.accepted(index, answer->id.value, now());
  }
  if (load_.flood || misdirected) leave();
  --open_;
}

void LoadDriver::on_refused(std::size_t index, const Error& error) {
  leave();
  switch (error.what) {
    case ErrorClass::kOverload:
    case ErrorClass::kRetry: {
      ++refused_;
      const std::lock_guard lock(mutex_);
      again_.push_back(index);
      again_at_ = now() + kPause;
      return;  // open until it is answered for good
    }
    case ErrorClass::kInDoubt:
      if (is_misdirected(index)) {
        ++misdirected_in_doubt_;
      } else {
        ledger_.in_doubt(index);
      }
      break;
    case ErrorClass::kPermanent:
    case ErrorClass::kConflict:
    case ErrorClass::kNotFound: {
      const std::lock_guard lock(mutex_);
      if (!first_error_) first_error_ = error;
      break;
    }
  }
  --open_;
}

void LoadDriver::on_handled(std::size_t index) {
  ++moved_;
  if (!load_.flood && index >= load_.first) leave();
}

void LoadDriver::leave() {
  const std::int64_t left = --under_way_;
  if (left > wake_at_ || wake_at_.exchange(-1) < 0) return;
  const std::lock_guard lock(mutex_);
  wake_.notify_one();
}

void LoadDriver::wait() {
  std::unique_lock lock(mutex_);
  MonoTime until = now() + kLook;
  if (!again_.empty()) until = std::min(until, again_at_);
  const bool more = next_ < load_.messages;
  if (load_.rate > 0 || !more) {
    if (more) until = std::min(until, due_time(next_));
    wake_.wait_until(lock, until);
    return;
  }
  // Room for a whole batch is worth a wake-up.
  const auto enough = static_cast<std::int64_t>(load_.concurrency - std::min(load_.batch, load_.concurrency));
  wake_at_ = enough;
  wake_.wait_until(lock, until, [&] { return under_way_ <= enough; });
  wake_at_ = -1;
}

}  // namespace waybill::bench
