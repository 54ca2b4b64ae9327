#include "engine/operations_service.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "base/fail_stop.h"
#include "engine/pruner.h"

namespace waybill {
namespace {

const Error kStopping = make_error(ErrorClass::kRetry, "this instance is stopping");

}  // namespace

OperationsService::OperationsService(Loop& loop, LogLane& lane, const LogHealth& health, MessageReader& reader,
                                     const Node& node)
    : loop_(loop), lane_(lane), health_(health), reader_(reader), node_(node) {}

void OperationsService::start() {
  thread_ = std::thread([this] { run_or_abort("operations", [this] { run(); }); });
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
  bool stopping = false;
  {
    const std::lock_guard lock(mutex_);
    stopping = stopping_;
    if (!stopping && waiting_.size() < kWaitingMax) {
      waiting_.push_back(std::move(query));
      return wake_.notify_one();
    }
  }
  loop_.post([refuse = std::move(query.refuse), stopping] {
    refuse(stopping ? kStopping
                    : make_error(ErrorClass::kOverload, "too many queries are waiting for the message log"));
  });
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
      query.refuse(kStopping);
    } else if (loop_.now() > query.deadline) {
      query.refuse(make_error(ErrorClass::kRetry, "the message log did not answer the query in time"));
    } else {
      query.run();
    }
    lock.lock();
  }
}

template <class T>
void OperationsService::read(std::function<Result<T>(MessageReader&)> query, Done<T> done) {
  ask({[this, query = std::move(query), done] { done(query(reader_)); }, [done](const Error& error) { done(error); },
       loop_.now() + kDeadline});
}

void OperationsService::find(const MessageId& id, bool with_body, Done<MessageDetail> done) {
  const auto query = [id, with_body](MessageReader& reader) -> Result<MessageDetail> {
    auto row = reader.find(id, with_body);
    if (!row.ok()) return row.error();
    if (!*row) return make_error(ErrorClass::kNotFound, "there is no message '" + id.value + "'");
    auto events = reader.events(id);
    if (!events.ok()) return events.error();
    auto recipients = reader.recipients(id);
    if (!recipients.ok()) return recipients.error();
    return MessageDetail{std::move(**row), std::move(*events), std::move(*recipients)};
  };
  read<MessageDetail>(query, std::move(done));
}

void OperationsService::list(const ListFilter& filter, Done<ListPage> done) {
  read<ListPage>([filter](MessageReader& reader) { return reader.list(filter); }, std::move(done));
}

void OperationsService::count(const MessageFilter& where, std::int64_t most, Done<std::int64_t> done) {
  read<std::int64_t>([where, most](MessageReader& reader) { return reader.count(where, most); }, std::move(done));
}

void OperationsService::stats(Done<LogStats> done) {
  read<LogStats>([](MessageReader& reader) { return reader.stats(); }, std::move(done));
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

void OperationsService::reschedule(const MessageId& id, WallTime not_before, Done<State> done) {
  apply(Reschedule{id, not_before}, id,
        "only messages that no attempt holds and that are sending, sent, send_failed or consume_failed can be given "
        "another time",
        std::move(done));
}

void OperationsService::change_all(BulkOperation::Plan plan, Done<BulkReport> done) {
  plan.end = loop_.now() + kBulkTime;
  plan.deadline = loop_.now() + kDeadline;
  const auto read_page = [this](const ListFilter& filter, Done<ListPage> page) { list(filter, std::move(page)); };
  std::make_shared<BulkOperation>(loop_, lane_, read_page, std::move(plan), std::move(done))->start();
}

void OperationsService::replay_all(const Selection& selection, bool again, Done<BulkReport> done) {
  const auto due_after = [rate = selection.rate](int nth) {
    return rate > 0 ? std::chrono::duration_cast<Duration>(std::chrono::duration<double>(nth / rate)) : Duration{0};
  };
  BulkOperation::Plan plan;
  plan.selection = selection;
  plan.write_for = [again, due_after](const MessageId& id, int nth) { return Replay{id, again, due_after(nth)}; };
  change_all(std::move(plan), std::move(done));
}

void OperationsService::cancel_all(const Selection& selection, Done<BulkReport> done) {
  BulkOperation::Plan plan;
  plan.selection = selection;
  plan.write_for = [](const MessageId& id, int /*nth*/) { return Cancel{id}; };
  plan.paced = true;
  change_all(std::move(plan), std::move(done));
}

void OperationsService::prune(Duration age, int limit, Done<PruneReport> done) {
  if (Pruner::must_wait(health_, loop_.now())) {
    const Error error = make_error(ErrorClass::kConflict,
                                   "the log's clock jumped less than a day ago, and rows may look older than they are: "
                                   "prune later");
    return loop_.post([error, done = std::move(done)] { done(error); });
  }
  prune_on(age, limit, {}, loop_.now() + kBulkTime, std::move(done));
}

void OperationsService::prune_on(Duration age, int limit, PruneReport so_far, MonoTime end, Done<PruneReport> done) {
  const int batch = std::min(kPruneBatch, limit - so_far.pruned);
  const MonoTime asked = loop_.now();
  submit_for<CountAnswer>(lane_, Prune{age, batch}, asked + kDeadline,
                          [=, this, done = std::move(done)](const Result<CountAnswer>& answer) mutable {
                            const bool in_doubt = !answer.ok() && answer.error().what == ErrorClass::kInDoubt;
                            if (!answer.ok() && so_far.pruned > 0 && !in_doubt) return done(so_far);  // more are left
                            if (!answer.ok()) return done(answer.error());
                            so_far.pruned += answer->rows;
                            so_far.more = answer->rows >= batch;
                            const MonoTime now = loop_.now();
                            const MonoTime next = now + kPruneRests * (now - asked);
                            if (!so_far.more || so_far.pruned >= limit || next >= end) return done(so_far);
                            loop_.call_at(next, [=, this, done = std::move(done)]() mutable {
                              prune_on(age, limit, so_far, end, std::move(done));
                            });
                          });
}

Readiness OperationsService::readiness() const {
  Readiness readiness;
  readiness.ready = node_.ready(&readiness.reason);
  if (!health_.answering(loop_.now())) readiness = {false, "the message log does not answer"};
  return readiness;
}

}  // namespace waybill
