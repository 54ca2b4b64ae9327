// What the publisher decides: which row is published next, and what an answer or its absence means. No I/O, no clock.
//
// `sent` is an ack without a return. What no broker carries is refused for good, and its route is not blamed. No answer
// by the confirm deadline, or before the session goes down, is *in doubt*: the row fails with backoff and its route is
// not blamed. A large body for a consumed queue is not carried: its mark says that the log has it, and the worker's
// claim brings it. Fresh rows (just appended, in memory) and due rows (taken from the log) share one window; while both
// wait, every third is a due one. What is not published by half its grace leaves memory: the log has it. Rules:
// protocol section 3.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <random>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/time.h"
#include "core/headers.h"
#include "engine/options.h"
#include "engine/publish_window.h"
#include "engine/route_breaker.h"
#include "ports/broker.h"
#include "ports/log_writes.h"

namespace waybill {

/// One row on its way to the broker.
struct PublishRow {
  Message message;
  std::optional<Digest> digest;
  std::int64_t publish_number = 0;
  WallTime publish_time{};
  int crash_count = 0;
  MonoTime asked;         ///< when its append or take was sent: half a grace later it leaves memory
  bool consumed = false;  ///< Waybill's own workers get it, and need not be sent a body that the log has
  std::optional<std::size_t> body_in_log;  ///< its size; `message` is without it
};

/// Deliberate faults for the test of the simulator; off in every product.
struct PublisherFaults {
  bool ignore_returns = false;
};

class PublisherMachine {
 public:
  struct RouteChange {
    Route route;
    std::string why;  ///< it closed; empty: it opened
  };
  struct Actions {
    std::vector<Outgoing> publish;
    std::vector<std::variant<MarkSent, MarkFailed, Refuse>> marks;
    std::vector<RouteChange> routes;                                  ///< that closed or opened
    std::size_t due = 0;                                              ///< taken rows among what is published
    std::vector<std::chrono::steady_clock::duration> answered_after;  ///< publishes that the broker answered
  };

  PublisherMachine(const PublisherOptions& options, std::string log_identity, std::uint64_t seed,
                   PublisherFaults faults = {});

  [[nodiscard]] Actions on_ready(MonoTime now);
  [[nodiscard]] Actions on_blocked();
  [[nodiscard]] Actions on_down(MonoTime now);
  /// False: no room; the row leaves memory and the log drives it.
  [[nodiscard]] bool offer_fresh(PublishRow row);
  void offer_due(std::vector<TakenRow> rows, MonoTime asked);
  /// Publishes what the window admits.
  [[nodiscard]] Actions pump(MonoTime now);
  void on_returned(PublishTag tag, int code, const std::string& text);
  [[nodiscard]] Actions on_confirmed(const std::vector<PublishTag>& acked, const std::vector<PublishTag>& nacked,
                                     MonoTime now, WallTime store_now);
  /// Ends what has waited past its deadline.
  [[nodiscard]] Actions on_tick(MonoTime now);
  /// The session did not take the batch after all.
  [[nodiscard]] Actions on_not_taken(const std::vector<Outgoing>& batch, MonoTime now);

  [[nodiscard]] bool ready() const { return state_ == State::kReady; }
  [[nodiscard]] std::optional<MonoTime> next_deadline() const;
  /// How many taken rows find room.
  [[nodiscard]] std::size_t room_for_due() const;
  /// True while fresh rows find ample room.
  [[nodiscard]] bool accepts_fresh() const {
    return fresh_.size() < options_.fresh_rows_max / 2 && fresh_bytes_ < options_.fresh_bytes_max / 2;
  }
  [[nodiscard]] RouteBreaker::Survey survey(MonoTime now) const { return breaker_.survey(now); }
  [[nodiscard]] std::size_t closed_routes() const { return breaker_.closed_count(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  [[nodiscard]] std::size_t waiting() const { return fresh_.size() + due_.size(); }

 private:
  enum class State { kDown, kBlocked, kReady };
  struct InFlight {
    MessageId id;
    Route route;
    std::int64_t publish_number = 0;
    MonoTime published;
    MonoTime deadline;
    std::optional<std::string> returned;
    bool cannot_be_carried = false;
  };

  void leave_large_body(PublishRow& row) const;
  std::deque<PublishRow>* next_queue();
  void publish_one(PublishRow row, MonoTime now, Actions& actions);
  void settle(const InFlight& sent, bool acked, MonoTime now, WallTime store_now, Actions& actions);
  void doubt(const InFlight& sent, const char* why, MonoTime now, Actions& actions);
  [[nodiscard]] PublishRow pop(std::deque<PublishRow>& queue);
  double chance() { return std::uniform_real_distribution<double>(0, 1)(random_); }

  const PublisherOptions options_;
  const std::string log_identity_;
  const PublisherFaults faults_;
  std::mt19937_64 random_;
  State state_ = State::kDown;
  RouteBreaker breaker_;
  PublishWindow window_;
  std::deque<PublishRow> fresh_;
  std::size_t fresh_bytes_ = 0;
  std::deque<PublishRow> due_;
  std::size_t due_bytes_ = 0;
  int doubts_ = 0;          // spells of doubt since the broker last answered in time
  MonoTime doubt_until_{};  // the end of the present one
  int turn_ = 0;
  PublishTag next_tag_ = 1;
  std::unordered_map<PublishTag, InFlight> in_flight_;
  std::deque<PublishTag> by_deadline_;  // tags in order of publishing; answered ones are skipped
};

}  // namespace waybill
