#include "testing/simulator/simulation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <ranges>
#include <set>
#include <unordered_map>

#include "core/headers.h"
#include "testing/sim_broker.h"
#include "testing/sim_loop.h"
#include "testing/simulator/audit.h"
#include "testing/simulator/ghost.h"
#include "testing/simulator/instance.h"
#include "testing/simulator/plan.h"
#include "testing/simulator/sim_store.h"
#include "testing/simulator/stranger.h"

namespace waybill::sim {
namespace {

constexpr Duration kCalm = std::chrono::minutes(15);  // everything ends well within this after the faults stop
constexpr Duration kLook{2'000};

class Simulation {
 public:
  Simulation(std::uint64_t seed, const Planted& planted, const LogWitness& witness);
  Verdict run();

 private:
  struct Seat {
    std::string name;
    std::unique_ptr<Life> life;
    bool stopping = false;
  };
  struct Client {
    std::optional<WallTime> not_before;
    std::string id;  // once known
    int starts = 0;  // of its handler
    bool settled = false;
  };

  // nodes
  void boot(std::size_t seat, bool former_is_dead);
  void crash(std::size_t seat, Duration down);
  void stop_cleanly(std::size_t seat, Duration down);
  bool probe(SimNode& loop, CrashPoint point);
  // clients
  [[nodiscard]] Body body_of(std::size_t index) const;
  void submit(std::size_t index);
  void enter_row(std::size_t index);
  void settle(std::size_t index, const Result<AppendAnswer>& answer);
  std::pair<Act, Duration> script(const Attempt& attempt);
  void operate(const OperatorPlan& deed);
  void operate(Write write);
  [[nodiscard]] std::optional<Ghost::Prey> pick_prey();
  // faults
  void begin_fault(const FaultPlan& fault);
  void begin_broker_fault(const FaultPlan& fault);
  void later(Duration delay, Task task) { control_.call_at(control_.now() + delay, std::move(task)); }
  void end_faults();
  // the end
  bool all_ended();
  void check_end();
  [[nodiscard]] std::vector<Row> rows_of(State state);

  const Plan plan_;
  const LogWitness witness_;
  std::mt19937_64 random_;
  Audit audit_;
  SimWorld world_;
  SimWallClock clock_;
  SimNode& control_;
  SimBroker broker_;
  SimStore store_;
  Stranger stranger_;
  Ghost ghost_;
  Surroundings around_;
  std::vector<Seat> seats_;
  std::vector<std::unique_ptr<Life>> graveyard_;  // lives end where they lie: a running task may still belong to one
  std::vector<Client> clients_;
  std::map<CrashPoint, int> armed_;    // how many hits until somebody dies there
  std::set<std::string> said_done_;    // by an operator
  std::set<std::string> rescheduled_;  // by an operator
  std::uint64_t next_boot_ = 1;
  Duration latest_offset_{0};
  bool clock_stepped_back_ = false;
  bool calm_ = false;
};

Simulation::Simulation(std::uint64_t seed, const Planted& planted, const LogWitness& witness)
    : plan_(draw_plan(seed)),
      witness_(witness),
      random_(seed ^ 0x5851f42d4c957f2dU),
      clock_(world_),
      control_(world_.add_node("control")),
      broker_(world_, random_),
      store_(world_, clock_, random_, audit_, planted.log,
             [this](SimNode& loop, CrashPoint point) { return probe(loop, point); }),
      stranger_(world_, broker_),
      ghost_(world_, store_, audit_, plan_, random_, [this] { return pick_prey(); }),
      around_{world_,
              clock_,
              store_,
              broker_,
              audit_,
              plan_,
              planted.engine,
              [this](const Attempt& attempt) { return script(attempt); },
              [this](SimNode& loop, CrashPoint point) { return probe(loop, point); }},
      clients_(plan_.messages.size()) {
  store_.on_commit = witness_.committed;
}

// ---- nodes ----------------------------------------------------------------------------------------------------------

void Simulation::boot(std::size_t seat, bool former_is_dead) {
  Seat& at = seats_[seat];
  at.stopping = false;
  at.life = std::make_unique<Life>(around_, at.name, next_boot_++, former_is_dead,
                                   [this, seat] { crash(seat, Duration{500}); });
}

void Simulation::crash(std::size_t seat, Duration down) {
  Seat& at = seats_[seat];
  if (!at.life) return;
  at.life->loop().kill();
  graveyard_.push_back(std::move(at.life));
  const bool same_host = std::uniform_int_distribution<int>(0, 1)(random_) == 1;
  later(down, [this, seat, same_host] {
    if (!seats_[seat].life) boot(seat, same_host);
  });
}

void Simulation::stop_cleanly(std::size_t seat, Duration down) {
  Seat& at = seats_[seat];
  if (!at.life || std::exchange(at.stopping, true)) return;
  at.life->node().begin_stop(control_.now() + Duration{3'000}, [this, seat, down] { crash(seat, down); });
}

bool Simulation::probe(SimNode& loop, CrashPoint point) {
  const auto armed = armed_.find(point);
  if (armed == armed_.end() || !loop.alive() || --armed->second > 0) return false;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    if (!seats_[i].life || &seats_[i].life->loop() != &loop) continue;
    armed_.erase(armed);
    ++audit_.coverage().crash_points[static_cast<std::size_t>(point)];
    crash(i, Duration{800});
    return true;
  }
  return false;
}

// ---- clients, strangers, handlers, operators
// --------------------------------------------------------------------------

Body Simulation::body_of(std::size_t index) const {
  std::string digits = std::to_string(index);
  const std::size_t bytes = plan_.messages[index].body_bytes;
  if (digits.size() < bytes) digits.insert(0, bytes - digits.size(), '0');
  return Body(std::move(digits));
}

void Simulation::submit(std::size_t index) {
  const MessagePlan& plan = plan_.messages[index];
  Client& client = clients_[index];
  if (client.settled) return;
  Seat& at = seats_[static_cast<std::size_t>(plan.node)];
  // A client that gets no answer asks again, until it has one; without id or key it may thereby send twice.
  later(Duration{6'000}, [this, index] { submit(index); });
  if (!at.life) return;
  if (plan.scheduled && !client.not_before) client.not_before = clock_.now() + *plan.scheduled;
  IntakeRequest request;
  request.message.id = MessageId{plan.id};
  request.message.route = plan.route;
  request.message.body = body_of(index);
  request.message.retry = plan.retry;
  request.message.not_before = client.not_before;
  if (plan.with_key) {
    request.key = IdempotencyKey{"sim", "k" + std::to_string(index), sha256(std::to_string(index))};
  }
  at.life->node().intake().accept(std::move(request), control_.now() + Duration{5'000},
                                  [this, index](Result<AppendAnswer> answer) { settle(index, answer); });
}

void Simulation::settle(std::size_t index, const Result<AppendAnswer>& answer) {
  Client& client = clients_[index];
  if (!answer.ok()) return;
  const auto kind = answer->kind;
  const auto impostor = [&](const MessagePlan& plan) {
    return plan.entry == MessagePlan::Entry::kImpostor && plan.id == plan_.messages[index].id;
  };
  // A schedule that has passed is forgotten; asked again by a clock that stepped back, it looks like another one.
  const bool moved = rescheduled_.contains(plan_.messages[index].id) || (client.not_before && clock_stepped_back_);
  if (kind == AppendAnswer::Kind::kConflict && (moved || std::ranges::any_of(plan_.messages, impostor))) {
    client.settled = true;  // what stands under this id is not what the client asked for any more
    return;
  }
  if (kind != AppendAnswer::Kind::kAccepted && kind != AppendAnswer::Kind::kDuplicate) {
    const auto row = store_.log().find(MessageId{plan_.messages[index].id}, false);
    audit_.violation("message " + std::to_string(index) + " was refused as a conflict with itself: " +
                     (row.ok() && *row ? describe(**row) : std::string("no row")));
    return;
  }
  const bool repeatable = plan_.messages[index].with_key || !plan_.messages[index].id.empty();
  if (repeatable && !client.id.empty() && client.id != answer->id.value) {
    audit_.violation("message " + std::to_string(index) + " was accepted under two ids");
  }
  client.id = answer->id.value;
  client.settled = true;
  audit_.accepted(answer->id);
}

void Simulation::enter_row(std::size_t index) {
  const MessagePlan& plan = plan_.messages[index];
  Row row;
  row.message.id = MessageId{plan.id};
  row.message.route = plan.route;
  row.message.body = body_of(index);
  row.status = static_cast<State>(index % 3);
  row.create_time = row.update_time = clock_.now();
  row.next_try_time = clock_.now();
  if (index % 5 == 0) *row.next_try_time += std::chrono::hours(8);     // a program that inserts local time
  if (index % 7 == 0) row.message.route.routing_key.assign(256, 'k');  // a program that inserts what no broker carries
  const bool inserted = store_.log().insert_foreign(row).ok();
  if (witness_.foreign_row) witness_.foreign_row(row, row.create_time, inserted);
  if (!inserted) return;
  clients_[index].id = plan.id;
  audit_.accepted(row.message.id);
}

std::pair<Act, Duration> Simulation::script(const Attempt& attempt) {
  std::size_t index = 0;
  for (const char digit : attempt.body.bytes()) index = index * 10 + static_cast<std::size_t>(digit - '0');
  if (index >= clients_.size()) {
    audit_.violation("a handler got a message that nobody sent: " + attempt.id.value);
    return {Act::kDone, Duration{0}};
  }
  const MessagePlan& plan = plan_.messages[index];
  const auto start = static_cast<std::size_t>(clients_[index].starts++);
  Act act = plan.acts[std::min(start, plan.acts.size() - 1)];
  if (calm_) act = Act::kDone;
  return {act, plan.handling};
}

std::optional<Ghost::Prey> Simulation::pick_prey() {
  // Rows that wait for another attempt are the rarest prey: the ghost then comes the moment they are due.
  const State rare = random_() % 2 == 0 ? State::kConsumeFailed : State::kOutcomeUnknown;
  if (const auto page = store_.log().list({.where = {.status = rare}, .limit = 3});
      random_() % 2 == 0 && page.ok() && !page->rows.empty()) {
    const Row& row = page->rows.front();
    if (!row.next_try_time || row.owner) return std::nullopt;
    return Ghost::Prey{row.message.id, std::max(Duration{0}, *row.next_try_time - clock_.now())};
  }
  const std::size_t index = random_() % clients_.size();
  if (plan_.messages[index].route != kConsumed || clients_[index].id.empty()) return std::nullopt;
  return Ghost::Prey{MessageId{clients_[index].id}, Duration{0}};
}

void Simulation::operate(Write write) {
  store_.commit(control_, {std::move(write)}, [](const Result<Committed>&) {});
}

void Simulation::operate(const OperatorPlan& deed) {
  const std::string& id = clients_[static_cast<std::size_t>(deed.message)].id;
  if (id.empty()) return;
  const MessageId target{id};
  switch (deed.deed) {
    case OperatorPlan::Deed::kCancel:
      return operate(Cancel{target});
    case OperatorPlan::Deed::kReplay:
      return operate(Replay{target, false, Duration{100}});
    case OperatorPlan::Deed::kReplayAgain:
      return operate(Replay{target, true, Duration{0}});
    case OperatorPlan::Deed::kReschedule:
      rescheduled_.insert(id);
      return operate(Reschedule{target, clock_.now() + Duration{3'000}});
    case OperatorPlan::Deed::kHold:
      return operate(Hold{target, "held by the operator"});
    case OperatorPlan::Deed::kResolveDone:
      said_done_.insert(id);
      return operate(Resolve{target, true});
    case OperatorPlan::Deed::kResolveRetry:
      return operate(Resolve{target, false});
    case OperatorPlan::Deed::kPrune:
      return operate(Prune{Duration{1'000}, 20});
  }
}

// ---- faults ---------------------------------------------------------------------------------------------------------

void Simulation::begin_fault(const FaultPlan& fault) {
  ++audit_.coverage().faults[static_cast<std::size_t>(fault.fault)];
  const auto seat = static_cast<std::size_t>(fault.node);
  switch (fault.fault) {
    case Fault::kCrash:
      return crash(seat, fault.lasts);
    case Fault::kCrashAtPoint:
      armed_[fault.point] = std::uniform_int_distribution<int>(1, 6)(random_);
      return;
    case Fault::kFreeze:
      if (seats_[seat].life) seats_[seat].life->loop().freeze_until(control_.now() + fault.lasts);
      return;
    case Fault::kStop:
      return stop_cleanly(seat, fault.lasts);
    case Fault::kLogStall:
      store_.stall = std::min(fault.lasts, Duration{4'000});
      return later(fault.lasts, [this] { store_.stall = Duration{0}; });
    case Fault::kLogRefuses:
      store_.refuse = fault.chance;
      return later(fault.lasts, [this] { store_.refuse = 0; });
    case Fault::kLogInDoubt:
      store_.leave_in_doubt = fault.chance;
      return later(fault.lasts, [this] { store_.leave_in_doubt = 0; });
    case Fault::kClockForward:
      clock_.step(fault.step);
      latest_offset_ = std::max(latest_offset_, clock_.offset());
      return;
    case Fault::kClockBack:
      clock_stepped_back_ = true;
      clock_.step(-fault.step);
      return;
    case Fault::kBrokerRestart:
    case Fault::kBrokerWipe:
    case Fault::kBrokerBlock:
    case Fault::kBrokerPurge:
    case Fault::kBrokerCancel:
    case Fault::kPublisherDown:
    case Fault::kConsumerDown:
    case Fault::kUnbind:
    case Fault::kExchangeGone:
    case Fault::kLossyNetwork:
    case Fault::kNacks:
    case Fault::kFalseAcks:
    case Fault::kDisorder:
    case Fault::kDuplicates:
      return begin_broker_fault(fault);
  }
}

void Simulation::begin_broker_fault(const FaultPlan& fault) {
  SimBrokerFaults& knobs = broker_.faults();
  const auto for_a_while = [&](double SimBrokerFaults::*knob) {
    knobs.*knob = fault.chance;
    later(fault.lasts, [this, knob] { broker_.faults().*knob = 0; });
  };
  switch (fault.fault) {
    case Fault::kBrokerRestart:
      broker_.stop();
      return later(fault.lasts, [this] { broker_.start(SimBroker::Memory::kKept); });
    case Fault::kBrokerWipe:
      broker_.stop();
      return later(fault.lasts, [this] { broker_.start(SimBroker::Memory::kWiped); });
    case Fault::kBrokerBlock:
      broker_.block();
      return later(fault.lasts, [this] { broker_.unblock(); });
    case Fault::kBrokerPurge:
      broker_.purge(kQueue);
      return;
    case Fault::kBrokerCancel:
      return broker_.cancel_consumers(kQueue);
    case Fault::kPublisherDown:
      return broker_.drop_publishers();
    case Fault::kConsumerDown:
      return broker_.drop_consumers();
    case Fault::kUnbind:
      broker_.unbind(kConsumed);
      return later(fault.lasts, [this] { broker_.rebind(kConsumed); });
    case Fault::kExchangeGone:
      broker_.remove_exchange(kConsumed.exchange);
      return later(fault.lasts, [this] { broker_.restore_exchange(kConsumed.exchange); });
    case Fault::kLossyNetwork:
      for_a_while(&SimBrokerFaults::lose_publish);
      return for_a_while(&SimBrokerFaults::lose_answer);
    case Fault::kNacks:
      return for_a_while(&SimBrokerFaults::nack);
    case Fault::kFalseAcks:
      return for_a_while(&SimBrokerFaults::ack_what_it_loses);
    case Fault::kDisorder:
      for_a_while(&SimBrokerFaults::reorder_publish);
      return for_a_while(&SimBrokerFaults::reorder_confirm);
    case Fault::kDuplicates:
      return for_a_while(&SimBrokerFaults::duplicate_delivery);
    case Fault::kCrash:
    case Fault::kCrashAtPoint:
    case Fault::kFreeze:
    case Fault::kStop:
    case Fault::kLogStall:
    case Fault::kLogRefuses:
    case Fault::kLogInDoubt:
    case Fault::kClockForward:
    case Fault::kClockBack:
      return;
  }
}

void Simulation::end_faults() {
  calm_ = true;
  ghost_.stop();
  armed_.clear();
  store_.stall = Duration{0};
  store_.refuse = 0;
  store_.leave_in_doubt = 0;
  // The clock catches up with the latest time it ever showed, or rows timed by that would wait for hours.
  clock_.step(latest_offset_ - clock_.offset());
  const auto latency = broker_.faults().latency;
  broker_.faults() = SimBrokerFaults{};
  broker_.faults().latency = latency;
  broker_.start(SimBroker::Memory::kKept);
  broker_.unblock();
  broker_.rebind(kConsumed);
  broker_.restore_exchange(kConsumed.exchange);
  stranger_.make_routable({kUnroutable, kNoExchange});
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    if (!seats_[i].life) boot(i, true);
  }
}

// ---- the end --------------------------------------------------------------------------------------------------------

bool Simulation::all_ended() {
  const bool waiting = std::ranges::any_of(std::views::iota(std::size_t{0}, clients_.size()), [&](std::size_t i) {
    return plan_.messages[i].entry == MessagePlan::Entry::kIntake && !clients_[i].settled;
  });
  const auto stats = store_.log().stats();
  const auto count = [&](State state) { return stats->rows_by_state[static_cast<std::size_t>(state)]; };
  if (count(State::kOutcomeUnknown) > 0) {
    for (const Row& row : rows_of(State::kOutcomeUnknown)) {
      if (row.on_hold()) operate(Resolve{row.message.id, false});
    }
  }
  if (waiting || count(State::kSending) + count(State::kSendFailed) + count(State::kConsumeFailed) > 0) return false;
  if (count(State::kOutcomeUnknown) > 0) return false;
  return std::ranges::all_of(rows_of(State::kSent),
                             [](const Row& row) { return !row.owner && row.queue && row.queue->external(); });
}

std::vector<Row> Simulation::rows_of(State state) {
  return std::move(store_.log().list({.where = {.status = state}, .limit = 1'000})->rows);
}

void Simulation::check_end() {
  for (const State state : kAllStates) {
    for (const Row& row : rows_of(state)) {
      audit_.row_at_end(row, said_done_.contains(row.message.id.value));
      if (plan_.honest && row.publish_count != 1) {
        audit_.violation(row.message.id.value + " was published again though nothing failed: " + describe(row));
      }
    }
  }
  for (const std::string& id : audit_.accepted()) {
    const auto row = store_.log().find(MessageId{id}, false);
    if (row.ok() && *row) continue;
    if (!audit_.pruned(id)) audit_.violation(id + " was accepted and is gone");
  }
}

Verdict Simulation::run() {
  for (int i = 0; i < plan_.nodes; ++i) seats_.push_back(Seat{"n" + std::to_string(i), nullptr, false});
  for (std::size_t i = 0; i < seats_.size(); ++i) boot(i, false);
  for (std::size_t i = 0; i < plan_.messages.size(); ++i) {
    const auto entry = plan_.messages[i].entry;
    later(plan_.messages[i].at, [this, i, entry] {
      if (entry == MessagePlan::Entry::kIntake) return submit(i);
      if (entry == MessagePlan::Entry::kForeignRow) return enter_row(i);
      stranger_.publish(plan_.messages[i], body_of(i));
    });
  }
  if (plan_.ghost) ghost_.start();
  for (const FaultPlan& fault : plan_.faults) later(fault.at, [this, &fault] { begin_fault(fault); });
  for (const OperatorPlan& deed : plan_.deeds) later(deed.at, [this, &deed] { operate(deed); });
  world_.run_until(control_.now() + plan_.faults_end + Duration{1});
  end_faults();
  const MonoTime limit = control_.now() + kCalm;
  while (!all_ended() && control_.now() < limit && audit_.violations().empty()) {
    world_.run_until(control_.now() + kLook);
  }
  check_end();
  audit_.coverage().broker += broker_.counts();
  Verdict verdict;
  verdict.violations = audit_.violations();
  verdict.coverage = audit_.coverage();
  verdict.virtual_time = std::chrono::duration_cast<Duration>(world_.now() - SimWorld::kStart);
  for (auto& seat : seats_) {
    if (seat.life) seat.life->loop().kill();
  }
  return verdict;
}

}  // namespace

Verdict simulate(std::uint64_t seed, const Planted& planted, const LogWitness& witness) {
  return Simulation(seed, planted, witness).run();
}

}  // namespace waybill::sim
