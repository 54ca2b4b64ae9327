#include "engine/operations_service.h"

#include <utility>

namespace waybill {

OperationsService::OperationsService(Loop& loop, LogLane& lane, const LogHealth& health, MessageReader& reader,
                                     const Node& node)
    : loop_(loop), lane_(lane), health_(health), reader_(reader), node_(node) {}

void OperationsService::start() {
  thread_ = std::thread([this] { run(); });
}

void OperationsService::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void OperationsService::ask(Query query) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_ && waiting_.size() < kWaitingMax) {
      waiting_.push_back(std::move(query));
      wake_.notify_one();
      return;
    }
  }
  query.refuse(make_error(ErrorClass::kOverload, "too many queries are waiting for the message log"));
}

void OperationsService::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Query query = std::move(waiting_.front());
    waiting_.pop_front();
    const bool stopping = stopping_;
    lock.unlock();
    if (stopping) {
      query.refuse(make_error(ErrorClass::kRetry, "the service is stopping"));
    } else if (loop_.now() > query.deadline) {
      query.refuse(make_error(ErrorClass::kRetry, "the message log did not answer the query in time"));
    } else {
      query.run();
    }
    lock.lock();
  }
}

void OperationsService::find(const MessageId& id, bool with_body, Done<MessageDetail> done) {
  const auto read = [this, id, with_body, done] {
    auto row = reader_.find(id, with_body);
    if (!row.ok()) return done(row.error());
    if (!*row) return done(make_error(ErrorClass::kNotFound, "there is no message '" + id.value + "'"));
    auto events = reader_.events(id);
    if (!events.ok()) return done(events.error());
    done(MessageDetail{std::move(**row), std::move(*events)});
  };
  ask({read, [done](const Error& error) { done(error); }, loop_.now() + kDeadline});
}

void OperationsService::list(const ListFilter& filter, Done<std::vector<Row>> done) {
  ask({[this, filter, done] { done(reader_.list(filter)); }, [done](const Error& error) { done(error); },
       loop_.now() + kDeadline});
}

void OperationsService::stats(Done<LogStats> done) {
  ask({[this, done] { done(reader_.stats()); }, [done](const Error& error) { done(error); }, loop_.now() + kDeadline});
}

void OperationsService::apply(Write write, const MessageId& id, std::string hint, Done<State> done) {
  submit_for<VerbAnswer>(lane_, std::move(write), loop_.now() + kDeadline,
                         [id, hint = std::move(hint), done = std::move(done)](Result<VerbAnswer> answer) {
                           if (!answer.ok()) return done(answer.error());
                           switch (answer->kind) {
                             case VerbAnswer::Kind::kApplied:
                               return done(answer->status);
                             case VerbAnswer::Kind::kUnknownId:
                               return done(make_error(ErrorClass::kNotFound, "there is no message '" + id.value + "'"));
                             case VerbAnswer::Kind::kRefused:
                               const std::string open = answer->attempt_open ? " and being handled" : "";
                               return done(make_error(ErrorClass::kConflict,
                                                      "message '" + id.value + "' is " +
                                                          std::string(to_string(answer->status)) + open + "; " + hint));
                           }
                         });
}

void OperationsService::replay(const MessageId& id, bool again, Done<State> done) {
  apply(Replay{id, again, Duration{0}}, id,
        again
            ? "only messages that no attempt holds and that are dead, outcome_unknown, cancelled or consumed can be "
              "driven again"
            : "only dead, outcome_unknown or cancelled messages without a known effect can be driven again; a consumed "
              "one needs 'again', which repeats its effect",
        std::move(done));
}

void OperationsService::cancel(const MessageId& id, Done<State> done) {
  apply(Cancel{id}, id, "it is too late to cancel: only open messages that no attempt holds can be withdrawn",
        std::move(done));
}

void OperationsService::resolve(const MessageId& id, bool happened, Done<State> done) {
  apply(Resolve{id, happened}, id, "only a message in outcome_unknown can be resolved", std::move(done));
}

Readiness OperationsService::readiness() const {
  Readiness readiness;
  readiness.ready = node_.ready(&readiness.reason);
  if (!health_.answering()) readiness = {false, "the message log does not answer"};
  return readiness;
}

}  // namespace waybill
