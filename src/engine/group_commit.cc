#include "engine/group_commit.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace waybill {
namespace {

const Error kNotTaken = make_error(ErrorClass::kRetry, "the message log did not take the write in time");
const Error kMaybeTaken =
    make_error(ErrorClass::kInDoubt, "the message log did not say in time whether the write is durable");

}  // namespace

GroupCommit::GroupCommit(MessageLog& log, Loop& loop, LogHealth& health, std::function<void(const Error&)> on_broken,
                         FlushLimits limits)
    : log_(log), loop_(loop), health_(health), on_broken_(std::move(on_broken)), queue_(limits) {}

void GroupCommit::start() {
  thread_ = std::thread([this] { run(); });
}

void GroupCommit::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void GroupCommit::submit(Write write, MonoTime deadline, Done done) {
  FlushQueue::Item item{std::move(write), deadline, std::move(done), 0, std::chrono::steady_clock::now(), false};
  bool taken = false;
  {
    const std::lock_guard lock(mutex_);
    taken = !broken_ && !stopping_ && queue_.push(item);
  }
  if (taken) {
    wake_.notify_one();
    return;
  }
  loop_.post([done = std::move(item.done)] {
    done(make_error(ErrorClass::kOverload, "too many writes are waiting for the message log"));
  });
}

void GroupCommit::run() {
  std::unique_lock lock(mutex_);
  while (!broken_) {
    const MonoTime now = std::chrono::steady_clock::now();
    if (auto late = queue_.expired(now); !late.empty()) answer_expired(std::move(late));
    auto batch = queue_.next_batch(now);
    if (!batch.empty()) {
      lock.unlock();
      flush(std::move(batch));
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
  answer_all(queue_.drain(), kNotTaken);
}

void GroupCommit::flush(FlushQueue::Batch batch) {
  std::vector<Write> writes;
  writes.reserve(batch.size());
  for (auto& item : batch) writes.push_back(std::move(item.write));
  const MonoTime sent = std::chrono::steady_clock::now();
  Result<Committed> committed = log_.commit(writes);
  const MonoTime answered = std::chrono::steady_clock::now();
  if (committed.ok()) {
    health_.on_answer(sent, answered, committed->store_now);
    answer(std::move(batch), std::move(committed->answers));
    const std::lock_guard lock(mutex_);
    queue_.on_flushed();
    return;
  }
  health_.on_failure();
  if (committed.error().what == ErrorClass::kPermanent) {
    {
      const std::lock_guard lock(mutex_);
      broken_ = true;
    }
    answer_all(std::move(batch), committed.error());
    on_broken_(committed.error());
    return;
  }
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].write = std::move(writes[i]);
  const std::lock_guard lock(mutex_);
  queue_.on_failed(std::move(batch), committed.error().what, answered);
}

void GroupCommit::answer(FlushQueue::Batch batch, std::vector<Result<Answer>> answers) {
  // One turn of the loop for the whole flush: a wake-up costs more than an answer.
  auto shared =
      std::make_shared<std::pair<FlushQueue::Batch, std::vector<Result<Answer>>>>(std::move(batch), std::move(answers));
  loop_.post([shared] {
    for (std::size_t i = 0; i < shared->first.size(); ++i) shared->first[i].done(std::move(shared->second[i]));
  });
}

void GroupCommit::answer_all(FlushQueue::Batch batch, const Error& error) {
  if (batch.empty()) return;
  std::vector<Result<Answer>> answers(batch.size(), Result<Answer>(error));
  answer(std::move(batch), std::move(answers));
}

void GroupCommit::answer_expired(FlushQueue::Batch batch) {
  std::vector<Result<Answer>> answers;
  for (const auto& item : batch) answers.emplace_back(item.in_doubt ? kMaybeTaken : kNotTaken);
  answer(std::move(batch), std::move(answers));
}

}  // namespace waybill
