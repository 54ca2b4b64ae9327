// What the worker decides: which delivery is claimed, when its handler starts, when its effect may begin, what is
// recorded, and what is acknowledged. No I/O, no clock. Rules: protocol sections 2 and 4.
//
// A *run* is one delivery from its claim to the durable record of its outcome. It has at most one write under way,
// since a write that depends on another of the same row is asked only after that commit is known.
//
// A claim costs a flush, a handler may cost less. Where quick handlers wait for claims, claims run ahead of them: as
// many as keep the handlers busy, fewer as soon as one waits for its handler (docs/adr/0010).
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/time.h"
#include "core/headers.h"
#include "engine/ack_tracker.h"
#include "engine/options.h"
#include "ports/broker.h"
#include "ports/handler.h"
#include "ports/log_writes.h"

namespace waybill {

/// Deliberate faults, for tests that must notice them; off unless planted.
struct WorkerFaults {
  bool ack_before_commit = false;
};

/// The moment of an event, as far as the worker needs it.
struct WorkerMoment {
  MonoTime now;
  bool may_lapse = false;  ///< leases that have passed may be ended
  WallTime store_now{};
};

class WorkerMachine {
 public:
  /// Names a run in this process.
  using Key = std::uint64_t;

  struct Submit {
    Key key = 0;
    Write write;
    std::int64_t publish_number = 0;  ///< of the delivery; 0: it carried none
    bool late = false;                ///< a report after the one that ended the attempt
  };
  struct Start {
    Key key = 0;
    QueueName queue;
    Attempt attempt;
  };
  struct AnswerEffect {
    Key key = 0;
    bool proceed = false;
  };
  struct CancelHandler {
    Key key = 0;
  };
  struct Ack {
    DeliveryTag tag;
    bool multiple = false;
  };
  struct Requeue {
    DeliveryTag tag;
  };
  struct Reject {
    DeliveryTag tag;
    std::string id;
    std::string reason;
  };
  struct Subscribe {
    QueueName queue;
  };
  struct Unsubscribe {
    QueueName queue;
  };
  using Action = std::variant<Submit, Start, AnswerEffect, CancelHandler, Ack, Requeue, Reject, Subscribe, Unsubscribe>;
  using Actions = std::vector<Action>;

  /// `marks_effect` says of each consumed queue whether its handler marks its point of no return.
  WorkerMachine(const EngineOptions& options, std::map<QueueName, bool> marks_effect, WorkerFaults faults = {});

  [[nodiscard]] Actions on_ready(const WorkerMoment& at);
  [[nodiscard]] Actions on_down(const WorkerMoment& at);
  [[nodiscard]] Actions on_cancelled(const QueueName& queue, const WorkerMoment& at);
  [[nodiscard]] Actions on_delivery(Delivery delivery, const WorkerMoment& at);
  /// The log's answer to the write of `key` that was submitted at `sent`. An error means that it gave none.
  [[nodiscard]] Actions on_answer(Key key, Result<Answer> answer, MonoTime sent, const WorkerMoment& at);
  [[nodiscard]] Actions on_begin_effect(Key key, const WorkerMoment& at);
  [[nodiscard]] Actions on_finished(Key key, AttemptReport report, const WorkerMoment& at);
  [[nodiscard]] Actions on_tick(const WorkerMoment& at);
  /// What may be acknowledged by now. To be asked once for all the events at hand: one acknowledgement answers many
  /// deliveries, and costs a broker as much as one of a single delivery.
  [[nodiscard]] Actions acknowledge();
  [[nodiscard]] bool owes_acks() const { return acks_.owes_acks(); }
  /// A clean stop begins: what waits goes back to the broker, what runs may finish.
  [[nodiscard]] Actions stop_taking(const WorkerMoment& at);
  /// The grace is over: attempts whose effect has not begun are released, the others left to lapse.
  [[nodiscard]] Actions release_unbegun(const WorkerMoment& at);

  /// Nothing is claimed, handled or being recorded.
  [[nodiscard]] bool idle() const { return runs_.empty(); }
  /// A row that crashed before is in hand and not yet handled.
  [[nodiscard]] bool holds_crashed() const { return exclusive_running_ || !crashed_.empty(); }
  /// Only runs whose effect has begun and that nothing more can be done about.
  [[nodiscard]] bool only_begun() const;
  [[nodiscard]] bool runs_handlers() const;
  /// Attempts whose end is not recorded: if it ends now, they are left to lapse.
  [[nodiscard]] std::size_t open_attempts() const;
  /// When `on_tick` is wanted; none while nothing is in hand.
  [[nodiscard]] std::optional<MonoTime> next_tick() const;

  /// Evidence for the reconciler about one consumed queue.
  struct QueueView {
    bool subscribed = false;
    bool credit = false;   ///< fewer unacknowledged deliveries than the prefetch
    MonoTime quiet_since;  ///< the latest of subscription, last delivery and last lack of credit
    std::optional<WallTime>
        oldest_in_hand;                  ///< publish time of the oldest unclaimed delivery in hand or just given back
    std::optional<WallTime> newest_out;  ///< newest publish time of a marked message that came out
    std::uint64_t originals_out = 0;     ///< deliveries of a publish that is not the row's latest
  };
  [[nodiscard]] QueueView view(const QueueName& queue) const;

 private:
  enum class Asked { kNothing, kClaim, kRenew, kBeginEffect, kRelease, kFinish, kPark };
  enum class Effect { kNotBegun, kWanted, kBegun };
  enum class Handling { kNotStarted, kRunning, kReturned };

  struct Waiting {
    Delivery delivery;
    std::optional<Mark> mark;
    MonoTime since;
  };
  struct Run {
    Delivery delivery;
    std::optional<Mark> mark;
    Fence fence;
    Asked asked = Asked::kNothing;
    MonoTime retry_at;                   // after a write without an answer
    std::optional<MonoTime> claim_sent;  // when the claim was first sent
    MonoTime valid_from;                 // when the last acknowledged claim or renewal was sent
    MonoTime started;
    MonoTime deadline;  // the handler's
    Effect effect = Effect::kNotBegun;
    Handling handling = Handling::kNotStarted;
    std::vector<RecipientRecord> known;   // recipients, by the claim
    std::optional<AttemptReport> report;  // to be recorded
    std::optional<AttemptReport> late;    // came while an earlier report was being recorded
    std::string park_reason;              // not empty: to be parked
    bool claimed = false;
    bool closed = false;    // reported, or not ours any more: only a `done` and recipients still count
    bool release = false;   // to be given back
    bool answered = false;  // the delivery is acknowledged
    bool slot = true;       // occupies a handler slot, or a place ahead of one
    bool ready = false;     // stands in `ready_`
    MonoTime ready_since;
    bool exclusive = false;
    std::size_t body_bytes = 0;  // of its body from the log, while it counts as in hand
    int try_count = 0;
    std::optional<RetryPolicy> retry;
  };
  struct Queue {
    bool marks_effect = true;
    bool subscribed = false;
    std::optional<MonoTime> resubscribe_at;
    std::size_t unacknowledged = 0;
    MonoTime quiet_since;
    std::optional<WallTime> newest_out;
    std::uint64_t originals_out = 0;
    std::optional<WallTime> given_back;  // oldest publish time of what went back: it comes out after younger ones
    MonoTime given_back_at{};
  };

  // These add to `out_`, which the public calls hand over.
  void pump(const WorkerMoment& at);
  bool start_next(const WorkerMoment& at);
  [[nodiscard]] std::deque<Waiting>* next_waiting();
  void start_ready(Duration handled, const WorkerMoment& at);
  void give_back_ready(const WorkerMoment& at);
  void begin_run(Waiting waiting, bool exclusive, const WorkerMoment& at);
  void advance(Key key, const WorkerMoment& at);
  void ask(Key key, Run& run, Asked what, Write write);
  void ask_claim(Key key, Run& run, const WorkerMoment& at);
  void ask_finish(Key key, Run& run);
  void ask_park(Key key, Run& run);
  void on_no_answer(Key key, Run& run, Asked asked, const Error& error, const WorkerMoment& at);
  void on_claimed(Key key, Run& run, const ClaimAnswer& answer, const WorkerMoment& at);
  static void take_body(Run& run, const ClaimAnswer& answer);
  void on_effect_recorded(Key key, Run& run, const WorkerMoment& at);
  void on_recorded(Run& run);
  void start_handler(Key key, Run& run, const WorkerMoment& at);
  void deny_effect(Key key, Run& run);
  void lose(Key key, Run& run);
  void check_deadline(Key key, Run& run, const WorkerMoment& at);
  void answer_delivery(Run& run);
  void return_credit(const Delivery& delivery);
  void release_slot(Run& run, const WorkerMoment& at);
  void end(Key key, const WorkerMoment& at);
  bool may_wait_for_quiet(const WorkerMoment& at);
  void pause(const WorkerMoment& at);
  void subscribe_all(const WorkerMoment& at);
  void adapt_concurrency(const WorkerMoment& at);
  void give_back(std::deque<Waiting>& deliveries, const WorkerMoment& at);
  static void note_given_back(Queue& queue, const std::optional<Mark>& mark, const WorkerMoment& at);
  [[nodiscard]] bool valid(const Run& run, MonoTime now) const;
  [[nodiscard]] bool has_credit(const Queue& queue) const {
    return queue.unacknowledged < static_cast<std::size_t>(limits_.prefetch);
  }
  [[nodiscard]] bool slot_free() const { return slots_used_ < slots_ && !exclusive_running_; }
  [[nodiscard]] bool may_claim() const { return slots_used_ < slots_ + ahead_ && !exclusive_running_; }
  /// A body that the log keeps is claimed only if it has room beside the others in hand.
  [[nodiscard]] bool large_has_room() const {
    return !large_.empty() &&
           (bodies_in_hand_ == 0 || bodies_in_hand_ + *large_.front().mark->body_in_log <= limits_.bodies_max);
  }
  [[nodiscard]] bool handler_free() const { return handling_ < slots_; }
  [[nodiscard]] Duration retry_delay(const Run& run);
  [[nodiscard]] const RetryPolicy& policy(const Run& run) const;
  [[nodiscard]] Duration tick() const;
  [[nodiscard]] Actions hand_over();

  const EngineOptions& options_;
  const WorkerOptions& limits_;
  const WorkerFaults faults_;
  std::mt19937_64 random_;
  std::map<QueueName, Queue> queues_;
  AckTracker acks_;
  std::uint64_t epoch_ = 0;
  std::deque<Waiting> waiting_;
  std::deque<Waiting> large_;  // their bodies are in the log; those that wait for room delay no others
  std::size_t bodies_in_hand_ = 0;
  std::deque<Waiting> crashed_;  // rows whose handlers did not survive: handled alone, in turn with the others
  std::unordered_map<Key, Run> runs_;
  Key next_key_ = 1;
  std::deque<Key> ready_;                    // claimed, and waiting for a handler
  int slots_;                                // handlers at once
  int slots_used_ = 0;                       // by runs from their claim until their handler returns
  int handling_ = 0;                         // handlers that run
  int ahead_ = 0;                            // claims that may be asked for beyond the free handlers
  std::optional<MonoTime> saturated_since_;  // all handlers run, and something waits for one
  bool exclusive_running_ = false;
  int normal_turns_ = 0;  // normal rows to be started before the next crashed one
  bool session_up_ = false;
  bool paused_ = false;  // no slot for too long: unsubscribed until one frees
  bool stopping_ = false;
  std::optional<MonoTime> quiet_wanted_at_;  // since when a crashed row waits for the handlers to end
  MonoTime slot_free_at_{};
  MonoTime last_tick_{};
  Actions out_;
};

}  // namespace waybill
