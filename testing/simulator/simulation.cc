#include "testing/simulator/simulation.h"

#include <map>
#include <optional>
#include <random>

#include "testing/sim_broker.h"
#include "testing/sim_loop.h"
#include "testing/simulator/audit.h"
#include "testing/simulator/clients.h"
#include "testing/simulator/final_check.h"
#include "testing/simulator/ghost.h"
#include "testing/simulator/instance.h"
#include "testing/simulator/operator_desk.h"
#include "testing/simulator/plan.h"
#include "testing/simulator/sim_store.h"
#include "testing/simulator/stranger.h"

namespace waybill::sim {
namespace {

constexpr Duration kCalm = std::chrono::minutes(5);  // everything ends well within this after the faults stop
constexpr Duration kLook{2'000};

/// For what the end is awaited.
enum class Patience {
  kForWhatIsDue,   ///< what waits for a time that the clock has not reached yet may go on waiting
  kForEverything,  ///< the clock has reached every time that it ever showed
};

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

  // nodes
  void boot(std::size_t seat, bool former_is_dead);
  /// False: there was nobody.
  bool crash(std::size_t seat, Duration down);
  void stop_cleanly(std::size_t seat, Duration down);
  void freeze(std::size_t seat, Duration lasts);
  bool probe(SimNode& loop, CrashPoint point);
  [[nodiscard]] Intake* intake_of(int node);
  [[nodiscard]] std::optional<Ghost::Prey> pick_prey();
  // faults
  void begin_fault(const FaultPlan& fault);
  void begin_broker_fault(const FaultPlan& fault);
  void later(Duration delay, Task task) { control_.call_at(control_.now() + delay, std::move(task)); }
  void end_faults();
  // the end
  struct Backlog {
    std::vector<Row> rows;
    std::vector<std::size_t> clients;
    std::size_t deliveries = 0;
    [[nodiscard]] bool empty() const { return rows.empty() && clients.empty() && deliveries == 0; }
  };
  [[nodiscard]] Backlog backlog(Patience patience);
  [[nodiscard]] bool may_wait(const Row& row) const;
  void await_end(Patience patience);
  void end();
  void count_broker_faults();

  const Plan plan_;
  const LogWitness witness_;
  std::mt19937_64 random_;
  Audit audit_;
  SimWorld world_;
  SimWallClock clock_;
  SimNode& control_;
  SimBroker broker_;
  SimStore store_;
  Clients clients_;
  OperatorDesk operator_;
  Stranger stranger_;
  Ghost ghost_;
  Surroundings around_;
  std::vector<Seat> seats_;
  std::vector<std::unique_ptr<Life>> graveyard_;  // lives end where they lie: a running task may still belong to one
  std::map<CrashPoint, int> armed_;               // how many hits until somebody dies there
  std::uint64_t next_boot_ = 1;
  Duration latest_offset_{0};
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
      clients_(plan_, {control_, clock_, store_, audit_, [this](int node) { return intake_of(node); },
                       [this](const Row& row, bool inserted) {
                         if (witness_.foreign_row) witness_.foreign_row(row, row.create_time, inserted);
                       }}),
      operator_(control_, clock_, store_, clients_),
      stranger_(world_, broker_),
      ghost_(world_, store_, audit_, plan_, random_, [this] { return pick_prey(); }),
      around_{world_,
              clock_,
              store_,
              broker_,
              audit_,
              plan_,
              planted.engine,
              planted.lies,
              [this](const Attempt& attempt) { return clients_.script(attempt); },
              [this](SimNode& loop, CrashPoint point) { return probe(loop, point); }} {
  store_.on_commit = witness_.committed;
}

// ---- nodes ----------------------------------------------------------------------------------------------------------

void Simulation::boot(std::size_t seat, bool former_is_dead) {
  Seat& at = seats_[seat];
  at.stopping = false;
  at.life = std::make_unique<Life>(around_, at.name, next_boot_++, former_is_dead,
                                   [this, seat] { crash(seat, Duration{500}); });
}

bool Simulation::crash(std::size_t seat, Duration down) {
  Seat& at = seats_[seat];
  if (!at.life) return false;
  at.life->loop().kill();
  graveyard_.push_back(std::move(at.life));
  const bool same_host = std::uniform_int_distribution<int>(0, 1)(random_) == 1;
  later(down, [this, seat, same_host] {
    if (!seats_[seat].life) boot(seat, same_host);
  });
  return true;
}

void Simulation::stop_cleanly(std::size_t seat, Duration down) {
  Seat& at = seats_[seat];
  if (!at.life || std::exchange(at.stopping, true)) return;
  at.life->node().begin_stop(control_.now() + Duration{3'000}, [this, seat, down] {
    audit_.happened(Fault::kStop);
    crash(seat, down);
  });
}

void Simulation::freeze(std::size_t seat, Duration lasts) {
  if (!seats_[seat].life) return;
  SimNode& loop = seats_[seat].life->loop();
  loop.freeze_until(control_.now() + lasts);
  later(lasts, [this, &loop, before = loop.held_back()] {
    if (loop.held_back() > before) audit_.happened(Fault::kFreeze);
  });
}

bool Simulation::probe(SimNode& loop, CrashPoint point) {
  const auto armed = armed_.find(point);
  if (armed == armed_.end() || !loop.alive() || --armed->second > 0) return false;
  for (std::size_t i = 0; i < seats_.size(); ++i) {
    if (!seats_[i].life || &seats_[i].life->loop() != &loop) continue;
    armed_.erase(armed);
    audit_.happened(Fault::kCrashAtPoint);
    ++audit_.coverage().crash_points[static_cast<std::size_t>(point)];
    crash(i, Duration{800});
    return true;
  }
  return false;
}

Intake* Simulation::intake_of(int node) {
  const auto& life = seats_[static_cast<std::size_t>(node)].life;
  return life ? &life->node().intake() : nullptr;
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
  const std::size_t index = random_() % plan_.messages.size();
  if (plan_.messages[index].route != kConsumed || clients_.id_of(index).empty()) return std::nullopt;
  return Ghost::Prey{MessageId{clients_.id_of(index)}, Duration{0}};
}

// ---- faults ---------------------------------------------------------------------------------------------------------

// Counted is what happens, where it happens: here, in the store, or by the broker.
void Simulation::begin_fault(const FaultPlan& fault) {
  const auto seat = static_cast<std::size_t>(fault.node);
  switch (fault.fault) {
    case Fault::kCrash:
      if (crash(seat, fault.lasts)) audit_.happened(Fault::kCrash);
      return;
    case Fault::kCrashAtPoint:
      armed_[fault.point] = std::uniform_int_distribution<int>(1, 6)(random_);
      return;
    case Fault::kFreeze:
      return freeze(seat, fault.lasts);
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
      clients_.clock_stepped_back();
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
  // Does it, and counts it if thereby the broker counts something.
  const auto count_if = [this, what = fault.fault](SimBrokerFault felt, const Task& action) {
    const auto before = broker_.counts()[felt];
    action();
    if (broker_.counts()[felt] > before) audit_.happened(what);
  };
  switch (fault.fault) {
    case Fault::kBrokerRestart:
      broker_.stop();
      return later(fault.lasts, [this, count_if] {
        count_if(SimBrokerFault::kRestarted, [this] { broker_.start(SimBroker::Memory::kKept); });
      });
    case Fault::kBrokerWipe:
      broker_.stop();
      return later(fault.lasts, [this, count_if] {
        count_if(SimBrokerFault::kWiped, [this] { broker_.start(SimBroker::Memory::kWiped); });
      });
    case Fault::kBrokerBlock:
      count_if(SimBrokerFault::kBlocked, [this] { broker_.block(); });
      return later(fault.lasts, [this] { broker_.unblock(); });
    case Fault::kBrokerPurge:
      return count_if(SimBrokerFault::kPurged, [this] { broker_.purge(kQueue); });
    case Fault::kBrokerCancel:
      return count_if(SimBrokerFault::kCancelled, [this] { broker_.cancel_consumers(kQueue); });
    case Fault::kPublisherDown:
      return count_if(SimBrokerFault::kPublisherDown, [this] { broker_.drop_publishers(); });
    case Fault::kConsumerDown:
      return count_if(SimBrokerFault::kConsumerDown, [this] { broker_.drop_consumers(); });
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
  clients_.calm();
  ghost_.stop();
  armed_.clear();
  store_.stall = Duration{0};
  store_.refuse = 0;
  store_.leave_in_doubt = 0;
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

// A schedule that an earlier clock gave, and a retry of which nobody can tell what that clock gave it.
bool Simulation::may_wait(const Row& row) const {
  if (row.owner || !row.next_try_time || *row.next_try_time <= clock_.now()) return false;
  const bool scheduled = row.message.not_before && *row.message.not_before > clock_.now();
  return scheduled || row.status == State::kConsumeFailed || row.status == State::kOutcomeUnknown;
}

Simulation::Backlog Simulation::backlog(Patience patience) {
  Backlog backlog;
  const bool all = patience == Patience::kForEverything;
  const auto stats = store_.log().stats();
  for (const State state : kAllStates) {
    if (!kOpenStates.has(state) || stats->rows_by_state[static_cast<std::size_t>(state)] == 0) continue;
    for (Row& row : store_.rows_of(state)) {
      if (row.on_hold()) operator_.let_go(row);
      const bool ended = state == State::kSent && !row.owner && row.queue && row.queue->external();
      if (!ended && (all || !may_wait(row))) backlog.rows.push_back(std::move(row));
    }
  }
  // By a clock that is behind, no ids are drawn.
  backlog.clients = clients_.unanswered(/*drawn_ids=*/all || clock_.offset() == latest_offset_);
  backlog.deliveries = broker_.find(kQueue)->messages();
  return backlog;
}

void Simulation::await_end(Patience patience) {
  const MonoTime limit = control_.now() + kCalm;
  Backlog left = backlog(patience);
  while (!left.empty() && control_.now() < limit && audit_.violations().empty()) {
    world_.run_until(control_.now() + kLook);
    left = backlog(patience);
  }
  if (!audit_.violations().empty()) return;
  for (const Row& row : left.rows) audit_.violation(row.message.id.value + " is stuck: " + describe(row));
  for (const std::size_t i : left.clients) audit_.violation("message " + std::to_string(i) + " was never answered");
  if (left.deliveries > 0) {
    audit_.violation("the queue still holds " + std::to_string(left.deliveries) + " messages");
  }
}

// First all that is due has to end by the clock as it was left: whoever compares times of two clocks gets no help. Then
// the clock catches up with the latest time that it ever showed, and nothing has a reason to wait any more.
void Simulation::end() {
  end_faults();
  await_end(Patience::kForWhatIsDue);
  clock_.step(latest_offset_ - clock_.offset());
  await_end(Patience::kForEverything);
  FinalCheck(plan_, store_, audit_).run();
}

// What its knobs do is counted by the broker alone.
void Simulation::count_broker_faults() {
  const SimBrokerCounts& counts = broker_.counts();
  const auto add = [&](Fault fault, std::initializer_list<SimBrokerFault> felt) {
    for (const SimBrokerFault each : felt) {
      audit_.coverage().faults[static_cast<std::size_t>(fault)] += counts[each];
    }
  };
  add(Fault::kLossyNetwork, {SimBrokerFault::kLostPublish, SimBrokerFault::kLostAnswer});
  add(Fault::kNacks, {SimBrokerFault::kNacked});
  add(Fault::kFalseAcks, {SimBrokerFault::kAckedWhatItLost});
  add(Fault::kDisorder, {SimBrokerFault::kReorderedPublish, SimBrokerFault::kReorderedConfirm});
  add(Fault::kDuplicates, {SimBrokerFault::kDuplicateDelivery});
  audit_.coverage().broker += counts;
}

Verdict Simulation::run() {
  for (int i = 0; i < plan_.nodes; ++i) seats_.push_back(Seat{"n" + std::to_string(i), nullptr, false});
  for (std::size_t i = 0; i < seats_.size(); ++i) boot(i, false);
  for (std::size_t i = 0; i < plan_.messages.size(); ++i) {
    const auto entry = plan_.messages[i].entry;
    later(plan_.messages[i].at, [this, i, entry] {
      if (entry == MessagePlan::Entry::kIntake) return clients_.submit(i);
      if (entry == MessagePlan::Entry::kForeignRow) return clients_.insert_row(i);
      stranger_.publish(plan_.messages[i], clients_.body_of(i));
    });
  }
  if (plan_.ghost) ghost_.start();
  for (const FaultPlan& fault : plan_.faults) later(fault.at, [this, &fault] { begin_fault(fault); });
  for (const OperatorPlan& deed : plan_.deeds) later(deed.at, [this, &deed] { operator_.operate(deed); });
  world_.run_until(control_.now() + plan_.faults_end + Duration{1});
  const MonoTime faults_ended = control_.now();
  end();
  count_broker_faults();
  Verdict verdict;
  verdict.end = std::chrono::duration_cast<Duration>(world_.now() - faults_ended);
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
