// The rows that the writes of one transaction name, loaded and locked, while they are decided in memory; and what has
// become of them, to be written back at once. Pure: an adapter loads and stores (row_store.h).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "log/rows/dead_letter.h"
#include "log/rows/history.h"
#include "log/rows/recipients.h"
#include "log/rows/standing.h"

namespace waybill::rows {

struct WorkingRow {
  std::optional<Standing> before;  ///< as it was loaded; none: there was no row
  std::optional<Standing> now;     ///< none: there is no row
  std::optional<Body> content;     ///< of a row that is new
  History history;
  Recipients recipients;
  bool edited = false;
  bool held_by_another = false;  ///< it exists, and another session's transaction did not let go of it in time
  // Loaded if it was needed.
  std::optional<Digest> body_digest;
  std::optional<Body> body;

  [[nodiscard]] bool is_new() const { return !before && now; }
  [[nodiscard]] bool is_changed() const { return before && now && edited; }
};

/// What is known of an idempotency key.
struct KnownKey {
  struct FirstRow {
    State status = State::kSending;
    WallTime create_time{};
    std::optional<Token> append_token;
  };
  Digest request{};
  MessageId first;
  std::optional<FirstRow> row;  ///< none: it was pruned
  State pruned_as = State::kConsumed;
  bool is_new = false;
};
using KeyName = std::pair<std::string, std::string>;  ///< endpoint and key

class WorkingSet {
 public:
  WorkingSet(WallTime time, std::size_t body_most) : now(time), body_max(body_most) {}

  const WallTime now;
  const std::size_t body_max;
  std::map<MessageId, WorkingRow> rows;  ///< in the order in which they are locked
  std::map<KeyName, KnownKey> keys;
  std::vector<DeadLetterCopy> copies;

  [[nodiscard]] WorkingRow& at(const MessageId& id) { return rows[id]; }
  /// A row that is about to be changed.
  [[nodiscard]] Standing& edit(WorkingRow& row) const {
    row.edited = true;
    row.now->update_time = now;
    return *row.now;
  }
  void add_event(WorkingRow& row, std::string_view kind, std::int32_t attempt, std::string_view detail) const {
    row.history.add(now, kind, attempt, detail);
  }
  void copy_to_dead_letters(const WorkingRow& row, const std::optional<Route>& dead_letter) {
    if (auto copy = copy_of(*row.now, dead_letter)) copies.push_back(*std::move(copy));
  }
};

/// By how much the number of finished rows of each state has changed.
[[nodiscard]] std::map<State, std::int64_t> finished_changes(const WorkingSet& set);

}  // namespace waybill::rows
