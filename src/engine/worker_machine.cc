#include "engine/worker_machine.h"

#include <algorithm>
#include <utility>

namespace waybill {
namespace {

constexpr Duration kResubscribe{1'000};
constexpr Duration kGrowAfter{100};
constexpr Duration kQuickHandler{20};
constexpr Duration kQuietWait{2'000};
constexpr std::uint64_t kNoEpoch = ~std::uint64_t{0};

}  // namespace

WorkerMachine::WorkerMachine(const EngineOptions& options, std::map<QueueName, bool> marks_effect, WorkerFaults faults)
    : options_(options),
      limits_(options.worker),
      faults_(faults),
      random_(options.seed),
      epoch_(kNoEpoch),
      slots_(options.worker.concurrency) {
  for (const auto& [queue, marks] : marks_effect) queues_[queue].marks_effect = marks;
}

// ---- the session ----------------------------------------------------------------------------------------------------

WorkerMachine::Actions WorkerMachine::on_ready(const WorkerMoment& at) {
  session_up_ = true;
  subscribe_all(at);
  return hand_over();
}

WorkerMachine::Actions WorkerMachine::on_down(const WorkerMoment& /*at*/) {
  // What was delivered comes again; runs go on, since their rows are claimed in the log.
  session_up_ = false;
  epoch_ = kNoEpoch;
  acks_.reset(kNoEpoch);
  waiting_.clear();
  large_.clear();
  crashed_.clear();
  for (auto& [_, queue] : queues_) {
    queue.subscribed = false;
    queue.unacknowledged = 0;
  }
  return hand_over();
}

WorkerMachine::Actions WorkerMachine::on_cancelled(const QueueName& name, const WorkerMoment& at) {
  Queue& queue = queues_[name];
  queue.subscribed = false;
  queue.resubscribe_at = at.now + kResubscribe;
  return hand_over();
}

void WorkerMachine::subscribe_all(const WorkerMoment& at) {
  if (!session_up_ || stopping_ || paused_) return;
  for (auto& [name, queue] : queues_) {
    if (queue.subscribed || (queue.resubscribe_at && *queue.resubscribe_at > at.now)) continue;
    queue.subscribed = true;
    queue.resubscribe_at.reset();
    queue.quiet_since = at.now;
    out_.emplace_back(Subscribe{name});
  }
}

WorkerMachine::Actions WorkerMachine::on_delivery(Delivery delivery, const WorkerMoment& at) {
  if (delivery.tag.epoch != epoch_) {
    epoch_ = delivery.tag.epoch;
    acks_.reset(epoch_);
  }
  Queue& queue = queues_[delivery.queue];
  auto mark = read_mark(delivery.headers);
  if (stopping_ || paused_) {
    note_given_back(queue, mark, at);
    out_.emplace_back(Requeue{delivery.tag});
    return hand_over();
  }
  queue.quiet_since = at.now;
  const bool other_log = mark && mark->log != options_.log_identity;
  // What came out of our own log was accepted once, under whatever limit stood then.
  if (other_log || delivery.body.size() > (mark ? kBodyMax : limits_.body_max)) {
    out_.emplace_back(Reject{delivery.tag, delivery.id, other_log ? "of another log" : "larger than the limit"});
    return hand_over();
  }
  acks_.on_delivery(delivery.tag);
  ++queue.unacknowledged;
  if (mark && (!queue.newest_out || *queue.newest_out < mark->publish_time)) queue.newest_out = mark->publish_time;
  const bool alone = mark && mark->crashes > 0;
  const bool large = mark && mark->body_in_log;
  (alone ? crashed_ : large ? large_ : waiting_).push_back(Waiting{std::move(delivery), std::move(mark), at.now});
  pump(at);
  return hand_over();
}

// ---- which delivery is next -----------------------------------------------------------------------------------------

void WorkerMachine::pump(const WorkerMoment& at) {
  while (!stopping_ && start_next(at)) {
  }
  const bool waits = next_waiting() != nullptr || !ready_.empty();
  if (waits && !handler_free() && !saturated_since_) saturated_since_ = at.now;
}

// For a crashed row the others are held back only so long: one of them may hang. Then they have their turn, for ten
// times as long.
bool WorkerMachine::may_wait_for_quiet(const WorkerMoment& at) {
  if (slots_used_ == 0) return true;
  if (!quiet_wanted_at_ || at.now >= *quiet_wanted_at_ + kQuietWait * 10) quiet_wanted_at_ = at.now;
  return at.now < *quiet_wanted_at_ + kQuietWait;
}

// The one that came first, of those that may be claimed.
std::deque<WorkerMachine::Waiting>* WorkerMachine::next_waiting() {
  if (!large_has_room()) return waiting_.empty() ? nullptr : &waiting_;
  return waiting_.empty() || large_.front().since <= waiting_.front().since ? &large_ : &waiting_;
}

bool WorkerMachine::start_next(const WorkerMoment& at) {
  const auto runs_max = static_cast<std::size_t>(slots_) + static_cast<std::size_t>(limits_.finishing_max);
  if (!may_claim() || runs_.size() >= runs_max) return false;
  auto* const queue = next_waiting();
  // A crashed row runs with nobody beside it, for its neighbours would die with it; normal rows get every second turn.
  if (!crashed_.empty() && (normal_turns_ == 0 || queue == nullptr) && may_wait_for_quiet(at)) {
    if (slots_used_ > 0) return false;
    quiet_wanted_at_.reset();
    Waiting next = std::move(crashed_.front());
    crashed_.pop_front();
    normal_turns_ = limits_.concurrency;
    begin_run(std::move(next), /*exclusive=*/true, at);
    return true;
  }
  if (queue == nullptr) return false;
  Waiting next = std::move(queue->front());
  queue->pop_front();
  if (normal_turns_ > 0) --normal_turns_;
  begin_run(std::move(next), /*exclusive=*/false, at);
  return true;
}

void WorkerMachine::begin_run(Waiting waiting, bool exclusive, const WorkerMoment& at) {
  const Key key = next_key_++;
  Run& run = runs_[key];
  run.delivery = std::move(waiting.delivery);
  run.mark = std::move(waiting.mark);
  run.fence = Fence{MessageId{run.delivery.id}, options_.owner, 0, Token{random_() | 1U}};
  run.exclusive = exclusive;
  run.body_bytes = run.mark ? run.mark->body_in_log.value_or(0) : 0;
  bodies_in_hand_ += run.body_bytes;
  if (slot_free()) slot_free_at_ = at.now;  // until this moment
  ++slots_used_;
  exclusive_running_ = exclusive_running_ || exclusive;
  if (faults_.ack_before_commit) answer_delivery(run);
  if (!run.mark) {
    if (const Status usable = validate_message_id(run.delivery.id); !usable.ok()) {
      run.park_reason = "foreign message without a usable id: " + usable.error().message;
    }
  }
  advance(key, at);
}

// ---- time -----------------------------------------------------------------------------------------------------------

Duration WorkerMachine::tick() const { return std::min(Duration{100}, limits_.lease / 20); }

std::optional<MonoTime> WorkerMachine::next_tick() const {
  const auto waits = [](const auto& entry) { return entry.second.resubscribe_at || entry.second.given_back; };
  const bool idle = runs_.empty() && waiting_.empty() && large_.empty() && crashed_.empty();
  if (idle && std::ranges::none_of(queues_, waits)) return std::nullopt;
  return last_tick_ + tick();
}

WorkerMachine::Actions WorkerMachine::on_tick(const WorkerMoment& at) {
  last_tick_ = at.now;
  std::vector<Key> keys;
  keys.reserve(runs_.size());
  for (const auto& [key, _] : runs_) keys.push_back(key);
  std::ranges::sort(keys);
  for (const Key key : keys) {
    Run& run = runs_.at(key);
    check_deadline(key, run, at);
    const bool long_handled = run.handling == Handling::kRunning && at.now - run.started >= limits_.early_ack;
    if (long_handled) answer_delivery(run);
    advance(key, at);
  }
  give_back_ready(at);
  for (auto& [_, queue] : queues_) {
    // It can come out only while somebody listens.
    if (!queue.subscribed) queue.given_back_at = at.now;
    if (queue.given_back && at.now - queue.given_back_at >= options_.reconciler.idle) queue.given_back.reset();
  }
  for (auto& [_, queue] : queues_) {
    if (!has_credit(queue)) queue.quiet_since = at.now;
  }
  subscribe_all(at);
  adapt_concurrency(at);
  if (slot_free()) slot_free_at_ = at.now;
  const bool waits = !waiting_.empty() || !large_.empty() || !crashed_.empty();
  if (waits && !paused_ && at.now - slot_free_at_ >= limits_.no_slot) pause(at);
  // Another instance may have nobody beside it, or room.
  const auto waits_long = [&](const auto& queue) {
    return !queue.empty() && at.now - queue.front().since >= limits_.no_slot;
  };
  if (waits_long(crashed_) && slots_used_ > 0) give_back(crashed_, at);
  if (waits_long(large_) && !large_has_room()) give_back(large_, at);
  pump(at);
  return hand_over();
}

void WorkerMachine::check_deadline(Key key, Run& run, const WorkerMoment& at) {
  if (run.handling != Handling::kRunning || run.closed || run.report || run.asked != Asked::kNothing) return;
  if (at.now < run.deadline) return;
  if (run.effect == Effect::kBegun) {
    run.report = {Unknown{"the handler did not answer within its deadline"}};
  } else {
    run.report = {Retry{"the handler did not begin its effect within its deadline", std::nullopt}};
  }
  deny_effect(key, run);
  out_.emplace_back(CancelHandler{key});
}

void WorkerMachine::adapt_concurrency(const WorkerMoment& at) {
  const bool waits = next_waiting() != nullptr || !ready_.empty();
  if (!waits || handler_free()) saturated_since_.reset();
  if (saturated_since_ && at.now - *saturated_since_ >= kGrowAfter) {
    slots_ = std::min(limits_.concurrency_max, slots_ + 1);
  } else if (!waits && slots_used_ + 1 < slots_) {
    slots_ = std::max(limits_.concurrency, slots_ - 1);
  }
  if (!waits) ahead_ /= 2;
}

// ---- claims ahead of handlers ---------------------------------------------------------------------------------------

// After a handler returned. If there is nothing for the next one although deliveries wait, it waits for their claims.
void WorkerMachine::start_ready(Duration handled, const WorkerMoment& at) {
  while (!ready_.empty() && handler_free()) {
    const Key key = ready_.front();
    ready_.pop_front();
    const auto found = runs_.find(key);
    if (found == runs_.end()) continue;
    Run& run = found->second;
    run.ready = false;
    if (at.now - run.ready_since >= kQuickHandler) ahead_ = std::max(0, ahead_ - 1);
    advance(key, at);
  }
  if (handled >= kQuickHandler) {
    ahead_ = 0;
  } else if (handler_free() && next_waiting() != nullptr) {
    ahead_ = std::min(limits_.claims_ahead_max, ahead_ + 1);
  }
}

// The handlers have become slow, or hang: others may have free ones.
void WorkerMachine::give_back_ready(const WorkerMoment& at) {
  for (const Key key : std::exchange(ready_, {})) {
    const auto found = runs_.find(key);
    if (found == runs_.end()) continue;
    const auto waited = at.now - found->second.ready_since;
    if (waited >= kQuickHandler) ahead_ = 0;
    if (waited < limits_.no_slot) {
      ready_.push_back(key);
    } else {
      found->second.release = true;
      advance(key, at);
    }
  }
}

// First the subscriptions, or what goes back would come again at once.
void WorkerMachine::pause(const WorkerMoment& at) {
  paused_ = true;
  for (auto& [name, queue] : queues_) {
    if (std::exchange(queue.subscribed, false)) out_.emplace_back(Unsubscribe{name});
  }
  give_back(waiting_, at);
  give_back(large_, at);
  give_back(crashed_, at);
}

void WorkerMachine::give_back(std::deque<Waiting>& deliveries, const WorkerMoment& at) {
  for (const Waiting& waiting : deliveries) {
    acks_.forget(waiting.delivery.tag);
    return_credit(waiting.delivery);
    note_given_back(queues_.at(waiting.delivery.queue), waiting.mark, at);
    out_.emplace_back(Requeue{waiting.delivery.tag});
  }
  deliveries.clear();
}

void WorkerMachine::note_given_back(Queue& queue, const std::optional<Mark>& mark, const WorkerMoment& at) {
  if (!mark) return;
  queue.given_back = std::min(queue.given_back.value_or(mark->publish_time), mark->publish_time);
  queue.given_back_at = at.now;
}

// ---- the end --------------------------------------------------------------------------------------------------------

WorkerMachine::Actions WorkerMachine::stop_taking(const WorkerMoment& at) {
  pause(at);
  stopping_ = true;
  for (const Key key : std::exchange(ready_, {})) {
    const auto found = runs_.find(key);
    if (found == runs_.end()) continue;
    found->second.release = true;
    advance(key, at);
  }
  return hand_over();
}

WorkerMachine::Actions WorkerMachine::release_unbegun(const WorkerMoment& at) {
  std::vector<Key> keys;
  for (auto& [key, run] : runs_) {
    const bool unbegun = run.claimed && !run.closed && !run.report && run.effect != Effect::kBegun;
    if (!unbegun) continue;
    run.release = true;
    deny_effect(key, run);
    out_.emplace_back(CancelHandler{key});
    keys.push_back(key);
  }
  for (const Key key : keys) advance(key, at);
  return hand_over();
}

bool WorkerMachine::only_begun() const {
  return std::ranges::all_of(runs_, [](const auto& entry) {
    const Run& run = entry.second;
    return run.handling == Handling::kRunning && (run.effect == Effect::kBegun || run.closed) && !run.report;
  });
}

bool WorkerMachine::runs_handlers() const {
  return std::ranges::any_of(runs_, [](const auto& entry) { return entry.second.handling == Handling::kRunning; });
}

std::size_t WorkerMachine::open_attempts() const {
  return static_cast<std::size_t>(std::ranges::count_if(runs_, [](const auto& entry) {
    const Run& run = entry.second;
    return (run.claimed || run.asked == Asked::kClaim) && !run.closed;
  }));
}

// ---- evidence -------------------------------------------------------------------------------------------------------

WorkerMachine::QueueView WorkerMachine::view(const QueueName& name) const {
  const Queue& queue = queues_.at(name);
  QueueView view;
  view.subscribed = queue.subscribed;
  view.credit = has_credit(queue);
  view.quiet_since = queue.quiet_since;
  view.newest_out = queue.newest_out;
  view.originals_out = queue.originals_out;
  // What went back stands behind younger messages; until it has had time to come out, it counts as in hand.
  view.oldest_in_hand = queue.given_back;
  const auto in_hand = [&](const Delivery& delivery, const std::optional<Mark>& mark) {
    if (delivery.queue != name || !mark) return;
    if (!view.oldest_in_hand || mark->publish_time < *view.oldest_in_hand) view.oldest_in_hand = mark->publish_time;
  };
  for (const Waiting& waiting : waiting_) in_hand(waiting.delivery, waiting.mark);
  for (const Waiting& waiting : large_) in_hand(waiting.delivery, waiting.mark);
  for (const Waiting& waiting : crashed_) in_hand(waiting.delivery, waiting.mark);
  for (const auto& [_, run] : runs_) {
    if (!run.claimed) in_hand(run.delivery, run.mark);
  }
  return view;
}

WorkerMachine::Actions WorkerMachine::acknowledge() {
  for (const auto& ack : acks_.take_acks()) out_.emplace_back(Ack{ack.tag, ack.multiple});
  return hand_over();
}

WorkerMachine::Actions WorkerMachine::hand_over() { return std::exchange(out_, {}); }

}  // namespace waybill
