// Intake and operations as a test wants them, and a server that stands on them.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/http_server.h"
#include "api/mail_send_endpoint.h"
#include "base/loop.h"
#include "ports/intake.h"
#include "ports/metrics.h"
#include "ports/operations.h"

namespace waybill::api {

/// Accepts what it is handed, on a thread of its own; remembers keys and ids. Told to hold, it answers only when it is
/// told.
class FakeIntake final : public Intake {
 public:
  struct Accepted {
    IntakeRequest request;
    MessageId id;
    MonoTime deadline;
  };

  FakeIntake() { loop_.start(); }

  void accept(IntakeRequest request, MonoTime deadline, Done done) override;
  void accept_all(std::vector<IntakeRequest> requests, MonoTime deadline, DoneAll done) override;

  void answer_with(Result<AppendAnswer> answer);  ///< from now on, whatever comes
  void hold();                                    ///< from now on: keep the callbacks
  void throw_on_accept();                         ///< from now on
  void wait_for(std::size_t held);                ///< until so many are held
  /// Answers held request `index` as accepted with the id it was given.
  void release(std::size_t index);
  void release(std::size_t index, const Result<AppendAnswer>& answer);

  /// Answers the held batch with this for each.
  void release_all(const Result<AppendAnswer>& answer);
  /// Message `nth` of every batch from now on.
  void answer_nth_with(std::size_t nth, Result<AppendAnswer> answer);

  [[nodiscard]] std::vector<Accepted> accepted() const;
  [[nodiscard]] std::size_t count() const { return accepted().size(); }
  [[nodiscard]] std::size_t batches() const;  ///< calls of accept_all

 private:
  // With the lock held: hands out an id and decides.
  Result<AppendAnswer> take(IntakeRequest request, MonoTime deadline);
  Result<AppendAnswer> judge(const IntakeRequest& request, const MessageId& id);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Accepted> accepted_;
  std::vector<Done> held_;  // emptied one by one
  std::vector<std::pair<std::size_t, DoneAll>> held_batches_;
  std::size_t batches_ = 0;
  std::map<std::string, std::pair<Digest, MessageId>> keys_;
  std::map<std::string, std::string> bodies_;  // by the id that the caller gave
  std::map<std::size_t, Result<AppendAnswer>> fixed_nth_;
  std::optional<Result<AppendAnswer>> fixed_;
  bool holding_ = false;
  bool throwing_ = false;
  LoopThread loop_;  // last: its thread uses the others
};

/// Knows the details it is given, answers at once on the caller's thread, and writes down what it was asked.
class FakeOperations final : public Operations {
 public:
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
  [[nodiscard]] Readiness readiness() const override { return ready; }

  // Set before the server starts, or between requests.
  std::map<std::string, MessageDetail> details;
  LogStats known_stats;
  std::optional<Error> error;  ///< answers everything
  Readiness ready{true, ""};
  std::string next_cursor;
  std::int64_t matching = 0;
  BulkReport report;
  PruneReport pruned;
  bool silent = false;  ///< answers no change and no question for stats, which it keeps
  std::vector<Done<LogStats>> unanswered;
  std::vector<std::string> asked;

 private:
  void act(const std::string& what, const MessageId& id, State state, const Done<State>& done);
};

/// Shows what it was handed.
class FakeMetricsPage final : public MetricsPage {
 public:
  std::string render(const std::optional<LogStats>& stats) override {
    return stats ? "lapses " + std::to_string(stats->lapses) + "\n" : "no stats\n";
  }
};

/// A running server on a free port. Limits are set before start().
class TestServer {
 public:
  TestServer() { options.port = 0; }
  ~TestServer();

  void start();
  void stop() { server_->stop(); }
  [[nodiscard]] std::uint16_t port() const { return server_->bound_port(); }

  FakeIntake intake;
  FakeOperations operations;
  FakeMetricsPage metrics;
  HttpOptions options;
  MailSendOptions mail;

 private:
  std::unique_ptr<HttpServer> server_;
};

/// The sample mail as a request.
[[nodiscard]] std::string sample_mail();

}  // namespace waybill::api
