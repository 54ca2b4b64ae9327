// The message log: the durable truth about every message. Adapters: SQLite, PostgreSQL, MariaDB, and a model in memory
// for the simulator; one contract suite (tests/contract) defines what they must do.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "ports/log_writes.h"

namespace waybill {

/// The code of the error of a write that was left out because another program's transaction holds what it would change.
inline constexpr const char* kHeldByAnother = "held_by_another";

/// What a commit gave: one answer a write, in their order. A write that failed by itself (a constraint, an unreadable
/// value) has an error of its own and has changed nothing; its neighbours are committed.
struct Committed {
  std::vector<Result<Answer>> answers;
  WallTime store_now{};
};

/// The writing side. One thread at a time.
class MessageLog {
 public:
  virtual ~MessageLog() = default;

  /// Applies the writes in order in one transaction and returns when it is durable.
  /// Errors: kRetry (nothing of it happened), kInDoubt (all or nothing of it happened: run the same writes again),
  /// kPermanent (this log cannot be used any more: stop). An adapter reconnects by itself on the next call.
  [[nodiscard]] virtual Result<Committed> commit(std::span<const Write> writes) = 0;

  /// The store's clock.
  [[nodiscard]] virtual Result<WallTime> now() = 0;

  /// Identity of this log, drawn when it was created; part of every publish's mark.
  [[nodiscard]] virtual std::string identity() const = 0;
};

/// One row as people and programs read it.
struct Row {
  Message message;  ///< without its body unless asked for
  std::size_t body_bytes = 0;
  std::optional<Digest> digest;
  std::optional<QueueName> queue;  ///< none: undecided
  State status = State::kSending;
  std::optional<Owner> owner;
  std::int32_t attempt = 0;
  std::int32_t replay_attempt = 0;
  bool effect_begun = false;
  int try_count = 0;
  int lapse_count = 0;
  int unknown_count = 0;
  int crash_count = 0;
  int again_count = 0;
  std::int64_t publish_count = 0;
  std::optional<WallTime> next_try_time;
  WallTime create_time{};
  WallTime update_time{};
  std::optional<WallTime> publish_time;
  std::optional<WallTime> confirm_time;
  std::optional<WallTime> claim_time;
  std::optional<WallTime> consume_time;
  std::string last_error;
  std::string result;

  [[nodiscard]] bool on_hold() const { return status == State::kOutcomeUnknown && !owner && !next_try_time; }
};

/// One line of a message's history. A repeated equal failure raises `count`; at most 50 a row.
struct MessageEvent {
  WallTime at{};
  std::string kind;
  std::int32_t attempt = 0;
  int count = 1;
  std::string detail;
};

/// What is known of one recipient of a mail, since when.
struct RecordedRecipient {
  RecipientRecord record;
  WallTime at{};
  bool operator==(const RecordedRecipient&) const = default;
};

/// Which rows: all that is given must hold.
struct MessageFilter {
  std::optional<State> status;
  std::optional<QueueName> queue;  ///< '' the external ones; rows whose queue is undecided match no name
  std::optional<WallTime> since;   ///< created then or later
  std::optional<WallTime> until;   ///< created before then
  bool operator==(const MessageFilter&) const = default;
};

struct ListFilter {
  MessageFilter where;
  std::string cursor;  ///< a page's `next_cursor`; empty: from the newest
  int limit = 50;      ///< 1 to 1,000
};

/// One page, newest first, in an order that later changes of a row do not disturb.
struct ListPage {
  std::vector<Row> rows;
  /// Where the next page begins; empty: there is none. A page looks at a bounded number of rows, so it may be short, or
  /// hold nothing, and yet not be the last.
  std::string next_cursor;
};

struct LogStats {
  std::vector<std::int64_t> rows_by_state;  ///< indexed by State
  std::int64_t lapses = 0;                  ///< summed over the rows kept
  std::int64_t unknowns = 0;
  std::optional<WallTime> oldest_open;  ///< create time
  /// Create time of the oldest row of each state that is not finished: neither consumed, nor cancelled, nor confirmed
  /// on an external route; indexed by State. As in the list, the oldest is the one that arrived first.
  std::vector<std::optional<WallTime>> oldest_by_state;
  WallTime store_now{};
};

/// The reading side, on a connection of its own, so that no query delays a send. Any thread; calls may wait for each
/// other. Errors: kRetry.
class MessageReader {
 public:
  virtual ~MessageReader() = default;
  /// Nothing if there is no such row.
  [[nodiscard]] virtual Result<std::optional<Row>> find(const MessageId& id, bool with_body) = 0;
  [[nodiscard]] virtual Result<std::vector<MessageEvent>> events(const MessageId& id) = 0;
  /// By address, bytewise; none of a message that has none, or whose handler has recorded none.
  [[nodiscard]] virtual Result<std::vector<RecordedRecipient>> recipients(const MessageId& id) = 0;
  /// Also kPermanent: the cursor is none of this log's.
  [[nodiscard]] virtual Result<ListPage> list(const ListFilter& filter) = 0;
  /// How many rows match, counting no further than `most`.
  [[nodiscard]] virtual Result<std::int64_t> count(const MessageFilter& where, std::int64_t most) = 0;
  [[nodiscard]] virtual Result<LogStats> stats() = 0;
};

}  // namespace waybill
