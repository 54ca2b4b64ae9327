// What operators ask and do: reads on the log's reading side by one thread of their own, verbs through the log lane.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/loop.h"
#include "engine/log_health.h"
#include "engine/node.h"
#include "ports/log_lane.h"
#include "ports/operations.h"

namespace waybill {

/// Any thread. Reads are answered on the service's thread, verbs on the loop. Start once; `stop` may be called twice.
class OperationsService final : public Operations {
 public:
  OperationsService(Loop& loop, LogLane& lane, const LogHealth& health, MessageReader& reader, const Node& node);
  ~OperationsService() override { stop(); }
  void start();
  /// Answers what still waits with kRetry.
  void stop();

  void find(const MessageId& id, bool with_body, Done<MessageDetail> done) override;
  void list(const ListFilter& filter, Done<std::vector<Row>> done) override;
  void stats(Done<LogStats> done) override;
  void replay(const MessageId& id, bool again, Done<State> done) override;
  void cancel(const MessageId& id, Done<State> done) override;
  void resolve(const MessageId& id, bool happened, Done<State> done) override;
  [[nodiscard]] Readiness readiness() const override;

 private:
  static constexpr std::size_t kWaitingMax = 1'000;
  static constexpr Duration kDeadline{5'000};
  struct Query {
    std::function<void()> run;
    std::function<void(const Error&)> refuse;
    MonoTime deadline;
  };
  void ask(Query query);
  void run();
  void apply(Write write, const MessageId& id, std::string hint, Done<State> done);

  Loop& loop_;
  LogLane& lane_;
  const LogHealth& health_;
  MessageReader& reader_;
  const Node& node_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Query> waiting_;  // guarded by mutex_
  bool stopping_ = false;      // guarded by mutex_
  std::thread thread_;
};

}  // namespace waybill
