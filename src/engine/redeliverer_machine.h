// What the redeliverer decides: when due rows are taken, and how many. Woken by in-process events and by the earliest
// known due time; polling is only the backstop. No I/O, no clock. Rules: protocol sections 2 (take) and 3.
#pragma once

#include <memory>
#include <optional>

#include "base/time.h"
#include "engine/options.h"
#include "engine/route_breaker.h"
#include "ports/log_writes.h"

namespace waybill {

/// What the machine needs to know at an event.
struct RedelivererMoment {
  MonoTime now;
  WallTime store_now{};
  bool may_lapse = false;
  bool can_publish = false;  ///< nothing is taken while the broker is down or blocked
  std::size_t room = 0;      ///< rows that the publisher takes
};

class RedelivererMachine {
 public:
  explicit RedelivererMachine(const EngineOptions& options) : options_(options) {}

  /// A take, if one is due. `survey`: the publisher's closed routes.
  [[nodiscard]] std::optional<Take> next(const RedelivererMoment& at, const RouteBreaker::Survey& survey);
  /// The answer of the take under way.
  void on_answer(const TakeAnswer& answer, const RedelivererMoment& at);
  void on_no_answer(const RedelivererMoment& at);
  /// Something may be due now, or there is room again.
  void on_hint() { hinted_ = true; }

  /// The crashed row taken last has been handled: the next one need not wait for its grace.
  void on_crashed_handled() { crashed_until_.reset(); }

  [[nodiscard]] bool under_way() const { return under_way_; }
  [[nodiscard]] MonoTime next_wake() const { return next_; }

 private:
  static constexpr std::size_t kRowsMax = 256;
  static constexpr Duration kSweepEvery{10'000};

  [[nodiscard]] Sweep sweep() const;

  const EngineOptions& options_;
  bool under_way_ = false;
  bool hinted_ = false;
  MonoTime next_{};
  MonoTime next_sweep_{};
  std::optional<MonoTime> crashed_until_;  // the crashed row taken last is probably still on its way
  std::optional<Route> after_;
};

}  // namespace waybill
