// The verbs of the message log, as values: what each asks, under which guard it changes a row, and what it answers.
// A log applies a batch of them in one transaction (ports/message_log.h). The rules are protocol.md section 2; which
// state may lead where is core/delivery_state.h.
//
// Throughout: durations are relative, because rows are timed by the store's own clock. A verb whose guard does not hold
// changes nothing and says why. Running a write again after a commit of unknown outcome gives the same answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time.h"
#include "core/closed_routes.h"
#include "core/delivery_state.h"
#include "core/message.h"
#include "core/names.h"
#include "core/outcomes.h"
#include "core/recipients.h"
#include "core/route_table.h"

namespace waybill {

// ---- shared parts -------------------------------------------------------------------------------------------------

/// How an attempt whose holder never reported is ended (protocol: *lapse*), by whichever verb meets it.
struct LapseRule {
  bool allowed = true;                   ///< false after a gap: leases go on standing (protocol, section 5)
  std::optional<WallTime> expected_now;  ///< a store clock more than 1 s away from it lapses nothing
  int crash_limit = 5;                   ///< lapses since the last replay that end in `dead`; 0: never
  UnknownPolicy unknown = UnknownPolicy::kRetry;
  std::optional<Route> dead_letter;  ///< where copies of dead messages go; none: the row is the dead letter
};

/// What a lapse made of a row. That a message is dead or held by it must be told: no handler ever reports it.
struct LapsedRow {
  MessageId id;
  State status = State::kSending;  ///< it is driven again; or `dead`; or `outcome_unknown`: held for a person
  bool operator==(const LapsedRow&) const = default;
};
/// The reason in the row and in what is told.
inline constexpr std::string_view kNeverFinished = "attempt never finished";

/// The open attempt a write belongs to; any other owner or number and the write changes nothing.
struct Fence {
  MessageId id;
  Owner owner;
  std::int32_t attempt = 0;
  Token token;  ///< of the claim
};

/// Times that the process happens to know and that a write carries along; kept where the row has none.
struct KnownTimes {
  std::optional<WallTime> publish_time;
  std::optional<WallTime> confirm_time;
};

// ---- intake -------------------------------------------------------------------------------------------------------

/// A client's key, committed with its row, unique within the endpoint.
struct IdempotencyKey {
  std::string endpoint;
  std::string key;
  Digest request;  ///< of the canonical request: another one under the same key is refused
};

/// Records a message in `sending`. With `publish_now` this process publishes it from memory: publish number 1, due
/// again at now + grace (or at `not_before`, which rules publishing out). Otherwise publish number 0, due at once.
struct Append {
  Message message;
  Digest digest;
  QueueName queue;  ///< empty: external
  bool publish_now = false;
  Duration grace{2'000};
  BootNonce boot;
  Token token;
  bool id_generated = false;  ///< an id that exists is not a duplicate but drawn again
  std::optional<IdempotencyKey> key;
};
struct AppendAnswer {
  enum class Kind {
    kAccepted,
    kDuplicate,  ///< same id, digest, route and not_before; or same key and request: `id` is the first one's
    kConflict,   ///< same id, something else differs
    kIdTaken,    ///< a generated id exists
    kKeyReused,  ///< the key came with another request
  };
  Kind kind = Kind::kAccepted;
  MessageId id;
  State status = State::kSending;
  WallTime store_now{};  ///< the row's create time when accepted
};

// ---- relay --------------------------------------------------------------------------------------------------------

/// The longest that each state explains a due time ahead of now; a row beyond it counts as due (a program that inserted
/// local time). Scheduled rows are explained by `not_before`.
struct Sweep {
  Duration sending{2'000};
  Duration send_failed{90'000};
  Duration retry = RetryPolicy::kDelayMax;
  Duration lease{15'000};
};

/// Takes due rows for publishing: unowned `sending`, `send_failed`, `consume_failed`, `outcome_unknown` (policy retry),
/// foreign rows (publish number 0 and no queue: `sent` too), and attempts that lapsed. Each becomes `sending`, publish
/// number + 1, due again at now + grace, a passed `not_before` nulled. Goes round the routes, each with an equal share;
/// what it costs is bounded by `max_rows` and `max_routes`, however many routes have rows.
struct Take {
  BootNonce boot;
  Duration grace{2'000};
  std::size_t max_rows = 256;
  std::size_t max_bytes = 4U << 20U;  ///< of bodies loaded; a first row is taken whatever its size
  std::size_t max_body = kBodyMax;    ///< larger bodies, which only another program can have stored, are not loaded
  std::size_t carry_max = kBodyMax;   ///< of rows for a consumed queue that have a digest, larger ones stay in the log
  std::size_t max_routes = 256;       ///< looked at, whether or not they have a due row or are closed
  std::shared_ptr<const RouteTable> routes;
  SharedClosedRoutes closed;
  std::optional<Route> after;  ///< routes beyond this one first: where the last take ended
  std::optional<Sweep> sweep;  ///< also rows too far ahead
  bool with_crashed = true;    ///< one row with crash_count > 0 at the most, or none
  LapseRule lapse;
};
struct TakenRow {
  Message message;
  std::optional<Digest> digest;
  QueueName queue;
  std::int64_t publish_number = 0;
  WallTime publish_time{};  ///< store's clock at the take: goes into the mark
  int crash_count = 0;
  State from = State::kSending;  ///< what it was: why it is driven again
  bool foreign = false;
  bool after_doubt = false;                ///< external and published before: a possible duplicate
  std::optional<std::size_t> body_in_log;  ///< larger than Take::carry_max: its size, and `message` is without it
};
struct TakeAnswer {
  std::vector<TakenRow> rows;
  std::vector<std::pair<MessageId, std::string>> unreadable;  ///< left as they were, with the reason: refuse them
  std::optional<Route> last_route;
  std::optional<WallTime> next_due;  ///< earliest due time of the rows left, of the open routes that were looked at
  /// Due rows were left for lack of room, or routes between `last_route` and the last of all were not looked at.
  bool more = false;
  bool partial = false;          ///< there are more than `max_routes` routes: `next_due` does not speak of all
  int lapsed = 0;                ///< attempts that were ended; `max_rows` at the most
  std::vector<LapsedRow> ended;  ///< the rows of those that were not driven again
  WallTime store_now{};
};

/// An unowned open row that cannot be published becomes `dead`, without a dead-letter copy.
struct Refuse {
  MessageId id;
  std::string reason;
};

/// The broker confirmed publish `publish_number`. Only from `sending` with that number: a late mark fits nothing.
struct MarkSent {
  MessageId id;
  std::int64_t publish_number = 0;
  WallTime confirm_time{};  ///< store's clock
};
/// The broker nacked, returned or did not answer it. Due again after `backoff`.
struct MarkFailed {
  MessageId id;
  std::int64_t publish_number = 0;
  Duration backoff{500};
  std::string error;  ///< goes to `last_error`
  std::string kind;   ///< event kind: kEventReturned, kEventNacked, kEventInDoubt
};

/// Unclaimed `sent` rows of a queue that the broker lost become `send_failed`, due now, `limit` at the most, the
/// longest confirmed first (of several queues: one after the other). A confirm time further ahead of now than kAhead is
/// of a clock that has stepped back since, so it was before all evidence there can be.
struct Lost {
  static constexpr Duration kAhead{10'000};   ///< more than an instance may think itself ahead of the store's clock
  std::optional<QueueName> queue;             ///< none: every consumed queue, also those that nobody names any more
  std::optional<WallTime> confirmed_before;   ///< evidence of protocol section 6
  std::optional<BootNonce> published_not_by;  ///< in-process broker: what another boot published is gone
  int limit = 1;
  std::string evidence;
};

// ---- worker -------------------------------------------------------------------------------------------------------

/// Asks for the right to handle a row. Ends a lapsed attempt first.
struct Claim {
  MessageId id;
  std::optional<Digest> digest;  ///< none: the delivery carried none
  Token token;
  Owner owner;
  QueueName queue;
  Duration lease{15'000};
  bool effect_begun = true;    ///< false: the handler marks its own point of no return
  bool want_body = false;      ///< the delivery carried no body
  std::size_t body_bytes = 0;  ///< its size, as far as the delivery said
  KnownTimes times;
  LapseRule lapse;
};
enum class ClaimVerdict : std::uint8_t {
  kGranted,
  kFinished,
  kCancelled,
  kDead,
  kBusy,
  kOnHold,
  kNotDue,
  kAnotherMessage,
  kUnknownId,
};
inline constexpr std::size_t kClaimVerdictCount = 9;
[[nodiscard]] std::string_view to_string(ClaimVerdict verdict);
struct ClaimAnswer {
  ClaimVerdict verdict = ClaimVerdict::kUnknownId;
  std::int32_t attempt = 0;
  int try_count = 0;  ///< failed attempts before this one
  int crash_count = 0;
  std::int64_t publish_number = 0;
  std::optional<RetryPolicy> retry;
  std::optional<Body> body;                 ///< if it was wanted
  std::vector<RecipientRecord> recipients;  ///< of a grant: what earlier attempts recorded, by address, bytewise
  std::optional<LapsedRow> lapsed;          ///< this claim first ended an attempt that had lapsed
  WallTime store_now{};
};

/// now + lease while the owner still stands: also revives a lapsed attempt that nobody has ended.
struct Renew {
  Fence fence;
  Duration lease{15'000};
};
/// The handler's point of no return.
struct BeginEffect {
  Fence fence;
};
/// Gives an attempt back whose effect has not begun: due now, nothing counted.
struct Release {
  Fence fence;
  bool never_started = false;  ///< nor has its handler, whatever the claim said of its effect
};

/// `recipients` are recorded by the rules of core/recipients.h whatever becomes of the outcome, in the same commit,
/// whole or not at all: what a relay said is true, also of an attempt that is not open any more. Of one from before the
/// last replay only deliveries count. The write has an error of its own if check_recipients refuses them.
struct Finish {
  Fence fence;
  HandlerOutcome outcome;
  std::vector<RecipientRecord> recipients = {};
  Duration delay{8'000};  ///< for retry, and unknown by policy retry
  int max_tries = 3;      ///< failed attempts that use the row up
  UnknownPolicy unknown = UnknownPolicy::kRetry;
  std::optional<Route> dead_letter;
  KnownTimes times;
};
struct FinishAnswer {
  enum class Kind {
    kRecorded,
    kLateDone,  ///< `dead` or `cancelled` stays; what was done is noted, and replay then needs --again
    kStale,     ///< the attempt is not open any more and its outcome changes nothing
    kUnknownId,
  };
  Kind kind = Kind::kRecorded;
  State status = State::kConsumed;  ///< of the row afterwards
  bool possible_duplicate = false;  ///< counted as unknown: a newer attempt exists
};

/// A message that somebody else put into our queue: recorded and claimed in one commit. Its retries go through the
/// default exchange to its queue alone. An id that exists is answered like a claim.
struct Adopt {
  Message message;  ///< route as it was delivered
  Digest digest;
  Claim claim;
};
/// A delivery that cannot be handled is kept as `dead` under a fresh id.
struct Park {
  Message message;  ///< id: the fresh one
  Digest digest;
  QueueName queue;
  std::string reason;
};

/// Ends the attempts of other boots of this instance, whose process is proven gone, before their leases run out.
struct LapseOwner {
  Owner successor;  ///< attempts of the same instance and another boot
  int limit = 1'000;
  LapseRule rule;  ///< `allowed` and `expected_now` do not matter: the proof does
};
struct LapseAnswer {
  int rows = 0;                  ///< attempts that were ended; at `limit` there may be more
  std::vector<LapsedRow> ended;  ///< the rows of those that will not be driven again
};

// ---- people -------------------------------------------------------------------------------------------------------

/// Withdraws a row without an open attempt; an external one only while it was never handed to a publisher.
struct Cancel {
  MessageId id;
};
struct Reschedule {
  MessageId id;
  WallTime not_before{};
};
/// Keeps an unowned open row for a person.
struct Hold {
  MessageId id;
  std::string reason;
};
/// Says what happened to an effect whose outcome was unknown.
struct Resolve {
  MessageId id;
  bool happened = false;  ///< false: drive it again, as replay does
};
/// Drives a `dead`, `cancelled` or unknown row again from zero tries. `again` also a consumed one, or one whose
/// effect is known to have happened (late_done); it is counted in the row. Recipients that have refused are to be tried
/// again; those that have the mail are not, with `again` neither.
struct Replay {
  MessageId id;
  bool again = false;
  Duration after{0};  ///< spreads many replays over time; above 0 it becomes the row's `not_before`
};

/// Removes `consumed`, `cancelled` and external `sent` rows that last changed before now - age, with their events and
/// recipients, and idempotency keys that are older than a day and whose row is gone.
struct Prune {
  Duration age = std::chrono::hours(24 * 7);
  int limit = 1'000;
};

// ---- instances ----------------------------------------------------------------------------------------------------

/// Leases the lowest free Snowflake node id, or renews the one this owner holds.
struct LeaseNode {
  Owner owner;
  Duration lease{60'000};
};
struct NodeAnswer {
  std::optional<int> node_id;  ///< none: all 1,024 are held
};

/// What one instance knows of one queue: the evidence of protocol section 6, shared through the log.
struct QueueFact {
  QueueName queue;
  Owner owner;
  std::optional<WallTime> oldest_in_hand;  ///< publish time of the oldest unclaimed delivery it holds
  std::optional<WallTime> newest_out;      ///< newest publish time of a marked message that came out
  std::optional<WallTime> idle_since;      ///< unused credit and nothing received since; none: not idle
  bool operator==(const QueueFact&) const = default;
};
/// Replaces this owner's facts and reads everybody's that are younger than `fresh`.
struct ReportQueues {
  Owner owner;
  std::vector<QueueFact> facts;
  Duration fresh{15'000};
};
struct QueueFactsAnswer {
  std::vector<QueueFact> facts;
  WallTime store_now{};
};

// ---- together -----------------------------------------------------------------------------------------------------

/// For the guarded verbs that answer no more than whether they applied.
struct VerbAnswer {
  enum class Kind {
    kApplied,  ///< now, or by an earlier run of this very write
    kRefused,  ///< the guard did not hold; nothing changed
    kUnknownId,
  };
  Kind kind = Kind::kApplied;
  State status = State::kSending;  ///< of the row afterwards
  bool attempt_open = false;
  [[nodiscard]] bool applied() const { return kind == Kind::kApplied; }
};
/// For the verbs that work on many rows.
struct CountAnswer {
  int rows = 0;
};

using Write =
    std::variant<Append, Take, Refuse, MarkSent, MarkFailed, Lost, Claim, Renew, BeginEffect, Release, Finish, Adopt,
                 Park, LapseOwner, Cancel, Reschedule, Hold, Resolve, Replay, Prune, LeaseNode, ReportQueues>;

/// It makes a row, unless there is one.
[[nodiscard]] bool makes_row(const Write& write);

using Answer = std::variant<AppendAnswer, TakeAnswer, ClaimAnswer, FinishAnswer, LapseAnswer, VerbAnswer, CountAnswer,
                            NodeAnswer, QueueFactsAnswer>;

// ---- event kinds --------------------------------------------------------------------------------------------------

inline constexpr std::string_view kEventReturned = "returned";
inline constexpr std::string_view kEventNacked = "nacked";
inline constexpr std::string_view kEventInDoubt = "in_doubt";
inline constexpr std::string_view kEventRetry = "retry";
inline constexpr std::string_view kEventFailed = "failed";
inline constexpr std::string_view kEventUnknown = "unknown";
inline constexpr std::string_view kEventLapsed = "lapsed";
inline constexpr std::string_view kEventLateDone = "late_done";
inline constexpr std::string_view kEventPossibleDuplicate = "possible_duplicate";
inline constexpr std::string_view kEventLost = "lost";
inline constexpr std::string_view kEventRefused = "refused";
inline constexpr std::string_view kEventParked = "parked";
inline constexpr std::string_view kEventCancelled = "cancelled";
inline constexpr std::string_view kEventRescheduled = "rescheduled";
inline constexpr std::string_view kEventHeld = "held";
inline constexpr std::string_view kEventResolved = "resolved";
inline constexpr std::string_view kEventReplayed = "replayed";

}  // namespace waybill
