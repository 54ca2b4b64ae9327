#include "engine/handler_pool.h"

#include <exception>
#include <stdexcept>
#include <utility>

#include "base/fail_stop.h"
#include "base/sha256.h"

namespace waybill {

// Carries the handler's questions to the loop and the answers back to the handler's thread.
class HandlerPool::Gate final : public EffectGate, public std::enable_shared_from_this<HandlerPool::Gate> {
 public:
  Gate(Loop& loop, std::function<void(std::function<void(bool)>)> ask) : loop_(loop), ask_(std::move(ask)) {}

  bool begin_effect() override {
    std::unique_lock lock(mutex_);
    if (cancelled_) return false;
    answered_ = false;
    loop_.post([self = shared_from_this()] { self->ask_([self](bool proceed) { self->answer(proceed); }); });
    // The worker answers within its own deadlines; a pool that is abandoned answers no.
    wake_.wait(lock, [this] { return answered_ || cancelled_; });
    begun_ = answered_ && proceed_;
    return begun_;
  }

  bool cancelled() const override {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

  void record(std::vector<RecipientRecord> recipients) override {
    const std::lock_guard lock(mutex_);
    auto all = recipients_;
    all.insert(all.end(), recipients.begin(), recipients.end());
    if (const auto status = check_recipients(all); !status) throw std::invalid_argument(status.error().message);
    for (auto& recipient : all) recipient = fit_to_keep(std::move(recipient));
    recipients_ = std::move(all);
  }

  [[nodiscard]] std::vector<RecipientRecord> take_recipients() {
    const std::lock_guard lock(mutex_);
    return std::move(recipients_);
  }

  void answer(bool proceed) {
    {
      const std::lock_guard lock(mutex_);
      answered_ = true;
      proceed_ = proceed;
    }
    wake_.notify_all();
  }

  void cancel() {
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
    }
    wake_.notify_all();
  }

  [[nodiscard]] bool begun() const {
    const std::lock_guard lock(mutex_);
    return begun_;
  }

 private:
  Loop& loop_;
  const std::function<void(std::function<void(bool)>)> ask_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool answered_ = false;                    // guarded by mutex_
  bool proceed_ = false;                     // guarded by mutex_
  bool cancelled_ = false;                   // guarded by mutex_
  bool begun_ = false;                       // guarded by mutex_
  std::vector<RecipientRecord> recipients_;  // guarded by mutex_
};

HandlerPool::HandlerPool(Loop& loop, std::map<QueueName, Handler*> handlers, int threads)
    : loop_(loop),
      handlers_(std::move(handlers)),
      finished_(loop, [](Finished run) { run.tell(std::move(run.report)); }),
      started_(loop, [this](Wake) { wake_for_started(); }) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run_or_abort("handler", [this] { run(); }); });
}

void HandlerPool::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void HandlerPool::abandon() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
    for (auto& [_, gate] : gates_) gate->cancel();
  }
  wake_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.detach();
  }
}

bool HandlerPool::marks_effect(const QueueName& queue) const { return handlers_.at(queue)->marks_effect(); }

void HandlerPool::start(std::uint64_t key, const QueueName& queue, Attempt attempt, Callbacks callbacks) {
  auto gate = std::make_shared<Gate>(loop_, std::move(callbacks.on_begin_effect));
  std::unique_lock lock(mutex_);
  gates_.emplace(key, gate);
  jobs_.push_back(Job{key, handlers_.at(queue), std::move(attempt), std::move(gate), std::move(callbacks.on_finished)});
  // Many are started in one turn of the loop; woken for each, a quick handler falls asleep before the next one comes.
  const bool first = !std::exchange(will_wake_, true);
  lock.unlock();
  if (first) started_.put({});
}

void HandlerPool::wake_for_started() {
  std::unique_lock lock(mutex_);
  will_wake_ = false;
  wake_another(lock);
}

// One thread at a time is woken, and wakes the next if there is still work: handlers that end at once are then run by a
// thread that is awake, where a wake-up would cost more than the handler. Releases the lock, which the woken one wants.
void HandlerPool::wake_another(std::unique_lock<std::mutex>& lock) {
  const bool wake = !jobs_.empty() && idle_ > 0 && !std::exchange(waking_, true);
  lock.unlock();
  if (wake) wake_.notify_one();
}

void HandlerPool::cancel(std::uint64_t key) {
  const std::lock_guard lock(mutex_);
  if (const auto found = gates_.find(key); found != gates_.end()) found->second->cancel();
}

HandlerOutcome HandlerPool::thrown(const Job& job, const std::string& what) {
  // Before its effect an exception is an ordinary failure; afterwards nobody knows how far it came.
  const std::string text = "the handler threw: " + what;
  if (!job.handler->marks_effect() || job.gate->begun()) return Unknown{text};
  return Retry{text, std::nullopt};
}

// Here rather than on the loop, for a large body takes a while.
HandlerOutcome HandlerPool::handle(const Job& job) {
  const Attempt& attempt = job.attempt;
  if (attempt.digest && sha256(attempt.body.bytes()) != *attempt.digest) {
    return Fail{"the body in the message log is not the one that was accepted"};
  }
  return job.handler->handle(attempt, *job.gate);
}

void HandlerPool::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    while (!stopping_ && jobs_.empty()) {
      ++idle_;
      wake_.wait(lock);
      --idle_;
      waking_ = false;
    }
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    wake_another(lock);
    HandlerOutcome outcome = Unknown{};
    try {
      outcome = handle(job);
    } catch (const std::exception& e) {
      outcome = thrown(job, e.what());
    } catch (...) {
      outcome = thrown(job, "something that is not a std::exception");
    }
    finished_.put({std::move(job.on_finished), {std::move(outcome), job.gate->take_recipients()}});
    lock.lock();
    gates_.erase(job.key);
  }
}

}  // namespace waybill
