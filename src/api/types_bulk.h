// The JSON shapes of what is done to many messages at once; otherwise as in api/types.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/types.h"
#include "base/result.h"
#include "base/time.h"
#include "core/delivery_state.h"

namespace waybill::api {

/// `POST /v1/messages/retry` and `/cancel`: all that is given must hold of a message.
struct BulkRequest {
  static constexpr int kLimitMax = 10'000;
  static constexpr double kRateMax = 1'000'000;

  std::optional<State> status;       ///< none, for retry: dead
  std::optional<std::string> queue;  ///< "": the external ones
  std::optional<WallTime> since;     ///< created then or later
  std::optional<WallTime> until;     ///< created before then
  std::string cursor;                ///< `next_cursor` of the answer before
  int limit = 1'000;                 ///< messages changed or refused by this request
  double rate = 0;                   ///< messages a second; 0: as fast as it goes
  bool again = false;                ///< retry only: also effects known to have happened
  bool dry_run = false;              ///< only counts
  bool operator==(const BulkRequest&) const = default;
};
/// Which of the two it is for.
enum class BulkVerb { kRetry, kCancel };
[[nodiscard]] std::string to_json(const BulkRequest& request);
/// Refuses states that the verb can do nothing with, and a cancel that chooses nothing.
[[nodiscard]] Parsed<BulkRequest> parse_bulk_request(BulkVerb verb, std::string_view json);

/// What the request did.
struct BulkView {
  int changed = 0;
  int refused = 0;          ///< their state forbade it by the time their turn came
  std::string next_cursor;  ///< where the next request goes on; empty (null): all were looked at
  bool operator==(const BulkView&) const = default;
};
[[nodiscard]] std::string to_json(const BulkView& view);
[[nodiscard]] Result<BulkView> parse_bulk(std::string_view json);

/// The answer to `dry_run`: nothing was changed.
struct MatchView {
  std::int64_t matched = 0;
  bool exact = true;  ///< false: at least so many
  bool operator==(const MatchView&) const = default;
};
[[nodiscard]] std::string to_json(const MatchView& view);
[[nodiscard]] Result<MatchView> parse_match(std::string_view json);

/// `POST /v1/prune`.
struct PruneRequest {
  static constexpr int kLimitMax = 100'000;
  static constexpr Duration kAgeMax = std::chrono::hours(24 * 36'500);

  Duration older_than{};  ///< since they ended; written as `7d`: a whole number and one of ms, s, m, h, d
  int limit = 10'000;
  bool operator==(const PruneRequest&) const = default;
};
[[nodiscard]] std::string to_json(const PruneRequest& request);
[[nodiscard]] Parsed<PruneRequest> parse_prune_request(std::string_view json);

struct PruneView {
  int pruned = 0;
  bool more = false;  ///< the limit, or the time of one request, ended it
  bool operator==(const PruneView&) const = default;
};
[[nodiscard]] std::string to_json(const PruneView& view);
[[nodiscard]] Result<PruneView> parse_prune(std::string_view json);

}  // namespace waybill::api
