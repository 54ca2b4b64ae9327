#include "tests/unit/api/fakes.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

#include "api/routes.h"

namespace waybill::api {

void FakeIntake::accept(IntakeRequest request, MonoTime deadline, Done done) {
  const std::lock_guard lock(mutex_);
  if (throwing_) throw std::runtime_error("planted");
  const MessageId id{std::to_string(7'000 + accepted_.size())};
  if (request.body_for) request.message.body = request.body_for(id);
  Result<AppendAnswer> answer = judge(request, id);
  accepted_.push_back({std::move(request), id, deadline});
  if (holding_) {
    held_.push_back(std::move(done));
    changed_.notify_all();
    return;
  }
  loop_.post([answer = std::move(answer), done = std::move(done)] { done(answer); });
}

Result<AppendAnswer> FakeIntake::judge(const IntakeRequest& request, const MessageId& id) {
  using Kind = AppendAnswer::Kind;
  if (fixed_) return *fixed_;
  if (!request.key) return AppendAnswer{Kind::kAccepted, id};
  const auto [known, fresh] =
      keys_.try_emplace(request.key->endpoint + " " + request.key->key, std::pair(request.key->request, id));
  if (fresh) return AppendAnswer{Kind::kAccepted, id};
  if (known->second.first != request.key->request) return AppendAnswer{Kind::kKeyReused, known->second.second};
  return AppendAnswer{Kind::kDuplicate, known->second.second};
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
  ASSERT_TRUE(changed_.wait_for(lock, std::chrono::seconds(15), [&] { return held_.size() >= held; }));
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

void FakeOperations::list(const ListFilter& filter, Done<std::vector<Row>> done) {
  asked.push_back("list " + std::string(filter.status ? to_string(*filter.status) : "all") + " " +
                  std::to_string(filter.limit));
  if (error) return done(*error);
  std::vector<Row> rows;
  for (const auto& [_, detail] : details) {
    if (!filter.status || detail.row.status == *filter.status) rows.push_back(detail.row);
  }
  done(rows);
}

void FakeOperations::stats(Done<LogStats> done) {
  asked.emplace_back("stats");
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
  if (error) return done(*error);
  if (!details.contains(id.value)) return done(make_error(ErrorClass::kNotFound, "there is no message " + id.value));
  done(state);
}

TestServer::~TestServer() {
  if (server_) server_->stop();
}

void TestServer::start() {
  server_ = std::make_unique<HttpServer>(options, make_router(intake, operations, mail));
  const Status started = server_->start();
  ASSERT_TRUE(started.ok()) << started.error().message;
}

std::string sample_mail() { return R"({"subject":"Greetings","content":"Hello there","tos":"ann@example.org"})"; }

}  // namespace waybill::api
