// One row of `msg_log` as the verbs see it: every column but the body. Values, and the steps that several verbs share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/delivery_state.h"
#include "ports/log_writes.h"

namespace waybill::rows {

/// What ended the last attempt, as the column `outcome` stores it; the numbers never change.
enum class Outcome : std::uint8_t { kDone = 0, kRetry = 1, kFail = 2, kUnknown = 3 };

struct Standing {
  // Written once.
  MessageId id;
  Route route;
  WallTime create_time{};
  std::optional<Token> append_token;
  std::string content_type;
  std::optional<std::string> retry_policy;  ///< as it is stored; another program may have written anything
  std::optional<std::string> headers;       ///< likewise
  bool binary = false;                      ///< the body is in the column for bytes

  // Changed by verbs.
  State status = State::kSending;
  std::optional<std::string> owner;
  std::int32_t attempt = 0;
  std::int32_t replay_attempt = 0;
  std::optional<Token> claim_token;
  std::optional<Outcome> outcome;
  bool effect_begun = false;
  bool late_done = false;
  int try_count = 0;
  int lapse_count = 0;
  int unknown_count = 0;
  int crash_count = 0;
  int again_count = 0;
  std::int64_t publish_count = 0;
  std::optional<BootNonce> publish_boot;
  std::optional<WallTime> next_try_time;
  std::optional<WallTime> not_before;
  std::optional<WallTime> publish_time;
  std::optional<WallTime> confirm_time;
  std::optional<WallTime> claim_time;
  std::optional<WallTime> consume_time;
  WallTime update_time{};
  std::optional<Digest> digest;
  std::optional<QueueName> queue;
  std::string last_error;
  std::string result;

  [[nodiscard]] bool foreign() const { return publish_count == 0 && !queue; }
  [[nodiscard]] bool external() const { return queue && queue->external(); }
  [[nodiscard]] bool on_hold() const { return status == State::kOutcomeUnknown && !owner && !next_try_time; }
  /// Nothing drives it any more and nobody waits for it: such rows are counted.
  [[nodiscard]] bool finished() const {
    return status == State::kConsumed || status == State::kCancelled ||
           (status == State::kSent && !owner && external());
  }
  /// What its retry policy says; an unreadable one counts as none.
  [[nodiscard]] std::optional<RetryPolicy> retry() const;
  /// True if `fence` names the attempt that is open.
  [[nodiscard]] bool stands(const Fence& fence) const;
  /// True if the last attempt was this fence's and has not lapsed.
  [[nodiscard]] bool last_attempt_was(const Fence& fence) const;
};

/// No earlier than `not_before`.
[[nodiscard]] WallTime due_at(const Standing& row, WallTime time);
/// Into `sending`: nobody's, and due at `time`.
void send_again(Standing& row, WallTime time);
/// At rest: nobody's, and without a time. Only 0 to 3 are states of a foreign row, so one that rests otherwise stops
/// being foreign.
void settle(Standing& row, State state);
/// Fills in what the process knows where the row knows nothing.
void note(Standing& row, const KnownTimes& times);
/// True if `time` is there and lies ahead of `now`.
[[nodiscard]] inline bool is_ahead(const std::optional<WallTime>& time, WallTime now) { return time && *time > now; }

/// Text (valid UTF-8 without NUL) goes to `msg`, for every program to read; anything else to `body`.
[[nodiscard]] bool is_stored_as_text(const Body& body);
/// A text from outside that goes into a row for people: valid UTF-8 without NUL, at most 2,000 bytes.
[[nodiscard]] std::string for_people(std::string_view text);

[[nodiscard]] bool is_dead_letter_copy(const MessageId& id);

}  // namespace waybill::rows
