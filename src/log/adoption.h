// Takes a classic table over (log/classic_table.h): the order of the steps, which table is one, and which rows fit.
//
// It may be broken off at any moment, also by kill -9, and goes on when it is run again on the same terms. Consumed
// messages stay so; whatever was open starts on hold, for a person: what the classic system did with it nobody knows.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "log/classic_table.h"

namespace waybill {

/// What there is to do.
struct AdoptionPlan {
  std::vector<ClassicCount> counts;
  WallTime done_before{};  ///< of the `sent` ones that count as consumed, if any do
  bool renamed = false;    ///< it was begun before: what moved then is not counted
  bool begun = false;      ///< and not ended
};

struct AdoptionReport {
  static constexpr std::size_t kTold = 20;

  ClassicMoved moved;
  std::int64_t left = 0;
  std::vector<std::pair<std::string, std::string>> left_because;  ///< id and reason, of the first kTold
};

/// Changes nothing. Errors: kPermanent (no classic table, with what differs; adopted already; begun on other terms),
/// kRetry.
[[nodiscard]] Result<AdoptionPlan> plan_adoption(ClassicTable& table, const AdoptTerms& terms);

/// Does it. `told` is called after each batch with the rows looked at; false stops there. Errors: also kConflict (an
/// instance serves the log, another process adopts).
[[nodiscard]] Result<AdoptionReport> adopt(ClassicTable& table, const AdoptTerms& terms,
                                           const std::function<bool(std::int64_t)>& told);

}  // namespace waybill
