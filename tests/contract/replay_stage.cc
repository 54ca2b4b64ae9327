#include "tests/contract/replay_stage.h"

#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "testing/simulator/simulation.h"

namespace waybill::recording {

Result<ReplayReport> Stage::play(std::istream& recording) {
  return replay(recording, {log(), [this](WallTime time) { clock_.advance(time - clock_.now()); },
                            [this](const Row& row) { return insert_foreign(row); }});
}

std::string record(std::uint64_t seed) {
  std::ostringstream out;
  Recorder recorder(out);
  sim::LogWitness witness;
  witness.committed = std::bind_front(&Recorder::committed, &recorder);
  witness.foreign_row = std::bind_front(&Recorder::foreign_row, &recorder);
  const sim::Verdict verdict = sim::simulate(seed, {}, witness);
  EXPECT_TRUE(verdict.violations.empty()) << "seed " << seed << ": " << verdict.violations.front();
  return out.str();
}

std::string describe(const Difference& difference) {
  return "line " + std::to_string(difference.line) + ", " + difference.write + "\n  recorded: " + difference.recorded +
         "\n  replayed: " + difference.replayed;
}

std::string describe(const LogStats& stats) {
  std::ostringstream text;
  for (const auto rows : stats.rows_by_state) text << rows << ' ';
  text << stats.lapses << " lapses, " << stats.unknowns << " unknowns, oldest";
  for (const auto oldest : stats.oldest_by_state) text << ' ' << (oldest ? to_rfc3339(*oldest) : "none");
  text << ", oldest open " << (stats.oldest_open ? to_rfc3339(*stats.oldest_open) : "none");
  return text.str();
}

std::string problem_of(Stage& stage, const std::string& recording) {
  std::istringstream in(recording);
  const auto report = stage.play(in);
  if (!report.ok()) return report.error().message;
  return report->difference ? describe(*report->difference) : std::string();
}

}  // namespace waybill::recording
