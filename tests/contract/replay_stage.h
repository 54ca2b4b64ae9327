// What tests of replays share: the recordings, and the logs that they are played on (testing/recording).
#pragma once

#include <cstdint>
#include <iosfwd>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/result.h"
#include "ports/message_log.h"
#include "testing/memory_log.h"
#include "testing/recording/recording.h"
#include "tests/contract/log_suite.h"

namespace waybill::recording {

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
  [[nodiscard]] Result<ReplayReport> play(std::istream& recording) {
    return replay(recording, {log(), [this](WallTime time) { clock_.advance(time - clock_.now()); },
                              [this](const Row& row) { return insert_foreign(row); }});
  }

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

/// What the simulator's log is told in the run of this seed.
[[nodiscard]] std::string record(std::uint64_t seed);

[[nodiscard]] std::string describe(const Difference& difference);
[[nodiscard]] std::string describe(const LogStats& stats);

/// Empty if the whole recording got the same answers.
[[nodiscard]] std::string problem_of(Stage& stage, const std::string& recording);

/// Plays the recording of a seed on this stage and on the model; then they must answer, and hold, the same.
void expect_same_answers(Stage& stage, std::uint64_t seed);

}  // namespace waybill::recording
