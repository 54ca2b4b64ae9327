#include "engine/group_commit.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/fail_stop.h"
#include "base/log.h"

namespace waybill {
namespace {

constexpr const char* kComponent = "log";
constexpr Duration kWatchEvery{250};

const Error kFull = make_error(ErrorClass::kOverload, "too many writes are waiting for the message log");
const Error kNotTaken = make_error(ErrorClass::kRetry, "the message log did not take the write in time");
const Error kKeptOut =
    make_error(ErrorClass::kRetry, "another program's transaction kept the message out of the message log for too long",
               kHeldByAnother);
const Error kMaybeTaken =
    make_error(ErrorClass::kInDoubt, "the message log did not say in time whether the write is durable");
const Error kEnded = make_error(ErrorClass::kRetry, "the message log is not written to any more: this instance ends");

}  // namespace

GroupCommit::GroupCommit(MessageLog& log, Loop& loop, LogHealth& health, Metrics& metrics,
                         std::function<void(const Error&)> on_broken, FlushLimits limits, Role role)
    : log_(log),
      loop_(loop),
      health_(health),
      metrics_(metrics),
      on_broken_(std::move(on_broken)),
      role_(role),
      queue_(limits) {
  watch_->lane = this;
}

GroupCommit::~GroupCommit() {
  stop();
  const std::lock_guard lock(watch_->mutex);
  watch_->lane = nullptr;
}

void GroupCommit::start() {
  thread_ = std::thread([this] { run_or_abort("log lane", [this] { run(); }); });
}

void GroupCommit::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

// ---- in
// ---------------------------------------------------------------------------------------------------------------

void GroupCommit::submit(Write write, MonoTime deadline, Done done) {
  FlushQueue::Item item{std::move(write), deadline, std::move(done), 0, std::chrono::steady_clock::now()};
  {
    std::unique_lock lock(mutex_);
    if (!broken_ && !stopping_ && queue_.push(item)) return gather(lock);
  }
  FlushQueue::Batch refused;
  refused.push_back(std::move(item));
  refuse(std::move(refused));
}

void GroupCommit::submit_all(std::vector<Write> writes, MonoTime deadline, DoneAll done) {
  const MonoTime now = std::chrono::steady_clock::now();
  auto dones = share_answers(writes.size(), std::move(done));
  FlushQueue::Batch items;
  items.reserve(writes.size());
  for (std::size_t i = 0; i < writes.size(); ++i) {
    items.push_back({std::move(writes[i]), deadline, std::move(dones[i]), 0, now});
  }
  {
    std::unique_lock lock(mutex_);
    if (!broken_ && !stopping_ && queue_.push_all(items)) return gather(lock);
  }
  refuse(std::move(items));
}

// A turn of the loop that answers one flush submits most of the next one. The lane begins when the turn has ended, or
// it would run ahead with a few writes at a time. Releases the lock, which the lane wants when it wakes.
void GroupCommit::gather(std::unique_lock<std::mutex>& lock) {
  const bool in_turn = loop_.in_turn();
  const bool posted = in_turn && std::exchange(gathering_, true);
  lock.unlock();
  if (!in_turn) return wake_.notify_one();
  if (posted) return;
  loop_.post([shared = watch_] {
    const std::lock_guard alive(shared->mutex);
    if (shared->lane == nullptr) return;
    GroupCommit& lane = *shared->lane;
    {
      const std::lock_guard gathered(lane.mutex_);
      lane.gathering_ = false;
    }
    lane.wake_.notify_one();
  });
}

void GroupCommit::refuse(FlushQueue::Batch batch) {
  bool ended = false;
  {
    const std::lock_guard lock(mutex_);
    ended = broken_ || stopping_;
  }
  std::vector<Result<Answer>> answers(batch.size(), Result<Answer>(ended ? kEnded : kFull));
  answer(std::move(batch), std::move(answers));
}

// ---- the lane's thread
// ------------------------------------------------------------------------------------------------

void GroupCommit::run() {
  std::unique_lock lock(mutex_);
  while (!broken_) {
    end_late();
    if (gathering_ && !stopping_) {
      wake_.wait(lock);
      continue;
    }
    auto batch = queue_.next_batch(std::chrono::steady_clock::now());
    if (!batch.empty()) {
      std::vector<Write> writes;
      writes.reserve(batch.size());
      for (auto& item : batch) writes.push_back(std::move(item.write));
      in_flight_ = std::move(batch);
      watch();
      lock.unlock();
      flush(std::move(writes));
      lock.lock();
      continue;
    }
    if (stopping_ && queue_.empty()) break;
    const auto ready = queue_.ready_at();
    if (ready) {
      wake_.wait_until(lock, std::min(*ready, queue_.next_deadline().value_or(*ready)));
    } else {
      wake_.wait(lock);
    }
  }
  answer_unrecorded(queue_.drain());
}

void GroupCommit::flush(std::vector<Write> writes) {
  const MonoTime sent = std::chrono::steady_clock::now();
  health_.on_sent(sent);
  flushes_.fetch_add(1, std::memory_order_relaxed);
  Result<Committed> committed = log_.commit(writes);
  if (committed.ok()) {
    on_committed(std::move(*committed), std::move(writes), sent);
  } else {
    on_failure(committed.error(), std::move(writes));
  }
}

void GroupCommit::on_committed(Committed committed, std::vector<Write> writes, MonoTime sent) {
  const MonoTime answered = std::chrono::steady_clock::now();
  health_.on_answer(sent, answered, committed.store_now);
  if (std::exchange(failing_, false)) log_event(LogLevel::kInfo, kComponent, "the message log takes writes again");
  metrics_.observe(Measure::kFlushRows, static_cast<double>(writes.size()));
  metrics_.observe(Measure::kFlushSeconds, answered - sent);
  FlushQueue::Batch batch;
  FlushQueue::Batch kept_out;
  {
    const std::lock_guard lock(mutex_);
    batch = std::exchange(in_flight_, {});
    queue_.on_flushed(std::chrono::duration_cast<Duration>(answered - sent));
    if (role_.slow != nullptr || (role_.asks_again && !stopping_)) {
      kept_out = take_kept_out(batch, committed.answers, writes);
    }
    if (role_.asks_again) {
      tell_of_kept_out(kept_out.size());
      if (!kept_out.empty()) queue_.on_held(std::exchange(kept_out, {}), answered);
    }
  }
  if (!kept_out.empty()) metrics_.add(Count::kKeptOut, kept_out.size());
  for (auto& item : kept_out) role_.slow->submit(std::move(item.write), item.deadline, std::move(item.done));
  answer(std::move(batch), std::move(committed.answers));
}

// With mutex_ held. What stays in the batch is answered.
FlushQueue::Batch GroupCommit::take_kept_out(FlushQueue::Batch& batch, const std::vector<Result<Answer>>& answers,
                                             std::vector<Write>& writes) const {
  FlushQueue::Batch kept_out;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (answers[i].ok() || answers[i].error().code != kHeldByAnother) continue;
    if (!batch[i].done || !makes_row(writes[i])) continue;
    batch[i].write = std::move(writes[i]);
    kept_out.push_back(std::move(batch[i]));
    batch[i].done = nullptr;
  }
  return kept_out;
}

// With mutex_ held.
void GroupCommit::tell_of_kept_out(std::size_t writes) {
  if (writes > 0 && !std::exchange(keeps_asking_, true)) {
    log_event(LogLevel::kWarning, kComponent,
              "another program's transaction keeps messages out of the message log: they are tried again by themselves",
              {{"writes", writes}});
  } else if (writes == 0 && queue_.empty() && std::exchange(keeps_asking_, false)) {
    log_event(LogLevel::kInfo, kComponent, "no other program keeps messages out of the message log any more");
  }
}

void GroupCommit::on_failure(const Error& error, std::vector<Write> writes) {
  health_.on_failure();
  metrics_.add(Count::kFlushFailures);
  if (!std::exchange(failing_, true)) {
    log_event(LogLevel::kWarning, kComponent, "the message log does not take writes: they are tried again",
              {{"writes", writes.size()}, {"code", error.code}, {"error", error.message}});
  }
  const bool broken = error.what == ErrorClass::kPermanent;
  {
    const std::lock_guard lock(mutex_);
    FlushQueue::Batch batch;
    for (std::size_t i = 0; i < writes.size(); ++i) {
      if (!in_flight_[i].done) continue;
      in_flight_[i].write = std::move(writes[i]);
      batch.push_back(std::move(in_flight_[i]));
    }
    in_flight_.clear();
    broken_ = broken;
    if (broken) {
      answer_unrecorded(std::move(batch));
    } else if (!batch.empty()) {
      queue_.on_failed(std::move(batch), error.what, std::chrono::steady_clock::now());
    }
  }
  if (broken) on_broken_(error);
}

// ---- deadlines
// --------------------------------------------------------------------------------------------------------

// While something is under way the loop looks now and then, for the lane's own thread may hang in the log. With mutex_
// held.
void GroupCommit::watch() {
  if (std::exchange(watching_, true)) return;
  loop_.call_at(loop_.now() + kWatchEvery, [shared = watch_] {
    const std::lock_guard alive(shared->mutex);
    if (shared->lane == nullptr) return;
    GroupCommit& lane = *shared->lane;
    const std::lock_guard lock(lane.mutex_);
    lane.watching_ = false;
    lane.end_late();
    if (!lane.in_flight_.empty() || !lane.queue_.empty()) lane.watch();
  });
}

// With mutex_ held.
void GroupCommit::end_late() {
  const MonoTime now = std::chrono::steady_clock::now();
  FlushQueue::Batch late = queue_.expired(now);
  for (auto& item : in_flight_) {
    if (!item.done || item.deadline > now) continue;
    FlushQueue::Item ended;
    ended.done = std::exchange(item.done, nullptr);
    ended.in_doubt = true;
    late.push_back(std::move(ended));
  }
  answer_unrecorded(std::move(late));
}

// ---- out
// --------------------------------------------------------------------------------------------------------------

void GroupCommit::answer(FlushQueue::Batch batch, std::vector<Result<Answer>> answers) {
  // One turn of the loop for the whole flush: a wake-up costs more than an answer.
  auto shared =
      std::make_shared<std::pair<FlushQueue::Batch, std::vector<Result<Answer>>>>(std::move(batch), std::move(answers));
  loop_.post([shared] {
    for (std::size_t i = 0; i < shared->first.size(); ++i) {
      if (shared->first[i].done) shared->first[i].done(std::move(shared->second[i]));
    }
  });
}

void GroupCommit::answer_unrecorded(FlushQueue::Batch batch) {
  if (batch.empty()) return;
  std::vector<Result<Answer>> answers;
  answers.reserve(batch.size());
  for (const auto& item : batch) answers.emplace_back(item.in_doubt ? kMaybeTaken : item.held ? kKeptOut : kNotTaken);
  answer(std::move(batch), std::move(answers));
}

}  // namespace waybill
