// Runs the worker machine: deliveries in, claims and outcomes to the log, handlers started, acknowledgements out. Lives
// on the engine's loop.
#pragma once

#include <functional>
#include <memory>

#include "base/loop.h"
#include "base/loop_inbox.h"
#include "engine/log_health.h"
#include "engine/publisher.h"
#include "engine/worker_machine.h"
#include "ports/broker.h"
#include "ports/handler.h"
#include "ports/log_lane.h"
#include "ports/metrics.h"

namespace waybill {

class Worker final : private ConsumeEvents {
 public:
  /// `on_change` is called after every turn in which something may have ended, e.g. to see whether a stop is complete.
  Worker(Loop& loop, LogLane& lane, const LogHealth& health, HandlerRunner& handlers, WaitingMarks& marks,
         const EngineOptions& options, Metrics& metrics, std::function<void()> on_change, WorkerFaults faults = {});
  ~Worker() override;

  void start(Broker& broker);
  /// Gives what waits back to the broker and takes nothing new.
  void stop_taking();
  /// Releases the attempts whose effect has not begun.
  void release_unbegun();
  void close();

  [[nodiscard]] bool idle() const { return machine_.idle(); }
  [[nodiscard]] bool holds_crashed() const { return machine_.holds_crashed(); }
  [[nodiscard]] bool only_begun() const { return machine_.only_begun(); }
  [[nodiscard]] bool runs_handlers() const { return machine_.runs_handlers(); }
  [[nodiscard]] std::size_t open_attempts() const { return machine_.open_attempts(); }
  [[nodiscard]] WorkerMachine::QueueView view(const QueueName& queue) const { return machine_.view(queue); }

 private:
  void on_consume_ready() override;
  void on_delivery(Delivery delivery) override;
  void on_rejected_unread() override;
  void on_cancelled(QueueName queue, std::string reason) override;
  void on_consume_down(std::string reason) override;

  struct Ready {};
  struct Cancelled {
    QueueName queue;
    std::string reason;
  };
  struct Down {
    std::string reason;
  };
  struct RejectedUnread {};
  using Event = std::variant<Ready, Delivery, RejectedUnread, Cancelled, Down>;
  void take(Ready event);
  void take(Delivery delivery);
  void take(RejectedUnread event);
  void take(Cancelled event);
  void take(Down event);

  [[nodiscard]] WorkerMoment moment() const;
  void perform(WorkerMachine::Actions actions);
  void act_on(WorkerMachine::Actions actions);
  void acknowledge_soon();
  void acknowledge();
  void act(WorkerMachine::Submit submit);
  void act(WorkerMachine::Start start);
  void act(WorkerMachine::AnswerEffect answer);
  void act(WorkerMachine::CancelHandler cancel);
  void act(WorkerMachine::Ack ack);
  void act(WorkerMachine::Requeue requeue);
  void act(WorkerMachine::Reject reject);
  void act(WorkerMachine::Subscribe subscribe);
  void act(WorkerMachine::Unsubscribe unsubscribe);

  Loop& loop_;
  LogLane& lane_;
  const LogHealth& health_;
  HandlerRunner& handlers_;
  WaitingMarks& marks_;
  const EngineOptions& options_;
  Metrics& metrics_;
  const std::function<void()> on_change_;
  WorkerMachine machine_;
  Timer timer_;
  LoopInbox<Event> events_;
  std::unique_ptr<ConsumeSession> session_;
  bool stopping_ = false;
  bool will_acknowledge_ = false;
  bool interrupted_ = false;  // told, and not yet that it is over
  std::unordered_map<WorkerMachine::Key, std::function<void(bool)>> effects_asked_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // answers that come after the end find it false
};

}  // namespace waybill
