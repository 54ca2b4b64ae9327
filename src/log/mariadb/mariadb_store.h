// The rows of one MariaDB transaction (log/rows/row_store.h). Every statement is set-based, finds its rows by an index
// that it names, from the values it is given, and locks in the order of the ids or passes over what others hold.
#pragma once

#include <map>

#include "log/mariadb/connection.h"
#include "log/rows/held_rows.h"
#include "log/rows/row_store.h"

namespace waybill::mariadb {

/// How far the search for rows that are due too far ahead has come; each sweep goes on where the last one ended.
struct SweepPosition {
  Route route;
  WallTime next_try_time = WallTime::min();
  int status = 0;
  std::int64_t arrival = 0;
};

/// What one transaction has done so far.
struct Ledger {
  /// Added to the sums that are kept, by kind (see the table kept_count).
  std::map<int, std::int64_t> counts;
  bool has_read = false;     ///< rows or keys that may be another program's
  bool has_written = false;  ///< something, so that its commit waits for the disk
};
inline constexpr int kLapses = 10;
inline constexpr int kUnknowns = 11;

class MariadbStore final : public rows::RowStore {
 public:
  /// Rows whose bodies are larger than `body_max` are loaded without. All outlive the store.
  MariadbStore(Connection& connection, SweepPosition& sweep, rows::HeldRows& held, Ledger& ledger, std::size_t body_max)
      : db_(connection), sweep_(sweep), held_(held), ledger_(ledger), body_max_(body_max) {}

  [[nodiscard]] bool failed() const override { return db_.failed(); }
  void load(rows::WorkingSet& set, const rows::Needs& needs) override;
  /// What is written back goes to the server with the next statement whose result is asked for.
  void store(const rows::WorkingSet& set) override;
  [[nodiscard]] std::vector<MessageId> find_lost(const Lost& write, WallTime now) override;
  [[nodiscard]] std::vector<MessageId> find_attempts_of(const LapseOwner& write) override;
  [[nodiscard]] std::vector<MessageId> find_lapsed(WallTime now, std::size_t limit,
                                                   const std::vector<Route>& left_alone) override;
  void pull_forward(const Sweep& sweep, WallTime now, bool with_owned, const std::vector<Route>& left_alone) override;
  [[nodiscard]] std::vector<rows::DueRoute> due_routes(const std::optional<Route>& after,
                                                       const std::optional<Route>& last, std::size_t limit) override;
  [[nodiscard]] std::vector<rows::Candidate> candidates(const std::vector<rows::Turn>& turns, WallTime now,
                                                        bool with_crashed) override;
  [[nodiscard]] std::vector<Body> take(const std::vector<rows::Candidate>& chosen, const std::vector<QueueName>& queues,
                                       WallTime now, WallTime due_again, BootNonce boot) override;
  [[nodiscard]] std::optional<WallTime> next_due(const std::vector<Route>& routes,
                                                 std::optional<WallTime> from) override;
  [[nodiscard]] std::optional<WallTime> next_lease_end(std::optional<WallTime> from,
                                                       const std::vector<Route>& left_alone) override;
  [[nodiscard]] CountAnswer prune(const Prune& write, WallTime now) override;
  [[nodiscard]] NodeAnswer lease_node(const LeaseNode& write, WallTime now) override;
  [[nodiscard]] QueueFactsAnswer report_queues(const ReportQueues& write, WallTime now) override;

 private:
  void load_rows(rows::WorkingSet& set, const rows::Needs& needs);
  void wait_for_held(rows::WorkingSet& set, rows::Needs held);

  Connection& db_;
  SweepPosition& sweep_;
  rows::HeldRows& held_;
  Ledger& ledger_;
  const std::size_t body_max_;
};

/// Adds up what the transaction changes of the kept sums, in this process's part of them; and makes the commit a
/// durable one of our own, if rows were read and nothing was written: what was read may be visible and not yet on disk.
void tell_end(Connection& connection, int part, const Ledger& ledger);

}  // namespace waybill::mariadb
