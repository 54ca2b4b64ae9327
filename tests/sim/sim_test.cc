// Ten thousand simulated runs, and the proof that the oracle would notice: planted faults are found.
//
//   sim_test --seed N                  one run, told in full
//   sim_test --seed N --record FILE    and everything its log was told, for replay_test --recording FILE
//   sim_test --seeds N                 that many instead of forty thousand
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.h"
#include "testing/recording/recording.h"
#include "testing/simulator/simulation.h"

namespace waybill::sim {
namespace {

/// So many that the rarest arrow is no coincidence.
constexpr std::uint64_t kAllSeeds = 40'000;
std::uint64_t g_seeds = kAllSeeds;

struct Sweep {
  std::uint64_t runs = 0;
  std::vector<std::pair<std::uint64_t, std::string>> failures;
  Coverage coverage;
  Duration longest_end{0};
};

// Runs seeds first .. first + count - 1 on both cores, to the end or until one fails in the words of `until`.
Sweep sweep(std::uint64_t first, std::uint64_t count, const Planted& planted, std::optional<std::string_view> until) {
  Sweep sum;
  std::mutex mutex;
  std::atomic<std::uint64_t> next = first;
  std::atomic<bool> stop = false;
  const auto work = [&] {
    while (!stop) {
      const std::uint64_t seed = next.fetch_add(1);
      if (seed >= first + count) return;
      const Verdict verdict = simulate(seed, planted);
      const std::lock_guard lock(mutex);
      ++sum.runs;
      sum.coverage += verdict.coverage;
      sum.longest_end = std::max(sum.longest_end, verdict.end);
      for (const auto& violation : verdict.violations) {
        if (until && violation.find(*until) == std::string::npos) continue;
        sum.failures.emplace_back(seed, violation);
        if (until) stop = true;
      }
    }
  };
  std::thread other(work);
  work();
  other.join();
  return sum;
}

TEST(Simulator, NothingAcceptedIsLostAndEveryRepeatIsExplained) {
  const Sweep sum = sweep(1, g_seeds, {}, /*until=*/std::nullopt);
  std::cout << sum.runs << " seeds; after the faults all had ended within " << sum.longest_end.count() << " ms\n"
            << sum.coverage.table();
  for (std::size_t i = 0; i < sum.failures.size() && i < 20; ++i) {
    ADD_FAILURE() << "seed " << sum.failures[i].first << ": " << sum.failures[i].second
                  << "\n  replay: sim_test --seed " << sum.failures[i].first;
  }
  if (g_seeds >= kAllSeeds) {
    for (const auto& never : sum.coverage.missing()) ADD_FAILURE() << "never exercised: " << never;
  }
}

// Everything that its log was told, in order, with the answers.
std::string recording_of(std::uint64_t seed) {
  std::ostringstream text;
  recording::Recorder recorder(text);
  LogWitness witness;
  witness.committed = std::bind_front(&recording::Recorder::committed, &recorder);
  witness.foreign_row = std::bind_front(&recording::Recorder::foreign_row, &recorder);
  static_cast<void>(simulate(seed, {}, witness));
  return text.str();
}

TEST(Simulator, ARunIsAFunctionOfItsSeed) {
  const std::string first = recording_of(4'711);
  EXPECT_GT(first.size(), 10'000U);
  EXPECT_TRUE(first == recording_of(4'711)) << "the log was told something else the second time";
  EXPECT_FALSE(first == recording_of(4'712)) << "another seed told the log the same";
}

// To be armed is not to happen: most purges find an empty queue.
TEST(Simulator, AFaultCountsWhenItHappens) {
  constexpr std::uint64_t kSeeds = 200;
  std::uint64_t armed = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const FaultPlan& fault : draw_plan(seed).faults) armed += fault.fault == Fault::kBrokerPurge ? 1 : 0;
  }
  const Sweep sum = sweep(1, kSeeds, {}, /*until=*/std::nullopt);
  const auto happened = [&](Fault fault) { return sum.coverage.faults[static_cast<std::size_t>(fault)]; };
  EXPECT_LT(happened(Fault::kBrokerPurge), armed);
  EXPECT_EQ(happened(Fault::kBrokerPurge), sum.coverage.broker[SimBrokerFault::kPurged]);
  EXPECT_EQ(happened(Fault::kNacks), sum.coverage.broker[SimBrokerFault::kNacked]);
  EXPECT_GT(happened(Fault::kNacks), 0U);
}

// A defect, and the words in which it must be noticed: to be noticed for another reason proves nothing.
struct PlantedCase {
  std::string name;
  std::string words;
  Planted planted;
  std::uint64_t within = 1'000;  ///< seeds
};

void PrintTo(const PlantedCase& planted, std::ostream* out) { *out << planted.name; }

class PlantedFault : public testing::TestWithParam<PlantedCase> {};

TEST_P(PlantedFault, IsCaughtWithinItsSeeds) {
  const Sweep sum = sweep(1, GetParam().within, GetParam().planted, GetParam().words);
  ASSERT_FALSE(sum.failures.empty()) << "no seed of " << GetParam().within << " noticed it";
  std::cout << "caught after " << sum.runs << " seeds: " << sum.failures.front().second << '\n';
}

PlantedCase in_log(std::string name, bool MemoryLogMutations::*guard, std::string words) {
  PlantedCase planted{std::move(name), std::move(words), {}};
  planted.planted.log.*guard = true;
  return planted;
}
// Needs several things to coincide.
PlantedCase rare(PlantedCase planted) {
  planted.within = kAllSeeds;
  return planted;
}
PlantedCase in_engine(std::string name, bool EngineFaults::*fault, std::string words) {
  PlantedCase planted{std::move(name), std::move(words), {}};
  planted.planted.engine.*fault = true;
  return planted;
}
PlantedCase lie(std::string name, bool Lies::*told, std::string words) {
  PlantedCase planted{std::move(name), std::move(words), {}};
  planted.planted.lies.*told = true;
  return planted;
}

std::vector<PlantedCase> planted_cases() {
  using M = MemoryLogMutations;
  return {
      in_engine("AckBeforeCommit", &EngineFaults::ack_before_commit, "was acknowledged before its claim"),
      in_engine("ReturnIgnored", &EngineFaults::ignore_returns, "was returned and marked sent"),
      in_log("FinishWithoutFencing", &M::finish_without_fencing, "effects, of which the log explains"),
      in_log("LateConfirmOverwritesConsumed", &M::late_confirm_overwrites_consumed, "forbidden transition"),
      in_log("ClockNotRearmed", &M::clock_not_rearmed_on_take, "is open and has no clock"),
      in_log("OwnLapsedClaimNotCounted", &M::own_lapsed_claim_not_counted, "effects, of which the log explains"),
      in_log("CancelChangesNothing", &M::cancel_changes_nothing, "begin, which was cancelled"),
      in_log("FinishChangesNothing", &M::finish_changes_nothing, "begin, which was recorded as"),
      rare(in_log("ConfirmedBeforeTheClockSteppedBack", &M::lost_spares_confirmed_ahead, "is stuck")),
      in_log("ClaimBeforeItsTime", &M::claim_ignores_not_before, "was claimed before its time"),
      in_log("RetryTooEarly", &M::claim_ignores_retry_delay, "was retried too early"),
      in_log("HoldPolicyIgnored", &M::hold_policy_ignored, "begin, which was held as unknown"),
      in_log("CrashLimitIgnored", &M::crash_limit_ignored, "went on after its last crash"),
      in_log("LapseByAClockStep", &M::lapse_ignores_clock_step, "lapsed before its lease ended"),
      in_log("KeyForgotten", &M::append_forgets_key, "one message more than it was sent"),
      in_log("KeyForgottenAndAnswered", &M::append_forgets_key, "was accepted under two ids"),
      in_log("OtherBodyHandled", &M::claim_ignores_digest, "which has another body"),
      rare(in_log("AppendRunAgainAfterItsClaim", &M::append_token_lost_by_claim, "one message more than it was sent")),
      in_log("ExternalCancelledTooLate", &M::cancel_handed_over, "was published to others before"),
      rare(in_log("MarkOfAnEarlierPublish", &M::mark_ignores_publish_number, "its clock was not set anew")),
      in_log("PublishNumberUsedAgain", &M::take_keeps_publish_number, "was made twice"),
      in_log("UnknownNotCounted", &M::unknown_not_counted, "effects, of which the log explains"),
      in_log("PrunedWithMoreEffectsThanItExplained", &M::unknown_not_counted, ", pruned as "),
      in_log("RecipientsForgotten", &M::recipients_forgotten, "was not told that"),
      in_log("RecipientsForgottenInTheEnd", &M::recipients_forgotten, "has it, and the log has forgotten that"),
      in_log("RecipientsOfALostAttemptForgotten", &M::stale_recipients_forgotten, "has it, and the log has forgotten"),
      in_log("DeliveryOverwritten", &M::delivery_may_be_overwritten, "has it, and the log has forgotten that"),
      in_log("DeliveryOpenedByAReplay", &M::replay_opens_deliveries, "was not told that"),
      in_log("RecipientsOutliveTheirRow", &M::prune_leaves_recipients, "has it by the log, and nobody said so"),
      in_log("RecipientsHidden", &M::claim_hides_recipients, "was not told that"),
      lie("RecipientsUnrecorded", &Lies::recipients_unrecorded, "times, of which the log explains"),
      lie("RecipientsUntold", &Lies::recipients_untold, "and the log knew that it has it"),
      lie("RecipientNeverReached", &Lies::done_without_effect, ", never went to "),
      lie("NeverAnswered", &Lies::append_unanswered, "was never answered"),
      lie("RefusedForGood", &Lies::append_refused, "was refused for good"),
      lie("AnsweredForAnother", &Lies::append_taken_for_another, "was accepted, and the log holds another body"),
      lie("DeliveredUnrecorded", &Lies::append_unrecorded, "found no row, and none was pruned"),
      lie("PublishedUnrecorded", &Lies::append_unrecorded, "was made before the log knew of it"),
      lie("EffectWithoutARow", &Lies::effect_under_another_id, "begins, and the log never held such a row"),
      lie("CancelledWhileAboutToBegin", &Lies::stale_start, "begins, and the message was cancelled"),
      lie("AcceptedUnrecorded", &Lies::append_unrecorded, "was accepted, and the log does not hold it"),
      lie("ClaimUnrecorded", &Lies::claim_unrecorded, "begins, which was never granted"),
      lie("BeginEffectUnrecorded", &Lies::begin_effect_unrecorded, "begins, and nothing durable says so"),
      lie("RenewUnrecorded", &Lies::renew_unrecorded, "begins so late that its lease may have ended"),
      lie("MarksUnrecorded", &Lies::marks_unrecorded, "was published again though nothing failed"),
      lie("FinishUnrecorded", &Lies::finish_unrecorded, "was not handled in one attempt though nothing failed"),
      lie("NeverRedelivers", &Lies::take_finds_nothing, "is stuck"),
      lie("NoTimeForAnAnswer", &Lies::take_without_grace, "was published too often"),
      lie("NeverReconciles", &Lies::lost_finds_nothing, "is stuck"),
      lie("FailureMarkedSent", &Lies::failure_marked_sent, "was marked sent and never confirmed"),
      lie("GoneRowHandled", &Lies::gone_row_granted, "begins, which was never granted"),
      lie("BodiesMixedUp", &Lies::bodies_mixed_up, "which has another body"),
      lie("BodiesForgotten", &Lies::bodies_forgotten, "died too early"),
      lie("OneTryOnly", &Lies::one_try_only, "died too early"),
      lie("NoCopiesOfTheDead", &Lies::no_copies_of_dead, "died without a dead-letter copy"),
      lie("PublishesTwice", &Lies::publishes_twice, "was made twice"),
      lie("RejectsInsteadOfAcknowledging", &Lies::rejects_instead_of_acks, "was rejected, though it is ours"),
      lie("AcknowledgesInsteadOfRejecting", &Lies::acks_instead_of_rejects, "of another log was acknowledged"),
      lie("StrangerDropped", &Lies::stranger_known, "was acknowledged and is nowhere"),
      lie("OneHandlerTooMany", &Lies::one_handler_too_many, "runs more handlers than it may"),
      lie("NeverAcknowledges", &Lies::never_acks, "the queue still holds"),
      lie("EffectTwice", &Lies::effect_twice, "effects, of which the log explains"),
      lie("EffectTwiceInAnHonestRun", &Lies::effect_twice, "had not one effect though nothing failed"),
      lie("NoEffect", &Lies::done_without_effect, "had no effect"),
      lie("HandledTwice", &Lies::handled_twice, "for the second time"),
      lie("GateIgnored", &Lies::gate_ignored, "begins, and nothing durable says so"),
      lie("StaleStart", &Lies::stale_start, "begins so late that its lease may have ended"),
  };
}

INSTANTIATE_TEST_SUITE_P(Simulator, PlantedFault, testing::ValuesIn(planted_cases()),
                         [](const auto& param_info) { return param_info.param.name; });

// Tells what a seed does and, with a file name, records what its log is told.
int run_one(std::uint64_t seed, const std::string& record_file) {
  std::ofstream file;
  if (!record_file.empty()) file.open(record_file, std::ios::binary | std::ios::trunc);
  recording::Recorder recorder(file);
  LogWitness witness;
  if (file.is_open()) {
    witness.committed = std::bind_front(&recording::Recorder::committed, &recorder);
    witness.foreign_row = std::bind_front(&recording::Recorder::foreign_row, &recorder);
  }
  for (const FaultPlan& fault : draw_plan(seed).faults) {
    std::cout << fault.at.count() << " ms: " << to_string(fault.fault) << " of node " << fault.node << " for "
              << fault.lasts.count() << " ms\n";
  }
  const Verdict verdict = simulate(seed, {}, witness);
  std::cout << "seed " << seed << ", " << verdict.virtual_time.count() << " ms of virtual time\n"
            << verdict.coverage.table();
  for (const auto& violation : verdict.violations) std::cout << "VIOLATION " << violation << '\n';
  if (!record_file.empty() && !file.flush()) {
    std::cerr << "cannot write the recording " << record_file << '\n';
    return 1;
  }
  return verdict.violations.empty() ? 0 : 1;
}

}  // namespace
}  // namespace waybill::sim

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  std::optional<std::uint64_t> seed;
  std::string record_file;
  for (int i = 1; i + 1 < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--seeds") waybill::sim::g_seeds = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--record") record_file = argv[i + 1];
  }
  // Thousands of runs have thousands of dead messages, each an error in the log; one run tells its own.
  constexpr auto kNothing = static_cast<waybill::LogLevel>(static_cast<int>(waybill::LogLevel::kError) + 1);
  waybill::configure_log({seed ? waybill::LogLevel::kError : kNothing, waybill::LogFormat::kText});
  if (seed) return waybill::sim::run_one(*seed, record_file);
  if (!record_file.empty()) {
    std::cerr << "--record FILE records one seed: give --seed N too\n";
    return 2;
  }
  return RUN_ALL_TESTS();
}
