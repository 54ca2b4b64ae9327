// What operators ask and do: reads on the log's reading side by one thread of their own, verbs through the log lane.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "base/loop.h"
#include "engine/bulk_operation.h"
#include "engine/log_health.h"
#include "engine/node.h"
#include "ports/log_lane.h"
#include "ports/operations.h"

namespace waybill {

/// Any thread. Reads are answered on the service's thread, verbs and refusals on the loop. Start once; `stop` may be
/// called twice.
class OperationsService final : public Operations {
 public:
  OperationsService(Loop& loop, LogLane& lane, const LogHealth& health, MessageReader& reader, const Node& node);
  ~OperationsService() override { stop(); }
  void start();
  /// Answers what still waits with kRetry.
  void stop();

  void find(const MessageId& id, bool with_body, Done<MessageDetail> done) override;
  void list(const ListFilter& filter, Done<ListPage> done) override;
  void count(const MessageFilter& where, std::int64_t most, Done<std::int64_t> done) override;
  void stats(Done<LogStats> done) override;
  void replay(const MessageId& id, bool again, Done<State> done) override;
  void cancel(const MessageId& id, Done<State> done) override;
  void resolve(const MessageId& id, bool happened, Done<State> done) override;
  void reschedule(const MessageId& id, WallTime not_before, Done<State> done) override;
  void replay_all(const Selection& selection, bool again, Done<BulkReport> done) override;
  void cancel_all(const Selection& selection, Done<BulkReport> done) override;
  void prune(Duration age, int limit, Done<PruneReport> done) override;
  [[nodiscard]] Readiness readiness() const override;

 private:
  static constexpr std::size_t kWaitingMax = 1'000;
  static constexpr Duration kDeadline{5'000};
  /// Of what works on many messages: the rest of the deadline is for the last batch.
  static constexpr Duration kBulkTime{2'500};
  static constexpr int kPruneBatch = 1'000;
  static constexpr int kPruneRests = 3;  // times as long as a batch took: the log is for messages
  struct Query {
    std::function<void()> run;
    std::function<void(const Error&)> refuse;
    MonoTime deadline;
  };
  void ask(Query query);
  void run();
  template <class T>
  void read(std::function<Result<T>(MessageReader&)> query, Done<T> done);
  void change_all(BulkOperation::Plan plan, Done<BulkReport> done);
  void prune_on(Duration age, int limit, PruneReport so_far, MonoTime end, Done<PruneReport> done);
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
