#include "testing/simulator/plan.h"

#include <algorithm>
#include <array>

namespace waybill::sim {
namespace {

// Draws with names, so that a plan reads as a list of choices.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  int between(int least, int most) { return std::uniform_int_distribution<int>(least, most)(random_); }
  bool chance(double p) { return std::uniform_real_distribution<double>(0, 1)(random_) < p; }
  Duration millis(int least, int most) { return Duration{between(least, most)}; }
  template <class T, std::size_t N>
  T one_of(const std::array<T, N>& choices) {
    return choices[static_cast<std::size_t>(between(0, static_cast<int>(N) - 1))];
  }

 private:
  std::mt19937_64 random_;
};

constexpr int kRunMs = 20'000;  // messages enter and faults begin within this time

EngineOptions draw_options(Dice& dice) {
  EngineOptions options;
  options.log_identity = kLogIdentity;
  options.publisher.grace = Duration{2'000};
  options.publisher.confirm_deadline = Duration{900};
  options.publisher.backoff_longest = dice.millis(2'000, 20'000);
  options.publisher.window = static_cast<std::size_t>(dice.between(2, 64));
  options.publisher.window_max = options.publisher.window * 4;
  options.worker.concurrency = dice.between(1, 4);
  options.worker.concurrency_max = options.worker.concurrency + dice.between(0, 8);
  options.worker.prefetch = dice.between(2, 64);
  options.worker.lease = dice.millis(1'500, 8'000);
  options.worker.before_effect = dice.millis(1'000, 6'000);
  options.worker.after_effect = dice.millis(4'000, 12'000);
  options.worker.no_slot = dice.millis(4'000, 20'000);
  options.worker.retry.attempts = dice.between(1, 4);
  options.worker.retry.delays = FixedDelay{dice.millis(200, 3'000)};
  options.reconciler.round = dice.millis(1'000, 3'000);
  options.reconciler.idle = dice.millis(5'000, 15'000);
  options.poll = dice.millis(200, 600);
  options.write_deadline = dice.millis(1'000, 5'000);
  options.crash_limit = dice.chance(0.7) ? dice.between(2, 5) : 0;
  options.unknown = dice.chance(0.7) ? UnknownPolicy::kRetry : UnknownPolicy::kHold;
  if (dice.chance(0.5)) options.dead_letter = kDeadLetter;
  options.prune_age = dice.chance(0.3) ? dice.millis(5'000, 30'000) : Duration{std::chrono::hours(24)};
  options.routes = std::make_shared<RouteTable>(std::map<Route, QueueName>{{kConsumed, kQueue}});
  options.queues = {kQueue};
  options.topology.exchanges = {kConsumed.exchange, kExternal.exchange, kDeadLetter.exchange};
  const auto bound = static_cast<std::size_t>(dice.chance(0.2) ? dice.between(8, 40) : 100'000);
  options.topology.queues = {{kQueue, bound, kDeadLetter}, {kExternalQueue, 100'000, {}}, {kDeadQueue, 100'000, {}}};
  options.topology.bindings = {{kConsumed, kQueue}, {kExternal, kExternalQueue}, {kDeadLetter, kDeadQueue}};
  return options;
}

// Of the seed alone, so that what the dice say of all else stays as it was.
void leave_bodies_in_log(EngineOptions& options, std::uint64_t seed) {
  constexpr std::array<std::size_t, 4> kCarried = {0, 20, 20, kBodyMax};
  options.publisher.carry_max = kCarried[seed % kCarried.size()];
  if (seed % 3 != 0) options.worker.bodies_max = 60;
}

std::vector<Act> draw_acts(Dice& dice) {
  if (dice.chance(0.7)) return {Act::kDone};
  constexpr auto kTroubles =
      std::to_array<Act>({Act::kRetry, Act::kRetry, Act::kFail, Act::kUnknownDone, Act::kUnknownNot, Act::kHang,
                          Act::kHangAfter, Act::kCrashBefore, Act::kCrashAfter, Act::kSlow, Act::kSlow, Act::kNoWay,
                          Act::kPartly, Act::kPartly, Act::kPartly});
  std::vector<Act> acts;
  for (int i = dice.between(1, 4); i > 0; --i) acts.push_back(dice.one_of(kTroubles));
  // What uses up no try must not be the act that repeats: the message would never end.
  if (dice.chance(0.8) || acts.back() == Act::kNoWay) acts.push_back(Act::kDone);
  return acts;
}

MessagePlan draw_message(Dice& dice, int index, int nodes) {
  MessagePlan message;
  const int kind = dice.between(0, 99);
  if (kind >= 97) {
    message.entry = MessagePlan::Entry::kWithoutId;
  } else if (kind >= 95) {
    message.entry = MessagePlan::Entry::kOtherLog;
  } else if (kind >= 93) {
    message.entry = MessagePlan::Entry::kImpostor;
  } else if (kind >= 90) {
    message.entry = MessagePlan::Entry::kForeignPublish;
  } else if (kind >= 78) {
    message.entry = MessagePlan::Entry::kForeignRow;
  }
  message.at = dice.millis(0, dice.chance(0.5) ? kRunMs / 4 : kRunMs);
  message.node = dice.between(0, nodes - 1);
  const int where = dice.between(0, 99);
  message.route = where < 88 ? kConsumed : where < 96 ? kExternal : where < 98 ? kUnroutable : kNoExchange;
  if (message.entry == MessagePlan::Entry::kForeignPublish) message.route = kConsumed;
  message.body_bytes = dice.chance(0.1) ? 40 : 4;
  const bool impostor = message.entry == MessagePlan::Entry::kImpostor;
  const bool named = message.entry != MessagePlan::Entry::kIntake || dice.chance(0.4);
  if (named) message.id = "m-" + std::to_string(impostor ? std::max(0, index - dice.between(1, 5)) : index);
  message.with_key = !named && dice.chance(0.5);
  if (dice.chance(0.06)) message.scheduled = dice.millis(500, 8'000);
  if (dice.chance(0.1)) {
    message.retry = RetryPolicy{};
    message.retry->attempts = dice.between(1, 5);
    message.retry->delays = ExponentialDelay{Duration{100}, Duration{2'000}};
  }
  message.acts = draw_acts(dice);
  message.handling = dice.chance(0.8) ? dice.millis(0, 40) : dice.millis(40, 800);
  return message;
}

FaultPlan draw_fault(Dice& dice, int nodes) {
  FaultPlan fault;
  fault.fault = static_cast<Fault>(dice.between(0, static_cast<int>(kFaultCount) - 1));
  if (dice.chance(0.2)) fault.fault = Fault::kCrashAtPoint;
  fault.at = dice.millis(0, kRunMs);
  fault.lasts = dice.chance(0.7) ? dice.millis(50, 3'000) : dice.millis(3'000, 15'000);
  fault.node = dice.between(0, nodes - 1);
  fault.point = static_cast<CrashPoint>(dice.between(0, static_cast<int>(kCrashPointCount) - 1));
  fault.step = dice.chance(0.5) ? dice.millis(1'500, 60'000) : Duration{std::chrono::hours(dice.between(1, 24))};
  fault.chance = dice.chance(0.5) ? 0.05 : 0.4;
  return fault;
}

}  // namespace

std::string_view to_string(Act act) {
  constexpr std::array<std::string_view, kActCount> kNames = {"done",        "retry", "fail",       "unknown_done",
                                                              "unknown_not", "hang",  "hang_after", "crash_before",
                                                              "crash_after", "slow",  "no_way",     "partly"};
  return kNames.at(static_cast<std::size_t>(act));
}

std::string_view to_string(Fault fault) {
  constexpr std::array<std::string_view, kFaultCount> kNames = {
      "crash",         "crash_at_point", "freeze",         "stop",           "log_stall",   "log_refuses",
      "log_in_doubt",  "clock_forward",  "clock_back",     "broker_restart", "broker_wipe", "broker_block",
      "broker_purge",  "broker_cancel",  "publisher_down", "consumer_down",  "unbind",      "exchange_gone",
      "lossy_network", "nacks",          "false_acks",     "disorder",       "duplicates"};
  return kNames.at(static_cast<std::size_t>(fault));
}

std::string_view to_string(CrashPoint point) {
  constexpr std::array<std::string_view, kCrashPointCount> kNames = {
      "before_append_commit", "after_append_commit", "after_take_commit", "after_claim_commit",
      "before_effect",        "after_begin_effect",  "after_effect",      "before_finish_commit",
      "after_finish_commit",  "after_publish",       "before_ack",        "after_mark_commit"};
  return kNames.at(static_cast<std::size_t>(point));
}

Plan draw_plan(std::uint64_t seed) {
  Dice dice(seed);
  Plan plan;
  plan.seed = seed;
  plan.honest = dice.chance(0.05);
  plan.nodes = dice.between(2, 4);
  plan.marks_effect = dice.chance(0.6);
  plan.ghost = dice.chance(0.5);
  plan.narrow_first_node = dice.chance(0.1);
  plan.options = draw_options(dice);
  leave_bodies_in_log(plan.options, seed);
  for (int i = dice.between(20, dice.chance(0.2) ? 200 : 60), n = 0; n < i; ++n) {
    plan.messages.push_back(draw_message(dice, n, plan.nodes));
  }
  plan.faults_end = Duration{kRunMs};
  for (int i = dice.between(5, 9); i > 0; --i) {
    plan.faults.push_back(draw_fault(dice, plan.nodes));
    plan.faults_end = std::max(plan.faults_end, plan.faults.back().at + plan.faults.back().lasts);
  }
  for (int i = dice.between(0, 12); i > 0; --i) {
    OperatorPlan deed;
    deed.deed = static_cast<OperatorPlan::Deed>(dice.between(0, 7));
    deed.at = dice.millis(0, kRunMs);
    deed.message = dice.between(0, static_cast<int>(plan.messages.size()) - 1);
    plan.deeds.push_back(deed);
  }
  if (plan.honest) {
    plan.ghost = false;
    plan.narrow_first_node = false;
    plan.faults.clear();
    plan.deeds.clear();
    for (auto& message : plan.messages) {
      message.entry = MessagePlan::Entry::kIntake;
      message.id.clear();
      message.route = kConsumed;
      message.acts = {dice.chance(0.5) ? Act::kSlow : Act::kDone};
      message.scheduled.reset();
    }
    plan.options.worker.before_effect = Duration{60'000};
    plan.options.worker.after_effect = Duration{60'000};
    plan.options.topology.queues[0].max_messages = 100'000;
  }
  return plan;
}

}  // namespace waybill::sim
