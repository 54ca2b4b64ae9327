#include "testing/simulator/clients.h"

#include <algorithm>

namespace waybill::sim {

Clients::Clients(const Plan& plan, World world)
    : plan_(plan), world_(std::move(world)), clients_(plan.messages.size()) {}

Body Clients::body_of(std::size_t index) const {
  std::string digits = std::to_string(index);
  const std::size_t bytes = plan_.messages[index].body_bytes;
  if (digits.size() < bytes) digits.insert(0, bytes - digits.size(), '0');
  return Body(std::move(digits));
}

void Clients::submit(std::size_t index) {
  const MessagePlan& plan = plan_.messages[index];
  Client& client = clients_[index];
  if (client.settled) return;
  // A client that gets no answer asks again, until it has one; without id or key it may thereby send twice.
  world_.loop.call_at(world_.loop.now() + Duration{6'000}, [this, index] { submit(index); });
  Intake* intake = world_.intake(plan.node);
  if (intake == nullptr) return;
  if (plan.scheduled && !client.not_before) client.not_before = world_.clock.now() + *plan.scheduled;
  IntakeRequest request;
  request.message.id = MessageId{plan.id};
  request.message.route = plan.route;
  request.message.body = body_of(index);
  request.message.retry = plan.retry;
  request.message.not_before = client.not_before;
  if (plan.with_key) {
    request.key = IdempotencyKey{"sim", "k" + std::to_string(index), sha256(std::to_string(index))};
  }
  ++client.asked;
  intake->accept(std::move(request), world_.loop.now() + Duration{5'000},
                 [this, index](Result<AppendAnswer> answer) { settle(index, answer); });
}

// What stands under its id need not be what the client asked for any more.
bool Clients::may_conflict(std::size_t index) const {
  const MessagePlan& asked = plan_.messages[index];
  const auto impostor = [&](const MessagePlan& plan) {
    return plan.entry == MessagePlan::Entry::kImpostor && plan.id == asked.id;
  };
  // A schedule that has passed is forgotten; asked again by a clock that stepped back, it looks like another one.
  const bool moved = rescheduled_.contains(asked.id) || (clients_[index].not_before && clock_stepped_back_);
  return moved || std::ranges::any_of(plan_.messages, impostor);
}

void Clients::settle(std::size_t index, const Result<AppendAnswer>& answer) {
  Client& client = clients_[index];
  const std::string message = "message " + std::to_string(index);
  if (!answer.ok()) {
    if (answer.error().what != ErrorClass::kPermanent) return;
    client.settled = true;  // to ask again would not help
    const MessagePlan& plan = plan_.messages[index];
    const bool too_large = plan_.narrow_first_node && plan.node == 0 && plan.body_bytes > kNarrowBody;
    if (!too_large) world_.audit.violation(message + " was refused for good: " + answer.error().message);
    return;
  }
  if (answer->kind == AppendAnswer::Kind::kConflict && may_conflict(index)) {
    client.settled = true;
    return;
  }
  if (answer->kind != AppendAnswer::Kind::kAccepted && answer->kind != AppendAnswer::Kind::kDuplicate) {
    const auto row = world_.store.log().find(MessageId{plan_.messages[index].id}, false);
    world_.audit.violation(message + " was refused as a conflict with itself: " +
                           (row.ok() && *row ? describe(**row) : std::string("no row")));
    return;
  }
  if (repeatable(index) && !client.id.empty() && client.id != answer->id.value) {
    world_.audit.violation(message + " was accepted under two ids");
  }
  const auto row = world_.store.log().find(answer->id, /*with_body=*/true);
  if (!*row && !world_.audit.effects().was_pruned(answer->id.value)) {
    world_.audit.violation(message + " was accepted, and the log does not hold it");
  }
  if (*row && !((*row)->message.body == body_of(index))) {
    world_.audit.violation(message + " was accepted, and the log holds another body");
  }
  client.id = answer->id.value;
  client.settled = true;
  world_.audit.accepted(answer->id);
}

void Clients::insert_row(std::size_t index) {
  const MessagePlan& plan = plan_.messages[index];
  const WallTime now = world_.clock.now();
  Row row;
  row.message.id = MessageId{plan.id};
  row.message.route = plan.route;
  row.message.body = body_of(index);
  row.status = static_cast<State>(index % 3);
  row.create_time = row.update_time = now;
  row.next_try_time = now;
  if (index % 5 == 0) *row.next_try_time += std::chrono::hours(8);     // a program that inserts local time
  if (index % 7 == 0) row.message.route.routing_key.assign(256, 'k');  // a program that inserts what no broker carries
  const bool inserted = world_.store.log().insert_foreign(row).ok();
  if (world_.told) world_.told(row, inserted);
  if (!inserted) return;
  world_.audit.effects().appeared(row.message.id);
  clients_[index].id = plan.id;
  world_.audit.accepted(row.message.id);
}

void Clients::check_handled(std::size_t index, const Attempt& attempt) {
  Client& client = clients_[index];
  const std::string message = "message " + std::to_string(index);
  const auto row = world_.store.log().find(attempt.id, /*with_body=*/true);
  if (*row && !((*row)->message.body == attempt.body)) {
    world_.audit.violation(message + " is handled as " + attempt.id.value + ", which has another body");
  }
  // With a row that was pruned long ago went the memory of its key.
  std::erase_if(client.handled_as, [&](const std::string& id) { return world_.audit.effects().was_pruned(id); });
  client.handled_as.insert(attempt.id.value);
  if (client.handled_as.size() > (repeatable(index) ? 1 : client.asked)) {
    world_.audit.violation(message + " is handled as " + attempt.id.value + ", one message more than it was sent");
  }
}

std::pair<Act, Duration> Clients::script(const Attempt& attempt) {
  std::size_t index = 0;
  for (const char digit : attempt.body.bytes()) index = index * 10 + static_cast<std::size_t>(digit - '0');
  if (index >= clients_.size()) {
    world_.audit.violation("a handler got a message that nobody sent: " + attempt.id.value);
    return {Act::kDone, Duration{0}};
  }
  check_handled(index, attempt);
  const MessagePlan& plan = plan_.messages[index];
  const auto start = static_cast<std::size_t>(clients_[index].starts++);
  const Act act = plan.acts[std::min(start, plan.acts.size() - 1)];
  return {calm_ ? Act::kDone : act, plan.handling};
}

std::vector<std::size_t> Clients::unanswered(bool drawn_ids) const {
  std::vector<std::size_t> waiting;
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    const MessagePlan& plan = plan_.messages[i];
    if (plan.entry != MessagePlan::Entry::kIntake || clients_[i].settled) continue;
    if (drawn_ids || !plan.id.empty()) waiting.push_back(i);
  }
  return waiting;
}

}  // namespace waybill::sim
