// Runs the publisher machine: rows in, publishes to the broker, marks to the log. Lives on the engine's loop, but for
// `accepts_fresh`.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "base/loop.h"
#include "engine/log_health.h"
#include "engine/publisher_machine.h"
#include "engine/waiting_marks.h"
#include "ports/broker.h"
#include "ports/log_lane.h"
#include "ports/metrics.h"

namespace waybill {

class Publisher final : private PublishEvents {
 public:
  /// `on_room` is called whenever due rows may be taken again (ready, or room was made).
  Publisher(Loop& loop, LogLane& lane, const LogHealth& health, const EngineOptions& options, Metrics& metrics,
            std::function<void()> on_room, PublisherFaults faults = {});
  ~Publisher() override;

  void start(Broker& broker);
  /// Publishes nothing more; what is in flight is left to the log's clock.
  void stop();

  /// Any thread: true if a row appended now would be published from memory.
  [[nodiscard]] bool accepts_fresh() const { return accepts_fresh_.load(std::memory_order_relaxed); }
  /// Goes out in this turn of the loop, together with what else this turn brings.
  void publish_fresh(PublishRow row);
  void publish_due(std::vector<TakenRow> rows, MonoTime asked);

  [[nodiscard]] bool ready() const { return machine_.ready() && !stopped_; }
  [[nodiscard]] std::size_t room_for_due() const { return machine_.room_for_due(); }
  [[nodiscard]] RouteBreaker::Survey survey() const { return machine_.survey(loop_.now()); }
  /// Marks of confirmed publishes that are not written yet; a finish withdraws its own.
  [[nodiscard]] WaitingMarks& waiting_marks() { return waiting_marks_; }

 private:
  void on_publish_ready() override;
  void on_blocked(std::string reason) override;
  void on_publish_down(std::string reason) override;
  void on_returned(PublishTag tag, int code, std::string text) override;
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override;

  void on_loop(std::function<void()> event);
  void perform(PublisherMachine::Actions actions);
  void tell_blocked();
  void submit_due_marks();
  void submit(Write mark);
  void count(const PublisherMachine::Actions& actions);
  void tell(const std::vector<PublisherMachine::RouteChange>& routes);
  void settle();

  Loop& loop_;
  LogLane& lane_;
  const LogHealth& health_;
  const Duration write_deadline_;
  Metrics& metrics_;
  const std::function<void()> on_room_;
  PublisherMachine machine_;
  WaitingMarks waiting_marks_;
  Timer timer_;
  Timer marks_timer_;
  Timer blocked_timer_;
  std::string blocked_reason_;
  bool blocked_told_ = false;
  bool ready_untold_ = true;  // it was not ready, as far as people know
  std::unique_ptr<PublishSession> session_;
  std::atomic<bool> accepts_fresh_{false};
  bool stopped_ = false;
  bool had_room_ = false;
  bool pump_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // events posted before the end find it false
};

}  // namespace waybill
