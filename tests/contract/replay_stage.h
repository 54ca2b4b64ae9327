// What the replays of the simulator's recordings have in common: stages, which are empty logs on a clock that the
// replay sets, and the recordings themselves.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <utility>

#include "testing/memory_log.h"
#include "testing/recording/recording.h"
#include "tests/contract/log_suite.h"

namespace waybill::recording {

inline constexpr std::uint64_t kReplaySeeds = 30;

template <class T>
T opened(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return std::move(result).value();
}

/// An empty log on a clock that the replay sets.
class Stage {
 public:
  virtual ~Stage() = default;
  [[nodiscard]] virtual MessageLog& log() = 0;
  [[nodiscard]] virtual MessageReader& reader() = 0;
  [[nodiscard]] virtual Status insert_foreign(const Row& row) = 0;
  [[nodiscard]] Result<ReplayReport> play(std::istream& recording);

 protected:
  contract::HandClock clock_;
};

class MemoryStage final : public Stage {
 public:
  explicit MemoryStage(const MemoryLogMutations& drop = {}) : log_(clock_, "replay", drop) {}
  [[nodiscard]] MessageLog& log() override { return log_; }
  [[nodiscard]] MessageReader& reader() override { return log_; }
  [[nodiscard]] Status insert_foreign(const Row& row) override { return log_.insert_foreign(row); }

 private:
  MemoryLog log_;
};

/// What a simulated run asked of its log.
[[nodiscard]] std::string record(std::uint64_t seed);

[[nodiscard]] std::string describe(const Difference& difference);
[[nodiscard]] std::string describe(const LogStats& stats);
/// Empty if the whole recording got the same answers.
[[nodiscard]] std::string problem_of(Stage& stage, const std::string& recording);

}  // namespace waybill::recording
