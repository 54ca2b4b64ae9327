#include "tests/contract/broker_listeners.h"

#include <algorithm>
#include <utility>

namespace waybill::contract {
namespace {

thread_local int t_calls = 0;

}  // namespace

InsideCall::InsideCall() { ++t_calls; }
InsideCall::~InsideCall() { --t_calls; }

void EventWatch::hear(const char* event, const std::function<void()>& note) {
  const std::string name(event);
  if (t_calls > 0) harness_.report(name + " came from inside a call");
  if (destroyed_) harness_.report(name + " came after the session was destroyed");
  if (telling_.exchange(true)) harness_.report(name + " came while another event was being told");
  {
    const std::lock_guard lock(mutex_);
    note();
  }
  telling_ = false;
  harness_.heard();
}

// ---- publishing ---------------------------------------------------------------------------------------------------

void PublishListener::note(const char* event, PublishNote what) {
  hear(event, [&] { notes_.push_back(std::move(what)); });
}

std::vector<PublishNote> PublishListener::notes() const {
  const std::lock_guard lock(mutex_);
  return notes_;
}

std::size_t PublishListener::count(PublishNote::Kind kind) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(notes_.begin(), notes_.end(), [&](const PublishNote& note) { return note.kind == kind; }));
}

std::size_t PublishListener::count(PublishNote::Kind kind, PublishTag tag) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      notes_.begin(), notes_.end(), [&](const PublishNote& note) { return note.kind == kind && note.tag == tag; }));
}

void PublishListener::on_publish_ready() { note("on_publish_ready", {PublishNote::Kind::kReady, 0, 0, {}}); }

void PublishListener::on_blocked(std::string reason) {
  note("on_blocked", {PublishNote::Kind::kBlocked, 0, 0, std::move(reason)});
}

void PublishListener::on_publish_down(std::string reason) {
  note("on_publish_down", {PublishNote::Kind::kDown, 0, 0, std::move(reason)});
}

void PublishListener::on_returned(PublishTag tag, int code, std::string text) {
  note("on_returned", {PublishNote::Kind::kReturned, tag, code, std::move(text)});
}

void PublishListener::on_confirmed(std::vector<PublishTag> acked, std::vector<PublishTag> nacked) {
  hear("on_confirmed", [&] {
    for (const PublishTag tag : acked) notes_.push_back({PublishNote::Kind::kAcked, tag, 0, {}});
    for (const PublishTag tag : nacked) notes_.push_back({PublishNote::Kind::kNacked, tag, 0, {}});
  });
}

// ---- consuming ----------------------------------------------------------------------------------------------------

void ConsumeListener::note(const char* event, ConsumeNote what) {
  hear(event, [&] { notes_.push_back(std::move(what)); });
}

std::vector<ConsumeNote> ConsumeListener::notes() const {
  const std::lock_guard lock(mutex_);
  return notes_;
}

std::vector<Delivery> ConsumeListener::deliveries() const {
  const std::lock_guard lock(mutex_);
  std::vector<Delivery> all;
  for (const ConsumeNote& note : notes_) {
    if (note.kind == ConsumeNote::Kind::kDelivery) all.push_back(note.delivery);
  }
  return all;
}

std::size_t ConsumeListener::count(ConsumeNote::Kind kind) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(notes_.begin(), notes_.end(), [&](const ConsumeNote& note) { return note.kind == kind; }));
}

void ConsumeListener::on_consume_ready() { note("on_consume_ready", {ConsumeNote::Kind::kReady, {}, {}}); }

void ConsumeListener::on_delivery(Delivery delivery) {
  note("on_delivery", {ConsumeNote::Kind::kDelivery, std::move(delivery), {}});
}

void ConsumeListener::on_cancelled(QueueName queue, std::string) {
  note("on_cancelled", {ConsumeNote::Kind::kCancelled, {}, std::move(queue)});
}

void ConsumeListener::on_consume_down(std::string) { note("on_consume_down", {ConsumeNote::Kind::kDown, {}, {}}); }

}  // namespace waybill::contract
