// What a shared store gives, so that every verb can be decided by rows in memory (apply_by_rows.h): it finds, locks and
// loads rows, and writes back what has become of them. All of it belongs to one open transaction.
//
// Errors stick: after a failure every call does nothing and what it returns counts for nothing; `failed` says so.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "log/rows/working_set.h"
#include "ports/log_writes.h"

namespace waybill::rows {

/// What verbs look at of a row beside its columns.
struct Need {
  bool history = false;
  bool body_digest = false;  ///< of a row that has no digest
  bool body = false;
  bool recipients = false;  ///< of a row that was claimed before; no other has any, and a first claim pays nothing
};
struct Needs {
  std::map<MessageId, Need> rows;
  std::set<KeyName> keys;
};

struct DueRoute {
  Route route;
  WallTime first{};  ///< the earliest due time of its unowned rows
};

/// Where the turn of a route goes on: beyond this row.
struct Turn {
  Route route;
  WallTime after_time = WallTime::min();
  int after_status = 0;
  std::int64_t after_arrival = INT64_MIN;
  std::size_t wanted = 0;
};

/// A due row, as another program may have written it; its body was not loaded.
struct Candidate {
  std::size_t turn = 0;  ///< index of its route's turn
  std::int64_t arrival = 0;
  WallTime next_try_time{};
  MessageId id;
  State status = State::kSending;
  std::int64_t publish_count = 0;
  std::optional<QueueName> queue;
  std::optional<Digest> digest;
  int crash_count = 0;
  bool binary = false;
  std::size_t bytes = 0;    ///< of the body
  bool leave_body = false;  ///< it is not loaded, when the row is taken
  std::string content_type;
  std::optional<std::string> retry_policy;
  std::optional<std::string> headers;
};

class RowStore {
 public:
  virtual ~RowStore() = default;
  [[nodiscard]] virtual bool failed() const = 0;

  /// Locks the rows in the order of their ids and loads them; those that another session holds are marked after a short
  /// wait. Needed keys are loaded and locked too.
  virtual void load(WorkingSet& set, const Needs& needs) = 0;
  /// Inserts new rows and keys, updates changed rows, writes events, recipients, copies and the counts of finished
  /// rows. Fails the transaction, which is then run again, if another session has inserted one of them meanwhile.
  virtual void store(const WorkingSet& set) = 0;

  // Rows by what they are. All are locked; what others have locked is passed over.
  [[nodiscard]] virtual std::vector<MessageId> find_lost(const Lost& write, WallTime now) = 0;
  /// Open attempts of this instance's other boots.
  [[nodiscard]] virtual std::vector<MessageId> find_attempts_of(const LapseOwner& write) = 0;
  /// Open attempts whose lease has passed, the longest passed first; none of the routes in `left_alone`.
  [[nodiscard]] virtual std::vector<MessageId> find_lapsed(WallTime now, std::size_t limit,
                                                           const std::vector<Route>& left_alone) = 0;

  // The parts of a take.
  virtual void pull_forward(const Sweep& sweep, WallTime now, bool with_owned,
                            const std::vector<Route>& left_alone) = 0;
  /// Routes with unowned rows that have a time, due or not, in their order: `limit` at the most, beyond `after`, and
  /// not beyond `last`.
  [[nodiscard]] virtual std::vector<DueRoute> due_routes(const std::optional<Route>& after,
                                                         const std::optional<Route>& last, std::size_t limit) = 0;
  /// Due rows of each turn, as many as it wants, in the order of time, state and arrival.
  [[nodiscard]] virtual std::vector<Candidate> candidates(const std::vector<Turn>& turns, WallTime now,
                                                          bool with_crashed) = 0;
  /// Marks them as taken, with these queues; their bodies, in their order, empty ones for those that leave theirs.
  [[nodiscard]] virtual std::vector<Body> take(const std::vector<Candidate>& chosen,
                                               const std::vector<QueueName>& queues, WallTime now, WallTime due_again,
                                               BootNonce boot) = 0;
  /// The earliest time later than `from` of an unowned row of these routes.
  [[nodiscard]] virtual std::optional<WallTime> next_due(const std::vector<Route>& routes,
                                                         std::optional<WallTime> from) = 0;
  /// The earliest end of a lease later than `from`, but of these routes.
  [[nodiscard]] virtual std::optional<WallTime> next_lease_end(std::optional<WallTime> from,
                                                               const std::vector<Route>& left_alone) = 0;

  // Verbs of which nothing is decided in memory.
  [[nodiscard]] virtual CountAnswer prune(const Prune& write, WallTime now) = 0;
  [[nodiscard]] virtual NodeAnswer lease_node(const LeaseNode& write, WallTime now) = 0;
  [[nodiscard]] virtual QueueFactsAnswer report_queues(const ReportQueues& write, WallTime now) = 0;
};

}  // namespace waybill::rows
