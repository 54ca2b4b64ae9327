// The batching primitive, without threads: which writes ride in the next flush. One flush is in flight; what arrives
// meanwhile is the next one; no timer delays a durable write. Renewals, finishes and claims go first and have room of
// their own, so that they never queue behind bodies (protocol, section 7); claims that bring a body come behind them.
// Of bodies that are larger than a flush may hold, one rides in each.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ports/log_lane.h"

namespace waybill {

struct FlushLimits {
  std::size_t rows_max = 2'048;         ///< writes in one flush
  std::size_t bulk_rows_flush = 1'024;  ///< appends and the like among them
  std::size_t bytes_max = 4U << 20U;    ///< of bodies in one flush; one that is larger rides beside them
  std::size_t bulk_rows_max = 8'192;    ///< appends and the like waiting; beyond it intake is told to slow down
  std::size_t bulk_bytes_max = 64U << 20U;
  std::size_t urgent_rows_max = 65'536;  ///< bounded by the handlers and deliveries in hand; never reached
  Duration lazy_max{20};                 ///< the longest that a mark waits for company
  Duration time_max{1'500};              ///< a flush that took longer is followed by smaller ones: a tenth of a lease
  Duration backoff_first{20};            ///< after a failed flush, doubling
  Duration backoff_longest{500};
  Duration alone_again{1'000};  ///< a write that failed alone is tried again after this, alone
  Duration held_again{100};     ///< after writes were left out for what a stranger holds
};

class FlushQueue {
 public:
  struct Item {
    Write write;
    MonoTime deadline;
    LogLane::Done done;
    std::size_t bytes = 0;
    MonoTime arrived;
    bool in_doubt = false;       ///< an earlier flush with it may have happened
    std::size_t group_rows = 1;  ///< of a group pushed together that begins here; 0: it continues one
    bool alone = false;          ///< it failed by itself while others waited
    bool held = false;           ///< it was left out for what a stranger holds
  };
  using Batch = std::vector<Item>;

  explicit FlushQueue(FlushLimits limits = {}) : limits_(limits), batch_rows_(limits.rows_max) {}

  /// False: full; the item was not taken.
  [[nodiscard]] bool push(Item& item);
  /// All or none. They ride in one flush if they fit into one.
  [[nodiscard]] bool push_all(Batch& items);
  /// When `next_batch` will have something: now, later, or not before a further push.
  [[nodiscard]] std::optional<MonoTime> ready_at() const;
  /// The writes of the next flush, in the order in which they are to be applied. Empty if nothing is ready.
  [[nodiscard]] Batch next_batch(MonoTime now);

  /// The flush succeeded, and took so long: its answers are on their way.
  void on_flushed(Duration took);
  /// The flush failed: its items wait again, first in line. After two failures with the same items the batch is halved,
  /// so that an item which brings the log down ends up alone; from then on it rides alone, after its neighbours. Not
  /// for kPermanent.
  void on_failed(Batch batch, ErrorClass what, MonoTime now);

  /// These were left out of a flush, whose rest succeeded: they wait again, last in line.
  void on_held(Batch items, MonoTime now);

  /// Items whose deadline has passed while they waited: to be answered kInDoubt if `in_doubt`, else kRetry.
  [[nodiscard]] Batch expired(MonoTime now);
  /// The earliest deadline of a waiting item.
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;
  [[nodiscard]] Batch drain();
  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::size_t bulk_bytes() const { return bulk_bytes_; }

 private:
  enum Class : std::uint8_t { kUrgent, kBodies, kBulk, kLazy };
  static constexpr std::size_t kClasses = 4;
  /// What a batch holds so far.
  struct Load {
    std::size_t rows = 0;
    std::size_t bulk_rows = 0;
    std::size_t bytes = 0;
    bool has_larger = false;  ///< than `bytes_max`; it is not among `bytes`
    void add(Class cls, const Item& item, std::size_t bytes_max);
  };
  static Class class_of(const Write& write);
  [[nodiscard]] bool has_room(Class cls, std::size_t rows, std::size_t bytes) const;
  [[nodiscard]] bool rides(Class cls, const Item& item, const Load& load) const;
  [[nodiscard]] std::optional<MonoTime> company_ready_at() const;
  [[nodiscard]] Batch next_alone(MonoTime now);
  void keep_alone(Item item, MonoTime now);
  void append(Class cls, Item&& item);
  void account(Class cls, const Item& item, bool added);
  template <class Visit>
  void for_each_queue(const Visit& visit) {
    for (auto& queue : waiting_) visit(queue);
    visit(alone_);
  }

  const FlushLimits limits_;
  std::array<std::deque<Item>, kClasses> waiting_;
  std::deque<Item> alone_;  // writes that failed alone, the longest waiting first
  MonoTime alone_not_before_{};
  std::size_t bulk_bytes_ = 0;  // also of those in `alone_`
  std::size_t batch_rows_;
  int failures_ = 0;
  std::optional<MonoTime> not_before_;
};

/// Bytes that a write carries or brings: of a body, or of what became of recipients.
[[nodiscard]] std::size_t body_bytes(const Write& write);

}  // namespace waybill
