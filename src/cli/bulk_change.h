// What retry and cancel do to many messages: a preview, or the change itself in pages.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/types_bulk.h"
#include "cli/client.h"
#include "cli/patience.h"

namespace waybill::cli {

struct BulkPlan {
  api::BulkVerb verb = api::BulkVerb::kRetry;
  std::vector<api::BulkRequest> selections;  ///< one after the other; their `limit` and `cursor` are set here
  std::int64_t limit = 0;                    ///< messages changed in all; 0: every one
  bool json = false;
};

/// Counts what would be changed, says how to go on, and changes nothing.
[[nodiscard]] ExitCode preview_bulk(const Client& client, const BulkPlan& plan);

/// Changes page after page, and reports; also when `pause` said to stop, or the server could not go on. `pause` also
/// keeps the rate.
[[nodiscard]] ExitCode run_bulk(const Client& client, const BulkPlan& plan, const Patience::Pause& pause);

/// run_bulk that Ctrl-C stops.
[[nodiscard]] ExitCode run_bulk(const Client& client, const BulkPlan& plan);

}  // namespace waybill::cli
