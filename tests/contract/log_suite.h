// The contract of MessageLog and MessageReader as cases that every adapter must pass. An adapter joins in a test file
// of its own (library waybill_log_suite):
//
//   const bool registered = register_log_suite(
//       "SqliteLog", [](WallClock& clock) -> std::unique_ptr<LogUnderTest> { return std::make_unique<MyLog>(clock); });
//
// Every case then is a GoogleTest case of that name (`SqliteLog.LateConfirmNeverOverwritesConsumed`) and gets a fresh
// log whose store clock is the hand-set one. One thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ports/message_log.h"
#include "tests/contract/contract_check.h"

namespace waybill::contract {

/// Wall time that stands still until a case moves it. Starts a minute ahead of the system's time, so that a row whose
/// times were filled in by a store's own defaults is due.
class HandClock final : public WallClock {
 public:
  HandClock() : now_(SystemWallClock().now() + std::chrono::minutes(1)) {}
  [[nodiscard]] WallTime now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  WallTime now_;
};

/// A row as another program inserts it into `msg_log`: the four columns that it must give, or all nine; and what else
/// it may say of its message.
struct ForeignRow {
  struct Rest {
    int status = 0;
    int try_count = 0;
    WallTime next_try_time{};
    WallTime create_time{};
    WallTime update_time{};
  };
  std::string id;
  std::string msg;
  Route route;
  std::optional<Rest> rest = {};  ///< none: the column defaults
  std::string content_type = {};
  Headers headers = {};
};

/// One empty log with its reader, and the door by which other programs come in.
class LogUnderTest {
 public:
  virtual ~LogUnderTest() = default;
  [[nodiscard]] virtual MessageLog& log() = 0;
  [[nodiscard]] virtual MessageReader& reader() = 0;
  /// Inserts past the port. An error if the store refuses the row.
  [[nodiscard]] virtual Status insert_foreign(const ForeignRow& row) = 0;
  /// True if the store itself refuses text that is not UTF-8, whoever inserts it.
  [[nodiscard]] virtual bool stores_only_utf8() const { return false; }
};

/// Makes an empty log whose store clock is `clock`, which outlives it.
using LogFactory = std::function<std::unique_ptr<LogUnderTest>(WallClock& clock)>;

class LogHarness;  // tests/contract/log_harness.h

struct LogCase {
  const char* name;  ///< a sentence in CamelCase
  void (*run)(LogHarness&);
};
/// All cases, in a fixed order.
[[nodiscard]] const std::vector<LogCase>& log_cases();

/// Runs one case on a fresh log; throws ContractViolation.
void run_log_case(const LogCase& log_case, const LogFactory& factory);

/// Registers every case with GoogleTest as `adapter`.`case`. Before main; always true.
bool register_log_suite(const char* adapter, LogFactory factory);

}  // namespace waybill::contract
