// Ten thousand simulated runs, and the proof that the oracle would notice: planted faults are found.
//
//   sim_test --seed N                  one run, told in full
//   sim_test --seed N --record FILE    and everything its log was told, for replay_test --recording FILE
//   sim_test --seeds N                 that many instead of ten thousand
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.h"
#include "testing/recording/recording.h"
#include "testing/simulator/simulation.h"

namespace waybill::sim {
namespace {

std::uint64_t g_seeds = 10'000;

struct Sweep {
  std::uint64_t runs = 0;
  std::vector<std::pair<std::uint64_t, std::string>> failures;
  Coverage coverage;
};

// Runs seeds first .. first + count - 1 on both cores, until one fails (or, with `all`, to the end).
Sweep sweep(std::uint64_t first, std::uint64_t count, const Planted& planted, bool all) {
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
      for (const auto& violation : verdict.violations) sum.failures.emplace_back(seed, violation);
      if (!all && !verdict.violations.empty()) stop = true;
    }
  };
  std::thread other(work);
  work();
  other.join();
  return sum;
}

TEST(Simulator, NothingAcceptedIsLostAndEveryRepeatIsExplained) {
  const Sweep sum = sweep(1, g_seeds, {}, /*all=*/true);
  std::cout << sum.runs << " seeds\n" << sum.coverage.table();
  for (std::size_t i = 0; i < sum.failures.size() && i < 20; ++i) {
    ADD_FAILURE() << "seed " << sum.failures[i].first << ": " << sum.failures[i].second
                  << "\n  replay: sim_test --seed " << sum.failures[i].first;
  }
  if (g_seeds >= 10'000) {
    for (const auto& never : sum.coverage.missing()) ADD_FAILURE() << "never exercised: " << never;
  }
}

TEST(Simulator, ARunIsAFunctionOfItsSeed) {
  const Verdict first = simulate(4'711);
  const Verdict second = simulate(4'711);
  EXPECT_EQ(first.virtual_time, second.virtual_time);
  EXPECT_EQ(first.coverage.arrows, second.coverage.arrows);
}

struct PlantedCase {
  const char* name;
  Planted planted;
};

class PlantedFault : public testing::TestWithParam<PlantedCase> {};

TEST_P(PlantedFault, IsCaughtWithinAThousandSeeds) {
  const Sweep sum = sweep(1, 1'000, GetParam().planted, /*all=*/false);
  ASSERT_FALSE(sum.failures.empty()) << "no seed of 1,000 noticed it";
  std::cout << "caught after " << sum.runs << " seeds: " << sum.failures.front().second << '\n';
}

std::vector<PlantedCase> planted_cases() {
  std::vector<PlantedCase> cases(6);
  cases[0].name = "AckBeforeCommit";
  cases[0].planted.engine.ack_before_commit = true;
  cases[1].name = "FinishWithoutFencing";
  cases[1].planted.log.finish_without_fencing = true;
  cases[2].name = "ReturnIgnored";
  cases[2].planted.engine.ignore_returns = true;
  cases[3].name = "LateConfirmOverwritesConsumed";
  cases[3].planted.log.late_confirm_overwrites_consumed = true;
  cases[4].name = "ClockNotRearmed";
  cases[4].planted.log.clock_not_rearmed_on_take = true;
  cases[5].name = "OwnLapsedClaimNotCounted";
  cases[5].planted.log.own_lapsed_claim_not_counted = true;
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Simulator, PlantedFault, testing::ValuesIn(planted_cases()),
                         [](const auto& param_info) { return std::string(param_info.param.name); });

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
  waybill::configure_log({waybill::LogLevel::kError, waybill::LogFormat::kText});
  std::optional<std::uint64_t> seed;
  std::string record_file;
  for (int i = 1; i + 1 < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--seeds") waybill::sim::g_seeds = std::strtoull(argv[i + 1], nullptr, 10);
    if (flag == "--record") record_file = argv[i + 1];
  }
  if (seed) return waybill::sim::run_one(*seed, record_file);
  if (!record_file.empty()) {
    std::cerr << "--record FILE records one seed: give --seed N too\n";
    return 2;
  }
  return RUN_ALL_TESTS();
}
