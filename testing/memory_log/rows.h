// What the memory log keeps: the rows with the orders in which its verbs look for them, and the small tables beside.
// One thread at a time.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ports/message_log.h"

namespace waybill {

/// A row with what its readers do not see.
struct StoredRow : Row {
  std::uint64_t sequence = 0;           ///< order of arrival
  Token append_token;                   ///< of the append that made it
  Token claim_token;                    ///< of the last attempt; none once it lapsed
  BootNonce publish_boot;               ///< who made the last publish
  bool late_done = false;               ///< dead or cancelled, but its effect is known to have happened
  std::optional<std::size_t> ended_by;  ///< index of the outcome that ended the last attempt

  [[nodiscard]] bool foreign() const { return publish_count == 0 && !queue; }
  [[nodiscard]] bool external() const { return queue && queue->external(); }
  /// Nothing drives it any more and nobody waits for it.
  [[nodiscard]] bool finished() const {
    return status == State::kConsumed || status == State::kCancelled ||
           (status == State::kSent && !owner && external());
  }
};

/// What distinguishes rows of one state in the eyes of the verbs, at `now`.
[[nodiscard]] Phase phase_of(const Row& row, WallTime now);

/// Rows ordered by a time; among equals by state, then the first to arrive first.
class TimeOrder {
 public:
  struct Entry {
    WallTime at{};
    State status = State::kSending;
    std::uint64_t sequence = 0;
    StoredRow* row = nullptr;
    bool operator<(const Entry& other) const {
      return std::tie(at, status, sequence) < std::tie(other.at, other.status, other.sequence);
    }
  };
  void add(WallTime at, StoredRow& row) { entries_.insert({at, row.status, row.sequence, &row}); }
  void remove(WallTime at, StoredRow& row) { entries_.erase({at, row.status, row.sequence, &row}); }
  [[nodiscard]] const std::set<Entry>& entries() const { return entries_; }
  /// The first entry later than `at`.
  [[nodiscard]] auto after(WallTime at) const {
    return entries_.upper_bound({at, State::kCancelled, UINT64_MAX, nullptr});
  }

 private:
  std::set<Entry> entries_;
};

struct StoredKey {
  MessageId id;
  Digest request{};
  WallTime at{};
  State pruned_as = State::kConsumed;  ///< what the row was when it went
};
struct NodeLease {
  Owner owner;
  WallTime until{};
};
struct ReportedFact {
  QueueFact fact;
  WallTime at{};
};

class Rows {
 public:
  explicit Rows(bool ids_ignore_case) : ids_ignore_case_(ids_ignore_case) {}

  [[nodiscard]] StoredRow* find(const MessageId& id);
  /// The id must be new.
  StoredRow& insert(StoredRow row);
  void erase(StoredRow& row);
  /// Changes a row and keeps the orders in step.
  template <class Edit>
  void edit(StoredRow& row, const Edit& change) {
    unlink(row);
    change(row);
    link(row);
  }

  /// Open rows with a time, by route.
  [[nodiscard]] const std::map<Route, TimeOrder>& due() const { return due_; }
  /// Open attempts by the end of their lease.
  [[nodiscard]] const TimeOrder& attempts() const { return attempts_; }
  /// Unclaimed `sent` rows of each consumed queue by their confirm time.
  [[nodiscard]] const std::map<QueueName, TimeOrder>& waiting() const { return waiting_; }
  /// Rows that nothing drives any more, by their last change.
  [[nodiscard]] const TimeOrder& settled() const { return settled_; }
  [[nodiscard]] const std::map<std::uint64_t, StoredRow*>& by_arrival() const { return by_arrival_; }

  // The tables beside, which need no order of their own.
  std::map<std::pair<std::string, std::string>, StoredKey> keys;  ///< by endpoint and key
  std::map<int, NodeLease> nodes;
  std::map<std::pair<Owner, QueueName>, ReportedFact> facts;
  std::map<MessageId, std::vector<MessageEvent>> events;
  std::map<MessageId, std::map<std::string, RecordedRecipient>> recipients;  ///< by address

 private:
  void link(StoredRow& row);
  void unlink(StoredRow& row);
  [[nodiscard]] std::string key_of(const MessageId& id) const;

  const bool ids_ignore_case_;
  std::uint64_t next_sequence_ = 1;
  std::unordered_map<std::string, StoredRow> rows_;
  std::map<std::uint64_t, StoredRow*> by_arrival_;
  std::map<Route, TimeOrder> due_;
  TimeOrder attempts_;
  std::map<QueueName, TimeOrder> waiting_;
  TimeOrder settled_;
};

}  // namespace waybill
