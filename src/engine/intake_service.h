// Intake: validates, draws the id, records durably, answers the caller, and hands the row to the publisher in memory.
//
// Ids are drawn only while the node id's lease is provably valid by the monotonic clock (protocol, section 2). Any
// thread; answers come on the loop.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "base/loop.h"
#include "core/snowflake.h"
#include "engine/options.h"
#include "engine/overload_watch.h"
#include "engine/publisher.h"
#include "ports/intake.h"
#include "ports/log_lane.h"
#include "ports/metrics.h"

namespace waybill {

class IntakeService final : public Intake {
 public:
  IntakeService(Loop& loop, LogLane& lane, Publisher& publisher, const WallClock& clock, const EngineOptions& options,
                Metrics& metrics);
  ~IntakeService() override { *alive_ = false; }

  /// Leases a node id and keeps it. On the loop.
  void start();
  void stop();

  void accept(IntakeRequest request, MonoTime deadline, Done done) override;
  void accept_all(std::vector<IntakeRequest> requests, MonoTime deadline, DoneAll done) override;
  /// False, with the reason, while no id can be drawn.
  [[nodiscard]] bool ready(std::string* reason) const;

 private:
  static constexpr Duration kNodeLease{60'000};
  static constexpr int kDrawsMax = 3;
  struct Pending {
    IntakeRequest request;
    MonoTime deadline;
    Done done;
    int draws = 0;
  };
  struct Batch;

  void lease_node();
  void tell_unleased();
  [[nodiscard]] Result<Append> prepare(const IntakeRequest& request);
  void record(std::shared_ptr<Pending> pending);
  void on_recorded(const std::shared_ptr<Pending>& pending, const Append& append, MonoTime asked,
                   Result<AppendAnswer> answer);
  void on_batch_recorded(const std::shared_ptr<Batch>& batch, std::vector<Result<Answer>> answers, MonoTime asked);
  void draw_again(std::shared_ptr<Pending> pending);
  void publish(const Append& append, const AppendAnswer& answer, MonoTime asked);
  void count(const Result<AppendAnswer>& answer, MonoTime asked);
  [[nodiscard]] Result<MessageId> draw_id();
  [[nodiscard]] std::uint64_t random();
  void answer_later(Done done, Error error);

  Loop& loop_;
  LogLane& lane_;
  Publisher& publisher_;
  const WallClock& clock_;
  const EngineOptions& options_;
  Metrics& metrics_;
  Timer timer_;
  OverloadWatch overload_;
  bool stopped_ = false;        // on the loop
  bool unleased_told_ = false;  // on the loop
  mutable std::mutex mutex_;
  std::mt19937_64 random_;                                      // guarded by mutex_
  std::optional<Snowflake> snowflake_;                          // guarded by mutex_
  std::optional<int> node_id_;                                  // guarded by mutex_
  MonoTime node_valid_until_{};                                 // guarded by mutex_
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // answers after the end find it false
};

}  // namespace waybill
