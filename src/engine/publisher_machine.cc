#include "engine/publisher_machine.h"

#include <algorithm>
#include <utility>

#include "base/sha256.h"

namespace waybill {

PublisherMachine::PublisherMachine(const PublisherOptions& options, std::string log_identity, std::uint64_t seed,
                                   PublisherFaults faults)
    : options_(options),
      log_identity_(std::move(log_identity)),
      faults_(faults),
      random_(seed),
      breaker_(options.backoff_first, options.backoff_longest),
      window_(options.window, options.window_max, options.confirm_deadline) {}

PublisherMachine::Actions PublisherMachine::on_ready(MonoTime now) {
  state_ = State::kReady;
  return pump(now);
}

PublisherMachine::Actions PublisherMachine::on_blocked() {
  state_ = State::kBlocked;
  return {};
}

PublisherMachine::Actions PublisherMachine::on_down(MonoTime now) {
  state_ = State::kDown;
  Actions actions;
  for (const auto tag : by_deadline_) {
    if (const auto found = in_flight_.find(tag); found != in_flight_.end()) {
      doubt(found->second, "the connection was lost before the broker answered", now, actions);
    }
  }
  in_flight_.clear();
  by_deadline_.clear();
  return actions;
}

// While it waits, and in the broker, it would take memory for nothing.
void PublisherMachine::leave_large_body(PublishRow& row) const {
  Body& body = row.message.body;
  if (!row.consumed || row.body_in_log || body.size() <= options_.carry_max) return;
  if (!row.digest) row.digest = sha256(body.bytes());
  row.body_in_log = body.size();
  body = Body();
}

bool PublisherMachine::offer_fresh(PublishRow row) {
  leave_large_body(row);
  const auto bytes = row.message.body.size();
  if (fresh_.size() >= options_.fresh_rows_max) return false;
  if (!fresh_.empty() && fresh_bytes_ + bytes > options_.fresh_bytes_max) return false;
  fresh_bytes_ += bytes;
  fresh_.push_back(std::move(row));
  return true;
}

void PublisherMachine::offer_due(std::vector<TakenRow> rows, MonoTime asked) {
  for (auto& taken : rows) {
    PublishRow row{std::move(taken.message), taken.digest, taken.publish_number,    taken.publish_time,
                   taken.crash_count,        asked,        !taken.queue.external(), taken.body_in_log};
    leave_large_body(row);
    due_bytes_ += row.message.body.size();
    due_.push_back(std::move(row));
  }
}

PublishRow PublisherMachine::pop(std::deque<PublishRow>& queue) {
  PublishRow row = std::move(queue.front());
  queue.pop_front();
  (&queue == &due_ ? due_bytes_ : fresh_bytes_) -= row.message.body.size();
  return row;
}

std::deque<PublishRow>* PublisherMachine::next_queue() {
  if (fresh_.empty() && due_.empty()) return nullptr;
  if (fresh_.empty()) return &due_;
  if (due_.empty()) return &fresh_;
  return ++turn_ % 3 == 0 ? &due_ : &fresh_;
}

PublisherMachine::Actions PublisherMachine::pump(MonoTime now) {
  Actions actions;
  while (ready() && in_flight_.size() < window_.size()) {
    auto* queue = next_queue();
    if (queue == nullptr) break;
    const bool due = queue == &due_;
    PublishRow row = pop(*queue);
    if (now >= row.asked + options_.grace / 2) continue;
    const std::size_t before = actions.publish.size();
    publish_one(std::move(row), now, actions);
    if (due) actions.due += actions.publish.size() - before;
  }
  if (in_flight_.size() >= window_.size() && waiting() > 0) window_.on_full();
  return actions;
}

void PublisherMachine::publish_one(PublishRow row, MonoTime now, Actions& actions) {
  // A row of a closed route stays in the log: its clock runs, and it is taken when the route opens.
  if (breaker_.admit(row.message.route, now) == RouteBreaker::Admission::kClosed) return;
  const PublishTag tag = next_tag_++;
  const Digest digest = row.digest ? *row.digest : sha256(row.message.body.bytes());  // a foreign row has none yet
  const Mark mark{log_identity_, row.publish_number, row.publish_time, digest, row.crash_count, row.body_in_log};
  actions.publish.push_back(Outgoing{tag, row.message.route, row.message.id, row.message.content_type,
                                     with_mark(row.message, mark), row.message.body});
  in_flight_.emplace(tag, InFlight{std::move(row.message.id), std::move(row.message.route), row.publish_number, now,
                                   now + options_.confirm_deadline, std::nullopt});
  by_deadline_.push_back(tag);
}

void PublisherMachine::on_returned(PublishTag tag, int code, const std::string& text) {
  const auto found = in_flight_.find(tag);
  if (found == in_flight_.end() || faults_.ignore_returns) return;
  found->second.returned = std::to_string(code) + " " + text;
  found->second.cannot_be_carried = code == kCannotBeCarried;
}

PublisherMachine::Actions PublisherMachine::on_confirmed(const std::vector<PublishTag>& acked,
                                                         const std::vector<PublishTag>& nacked, MonoTime now,
                                                         WallTime store_now) {
  Actions actions;
  const auto settle_all = [&](const std::vector<PublishTag>& tags, bool ack) {
    for (const auto tag : tags) {
      const auto found = in_flight_.find(tag);
      if (found == in_flight_.end()) continue;  // its deadline passed first: it is in doubt, and stays so
      actions.answered_after.push_back(now - found->second.published);
      settle(found->second, ack, now, store_now, actions);
      in_flight_.erase(found);
    }
  };
  settle_all(acked, true);
  settle_all(nacked, false);
  if (!actions.answered_after.empty()) {
    window_.on_answers(actions.answered_after.size(), std::ranges::max(actions.answered_after));
  }
  while (!by_deadline_.empty() && !in_flight_.contains(by_deadline_.front())) by_deadline_.pop_front();
  Actions more = pump(now);
  actions.publish = std::move(more.publish);
  actions.due = more.due;
  return actions;
}

void PublisherMachine::settle(const InFlight& sent, bool acked, MonoTime now, WallTime store_now, Actions& actions) {
  if (now >= doubt_until_) doubts_ = 0;
  if (acked && !sent.returned) {
    if (breaker_.on_success(sent.route)) actions.routes.push_back({sent.route, {}});
    actions.marks.emplace_back(MarkSent{sent.id, sent.publish_number, store_now});
    return;
  }
  if (acked && sent.cannot_be_carried) {
    breaker_.on_doubt(sent.route);  // if it was the probe, another one tells
    actions.marks.emplace_back(Refuse{sent.id, *sent.returned});
    return;
  }
  const auto refusal = breaker_.on_refusal(sent.route, now, chance());
  const bool returned = sent.returned.has_value();
  const std::string why = returned ? "returned: " + *sent.returned : "nacked by the broker";
  if (refusal.closed) actions.routes.push_back({sent.route, why});
  actions.marks.emplace_back(MarkFailed{sent.id, sent.publish_number, refusal.backoff, why,
                                        std::string(returned ? kEventReturned : kEventNacked)});
}

// A broker that is merely slow would otherwise be given everything again and again.
void PublisherMachine::doubt(const InFlight& sent, const char* why, MonoTime now, Actions& actions) {
  breaker_.on_doubt(sent.route);
  if (now >= doubt_until_) {
    ++doubts_;
    doubt_until_ = now + exponential_delay(options_.backoff_first, options_.backoff_longest, doubts_, /*chance=*/0);
  }
  const Duration backoff = exponential_delay(options_.backoff_first, options_.backoff_longest, doubts_, chance());
  actions.marks.emplace_back(
      MarkFailed{sent.id, sent.publish_number, backoff, std::string("in doubt: ") + why, std::string(kEventInDoubt)});
}

PublisherMachine::Actions PublisherMachine::on_tick(MonoTime now) {
  Actions late;
  while (!by_deadline_.empty()) {
    const auto found = in_flight_.find(by_deadline_.front());
    if (found != in_flight_.end()) {
      if (found->second.deadline > now) break;
      doubt(found->second, "no answer from the broker in time", now, late);
      window_.on_doubt();
      in_flight_.erase(found);
    }
    by_deadline_.pop_front();
  }
  // Rows that wait for a broker leave memory by half their grace even while nothing can be published.
  const auto drop_late = [&](std::deque<PublishRow>& queue) {
    while (!queue.empty() && now >= queue.front().asked + options_.grace / 2) static_cast<void>(pop(queue));
  };
  drop_late(fresh_);
  drop_late(due_);
  Actions actions = pump(now);
  actions.marks = std::move(late.marks);
  return actions;
}

PublisherMachine::Actions PublisherMachine::on_not_taken(const std::vector<Outgoing>& batch, MonoTime now) {
  // Certainly not published, yet a further try needs a further publish number, which only the log gives.
  Actions actions;
  for (const auto& outgoing : batch) {
    const auto found = in_flight_.find(outgoing.tag);
    if (found == in_flight_.end()) continue;
    doubt(found->second, "the broker took nothing", now, actions);
    in_flight_.erase(found);
  }
  return actions;
}

std::optional<MonoTime> PublisherMachine::next_deadline() const {
  std::optional<MonoTime> at;
  const auto sooner = [&](MonoTime when) { at = at ? std::min(*at, when) : when; };
  for (const auto tag : by_deadline_) {
    if (const auto found = in_flight_.find(tag); found != in_flight_.end()) {
      sooner(found->second.deadline);
      break;
    }
  }
  if (!fresh_.empty()) sooner(fresh_.front().asked + options_.grace / 2);
  if (!due_.empty()) sooner(due_.front().asked + options_.grace / 2);
  return at;
}

std::size_t PublisherMachine::room_for_due() const {
  return due_.size() >= options_.due_rows_max || due_bytes_ >= options_.due_bytes_max
             ? 0
             : options_.due_rows_max - due_.size();
}

}  // namespace waybill
