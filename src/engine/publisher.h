// Runs the publisher machine: rows in, publishes to the broker, marks to the log. Lives on the engine's loop, but for
// `accepts_fresh`.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/loop.h"
#include "engine/log_health.h"
#include "engine/publisher_machine.h"
#include "ports/broker.h"
#include "ports/log_lane.h"
#include "ports/metrics.h"

namespace waybill {

/// The confirm times of the latest publishes of this process, so that a finish can carry them to rows whose mark came
/// too late. Bounded: the oldest are forgotten.
class RecentConfirms {
 public:
  void add(const MessageId& id, std::int64_t publish_number, WallTime time);
  [[nodiscard]] std::optional<WallTime> find(const MessageId& id, std::int64_t publish_number) const;

 private:
  static constexpr std::size_t kMax = 4'096;
  struct Confirm {
    std::int64_t publish_number;
    WallTime time;
  };
  std::unordered_map<std::string, Confirm> times_;
  std::deque<std::string> order_;
};

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
  [[nodiscard]] const RecentConfirms& confirms() const { return confirms_; }

 private:
  void on_publish_ready() override;
  void on_blocked(std::string reason) override;
  void on_publish_down(std::string reason) override;
  void on_returned(PublishTag tag, int code, std::string text) override;
  void on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) override;

  void on_loop(std::function<void()> event);
  void perform(PublisherMachine::Actions actions);
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
  RecentConfirms confirms_;
  Timer timer_;
  std::unique_ptr<PublishSession> session_;
  std::atomic<bool> accepts_fresh_{false};
  bool stopped_ = false;
  bool had_room_ = false;
  bool pump_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // events posted before the end find it false
};

}  // namespace waybill
