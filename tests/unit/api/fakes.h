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
#include "ports/operations.h"

namespace waybill::api {

/// Accepts what it is handed, on a thread of its own; remembers keys. Told to hold, it answers only when it is told.
class FakeIntake final : public Intake {
 public:
  struct Accepted {
    IntakeRequest request;
    MessageId id;
    MonoTime deadline;
  };

  FakeIntake() { loop_.start(); }

  void accept(IntakeRequest request, MonoTime deadline, Done done) override;

  void answer_with(Result<AppendAnswer> answer);  ///< from now on, whatever comes
  void hold();                                    ///< from now on: keep the callbacks
  void throw_on_accept();                         ///< from now on
  void wait_for(std::size_t held);                ///< until so many are held
  /// Answers held request `index` as accepted with the id it was given.
  void release(std::size_t index);
  void release(std::size_t index, const Result<AppendAnswer>& answer);

  [[nodiscard]] std::vector<Accepted> accepted() const;
  [[nodiscard]] std::size_t count() const { return accepted().size(); }

 private:
  Result<AppendAnswer> judge(const IntakeRequest& request, const MessageId& id);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Accepted> accepted_;
  std::vector<Done> held_;  // emptied one by one
  std::map<std::string, std::pair<Digest, MessageId>> keys_;
  std::optional<Result<AppendAnswer>> fixed_;
  bool holding_ = false;
  bool throwing_ = false;
  LoopThread loop_;  // last: its thread uses the others
};

/// Knows the details it is given, answers at once on the caller's thread, and writes down what it was asked.
class FakeOperations final : public Operations {
 public:
  void find(const MessageId& id, bool with_body, Done<MessageDetail> done) override;
  void list(const ListFilter& filter, Done<std::vector<Row>> done) override;
  void stats(Done<LogStats> done) override;
  void replay(const MessageId& id, bool again, Done<State> done) override;
  void cancel(const MessageId& id, Done<State> done) override;
  void resolve(const MessageId& id, bool happened, Done<State> done) override;
  [[nodiscard]] Readiness readiness() const override { return ready; }

  // Set before the server starts, or between requests.
  std::map<std::string, MessageDetail> details;
  LogStats known_stats;
  std::optional<Error> error;  ///< answers everything
  Readiness ready{true, ""};
  std::vector<std::string> asked;

 private:
  void act(const std::string& what, const MessageId& id, State state, const Done<State>& done);
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
  HttpOptions options;
  MailSendOptions mail;

 private:
  std::unique_ptr<HttpServer> server_;
};

/// The sample mail as a request.
[[nodiscard]] std::string sample_mail();

}  // namespace waybill::api
