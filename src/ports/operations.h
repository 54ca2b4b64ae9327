// What an operator may ask and do. The HTTP interface and the command line stand on this.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ports/message_log.h"

namespace waybill {

struct MessageDetail {
  Row row;
  std::vector<MessageEvent> events;
  std::vector<RecordedRecipient> recipients = {};
};

/// Many messages of one kind, a bounded number at a time.
struct Selection {
  MessageFilter where;
  std::string cursor;  ///< `next_cursor` of the call before; empty: from the newest
  int limit = 1'000;   ///< messages changed or refused by one call, 1 to 100,000
  double rate = 0;     ///< messages a second; 0: as fast as the log takes them
};
/// What one call did. It ends at its limit, or when its time is up, whichever comes first.
struct BulkReport {
  int changed = 0;
  int refused = 0;          ///< their state forbade it by the time their turn came
  std::string next_cursor;  ///< where the next call goes on; empty: all were looked at
};
struct PruneReport {
  int pruned = 0;
  bool more = false;  ///< the limit or the time ended it
};

/// Is this instance able to do its work?
struct Readiness {
  bool ready = false;
  std::string reason;  ///< why not; empty when ready
};

class Operations {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;
  virtual ~Operations() = default;

  // Any thread; `done` is called once, on a thread of the service, by its own deadline (5 s) at the latest.
  // Errors: kNotFound, kConflict (the state forbids it; the message says which state and what would be possible),
  // kRetry and kOverload (the log does not answer), kInDoubt (it may have been done: look, or repeat).
  virtual void find(const MessageId& id, bool with_body, Done<MessageDetail> done) = 0;
  virtual void list(const ListFilter& filter, Done<ListPage> done) = 0;
  /// Counts no further than `most`.
  virtual void count(const MessageFilter& where, std::int64_t most, Done<std::int64_t> done) = 0;
  virtual void stats(Done<LogStats> done) = 0;
  virtual void replay(const MessageId& id, bool again, Done<State> done) = 0;
  virtual void cancel(const MessageId& id, Done<State> done) = 0;
  virtual void resolve(const MessageId& id, bool happened, Done<State> done) = 0;
  virtual void reschedule(const MessageId& id, WallTime not_before, Done<State> done) = 0;

  // Of what a call reports, everything is durable; after an error some of it may be done: repeat it.
  /// Drives them again; with a rate, spread over time: the first at once, the others due one after the other.
  virtual void replay_all(const Selection& selection, bool again, Done<BulkReport> done) = 0;
  /// With a rate no faster than that.
  virtual void cancel_all(const Selection& selection, Done<BulkReport> done) = 0;
  /// Removes at most `limit` rows that ended longer than `age` ago, as the pruner does, in a quarter of the time at
  /// most: the rest is for messages.
  virtual void prune(Duration age, int limit, Done<PruneReport> done) = 0;

  [[nodiscard]] virtual Readiness readiness() const = 0;
};

}  // namespace waybill
