// The memory log as the suite runs it.
#pragma once

#include <memory>
#include <string>

#include "testing/memory_log.h"
#include "tests/contract/log_suite.h"

namespace waybill::contract {

class MemoryLogUnderTest final : public LogUnderTest {
 public:
  explicit MemoryLogUnderTest(WallClock& clock, MemoryLog::Mutations drop = {})
      : clock_(clock), log_(clock, "memory", drop) {}

  [[nodiscard]] MessageLog& log() override { return log_; }
  [[nodiscard]] MessageReader& reader() override { return log_; }
  [[nodiscard]] MemoryLog& memory_log() { return log_; }
  [[nodiscard]] Status insert_foreign(const ForeignRow& foreign) override;

 private:
  WallClock& clock_;
  MemoryLog log_;
};

[[nodiscard]] inline std::unique_ptr<LogUnderTest> make_memory_log(WallClock& clock) {
  return std::make_unique<MemoryLogUnderTest>(clock);
}

}  // namespace waybill::contract
