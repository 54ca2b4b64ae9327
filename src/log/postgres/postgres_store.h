// The rows of one PostgreSQL transaction (log/rows/row_store.h). Every statement is set-based, finds its rows by index
// from the values it is given, and locks in the order of the ids or passes over what others hold.
#pragma once

#include <map>

#include "log/postgres/connection.h"
#include "log/rows/held_rows.h"
#include "log/rows/row_store.h"

namespace waybill::postgres {

/// How far the search for rows that are due too far ahead has come; each sweep goes on where the last one ended.
struct SweepPosition {
  Route route;
  WallTime next_try_time = WallTime::min();
  int status = 0;
  std::int64_t arrival = 0;
};

/// By how much a transaction changes the number of finished rows of each state.
using FinishedChanges = std::map<State, std::int64_t>;
/// Hands over the statement that adds them to this process's part of the counts; nothing if nothing changes.
void send_finished(Connection& connection, int part, const FinishedChanges& changes);

class PostgresStore final : public rows::RowStore {
 public:
  /// What becomes of the number of finished rows is added to `finished`. All outlive the store.
  PostgresStore(Connection& connection, SweepPosition& sweep, rows::HeldRows& held, FinishedChanges& finished,
                std::size_t body_max)
      : db_(connection), sweep_(sweep), held_(held), finished_(finished), body_max_(body_max) {}

  [[nodiscard]] bool failed() const override { return db_.failed(); }
  void load(rows::WorkingSet& set, const rows::Needs& needs) override;
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
  struct Wanted;
  void send_load(const Statement& statement, const Wanted& wanted);
  void wait_for_held(rows::WorkingSet& set, const rows::Needs& held);

  Connection& db_;
  SweepPosition& sweep_;
  rows::HeldRows& held_;
  FinishedChanges& finished_;
  const std::size_t body_max_;
};

}  // namespace waybill::postgres
