#include "tests/unit/api/fakes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "api/routes.h"

namespace waybill::api {

Result<AppendAnswer> FakeIntake::take(IntakeRequest request, MonoTime deadline) {
  if (throwing_) throw std::runtime_error("planted");
  MessageId id = request.message.id;
  if (id.value.empty()) id.value = std::to_string(7'000 + accepted_.size());
  if (request.body_for) request.message.body = request.body_for(id);
  Result<AppendAnswer> answer = judge(request, id);
  accepted_.push_back({std::move(request), id, deadline});
  return answer;
}

void FakeIntake::accept(IntakeRequest request, MonoTime deadline, Done done) {
  const std::lock_guard lock(mutex_);
  Result<AppendAnswer> answer = take(std::move(request), deadline);
  if (holding_) {
    held_.push_back(std::move(done));
    changed_.notify_all();
    return;
  }
  loop_.post([answer = std::move(answer), done = std::move(done)] { done(answer); });
}

void FakeIntake::accept_all(std::vector<IntakeRequest> requests, MonoTime deadline, DoneAll done) {
  const std::lock_guard lock(mutex_);
  ++batches_;
  if (holding_) {
    held_batches_.emplace_back(requests.size(), std::move(done));
    changed_.notify_all();
    return;
  }
  std::vector<Result<AppendAnswer>> answers;
  for (IntakeRequest& request : requests) {
    const auto fixed = fixed_nth_.find(answers.size());
    answers.push_back(take(std::move(request), deadline));
    if (fixed != fixed_nth_.end()) answers.back() = fixed->second;
  }
  loop_.post([answers = std::move(answers), done = std::move(done)] { done(answers); });
}

Result<AppendAnswer> FakeIntake::judge(const IntakeRequest& request, const MessageId& id) {
  using Kind = AppendAnswer::Kind;
  if (fixed_) return *fixed_;
  if (request.key) {
    const auto [known, fresh] =
        keys_.try_emplace(request.key->endpoint + " " + request.key->key, std::pair(request.key->request, id));
    if (fresh) return AppendAnswer{Kind::kAccepted, id};
    if (known->second.first != request.key->request) return AppendAnswer{Kind::kKeyReused, known->second.second};
    return AppendAnswer{Kind::kDuplicate, known->second.second};
  }
  if (request.message.id.value.empty()) return AppendAnswer{Kind::kAccepted, id};
  const auto [known, fresh] = bodies_.try_emplace(id.value, request.message.body.bytes());
  if (fresh) return AppendAnswer{Kind::kAccepted, id};
  return AppendAnswer{known->second == request.message.body.bytes() ? Kind::kDuplicate : Kind::kConflict, id,
                      State::kConsumed};
}

void FakeIntake::release_all(const Result<AppendAnswer>& answer) {
  std::pair<std::size_t, DoneAll> held;
  {
    const std::lock_guard lock(mutex_);
    held = std::move(held_batches_.back());
    held_batches_.pop_back();
  }
  held.second(std::vector<Result<AppendAnswer>>(held.first, answer));
}

void FakeIntake::answer_nth_with(std::size_t nth, Result<AppendAnswer> answer) {
  const std::lock_guard lock(mutex_);
  fixed_nth_.insert_or_assign(nth, std::move(answer));
}

std::size_t FakeIntake::batches() const {
  const std::lock_guard lock(mutex_);
  return batches_;
}

void FakeIntake::answer_with(Result<AppendAnswer> answer) {
  const std::lock_guard lock(mutex_);
  fixed_ = std::move(answer);
}

void FakeIntake::hold() {
  const std::lock_guard lock(mutex_);
  holding_ = true;
}

void FakeIntake::throw_on_accept() {
  const std::lock_guard lock(mutex_);
  throwing_ = true;
}

void FakeIntake::wait_for(std::size_t held) {
  std::unique_lock lock(mutex_);
  ASSERT_TRUE(
      changed_.wait_for(lock, std::chrono::seconds(15), [&] { return held_.size() + held_batches_.size() >= held; }));
}

void FakeIntake::release(std::size_t index) {
  release(index, AppendAnswer{AppendAnswer::Kind::kAccepted, accepted().at(index).id});
}

void FakeIntake::release(std::size_t index, const Result<AppendAnswer>& answer) {
  Done done;
  {
    const std::lock_guard lock(mutex_);
    done = std::exchange(held_.at(index), nullptr);
  }
  done(answer);
}

std::vector<FakeIntake::Accepted> FakeIntake::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

void FakeOperations::find(const MessageId& id, bool with_body, Done<MessageDetail> done) {
  asked.push_back("find " + id.value + (with_body ? " with body" : ""));
  if (error) return done(*error);
  const auto found = details.find(id.value);
  if (found == details.end()) return done(make_error(ErrorClass::kNotFound, "there is no message " + id.value));
  done(found->second);
}

namespace {

std::string text_of(const MessageFilter& where) {
  std::string text(where.status ? to_string(*where.status) : "all");
  if (where.queue) text += " queue '" + where.queue->value + "'";
  if (where.since) text += " since " + to_rfc3339(*where.since);
  if (where.until) text += " until " + to_rfc3339(*where.until);
  return text;
}

std::string text_of(const Selection& selection) {
  std::string text = text_of(selection.where) + " limit " + std::to_string(selection.limit);
  if (selection.rate > 0) text += " rate " + std::to_string(selection.rate).substr(0, 4);
  if (!selection.cursor.empty()) text += " from " + selection.cursor;
  return text;
}

}  // namespace

void FakeOperations::list(const ListFilter& filter, Done<ListPage> done) {
  asked.push_back("list " + text_of(filter.where) + " " + std::to_string(filter.limit) +
                  (filter.cursor.empty() ? "" : " from " + filter.cursor));
  if (error) return done(*error);
  ListPage page;
  page.next_cursor = next_cursor;
  for (const auto& [_, detail] : details) {
    if (!filter.where.status || detail.row.status == *filter.where.status) page.rows.push_back(detail.row);
  }
  done(page);
}

void FakeOperations::count(const MessageFilter& where, std::int64_t most, Done<std::int64_t> done) {
  asked.push_back("count " + text_of(where));
  if (error) return done(*error);
  done(std::min(matching, most));
}

void FakeOperations::reschedule(const MessageId& id, WallTime not_before, Done<State> done) {
  act("reschedule " + to_rfc3339(not_before), id, State::kSending, done);
}

void FakeOperations::replay_all(const Selection& selection, bool again, Done<BulkReport> done) {
  asked.push_back(std::string(again ? "replay again" : "replay") + " all: " + text_of(selection));
  if (silent) return;
  if (error) return done(*error);
  done(report);
}

void FakeOperations::cancel_all(const Selection& selection, Done<BulkReport> done) {
  asked.push_back("cancel all: " + text_of(selection));
  if (silent) return;
  if (error) return done(*error);
  done(report);
}

void FakeOperations::prune(Duration age, int limit, Done<PruneReport> done) {
  asked.push_back("prune " + std::to_string(age.count()) + " ms " + std::to_string(limit));
  if (silent) return;
  if (error) return done(*error);
  done(pruned);
}

void FakeOperations::stats(Done<LogStats> done) {
  asked.emplace_back("stats");
  if (silent) return unanswered.push_back(std::move(done));
  if (error) return done(*error);
  done(known_stats);
}

void FakeOperations::replay(const MessageId& id, bool again, Done<State> done) {
  act(again ? "replay again" : "replay", id, State::kSending, done);
}

void FakeOperations::cancel(const MessageId& id, Done<State> done) { act("cancel", id, State::kCancelled, done); }

void FakeOperations::resolve(const MessageId& id, bool happened, Done<State> done) {
  act(happened ? "resolve done" : "resolve retry", id, happened ? State::kConsumed : State::kSending, done);
}

void FakeOperations::act(const std::string& what, const MessageId& id, State state, const Done<State>& done) {
  asked.push_back(what + " " + id.value);
  if (silent) return;
  if (error) return done(*error);
  if (!details.contains(id.value)) return done(make_error(ErrorClass::kNotFound, "there is no message " + id.value));
  done(state);
}

TestServer::~TestServer() {
  if (server_) server_->stop();
}

void TestServer::start() {
  server_ = std::make_unique<HttpServer>(options, make_router(intake, operations, mail, &metrics));
  const Status started = server_->start();
  ASSERT_TRUE(started.ok()) << started.error().message;
}

std::string sample_mail() { return R"({"subject":"Greetings","content":"Hello there","tos":"ann@example.org"})"; }

}  // namespace waybill::api
