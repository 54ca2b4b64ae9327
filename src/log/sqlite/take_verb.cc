#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "core/wire_limits.h"
#include "log/headers_json.h"
#include "log/sqlite/bodies.h"
#include "log/sqlite/due_routes.h"
#include "log/sqlite/lapse.h"
#include "log/sqlite/row_mapping.h"
#include "log/sqlite/sweep.h"
#include "log/sqlite/verbs.h"

namespace waybill::sqlite {
namespace {

constexpr char kNextTime[] =
    "SELECT next_try_time FROM msg_log INDEXED BY msg_log_due "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3 AND exchange = ?1 AND routing_key = ?2 "
    "AND next_try_time > ?3 ORDER BY next_try_time LIMIT 1";

constexpr char kLapsed[] =
    "SELECT msg_id, attempt, effect_begun, crash_count, exchange, routing_key "
    "FROM msg_log INDEXED BY msg_log_open_attempt WHERE owner IS NOT NULL AND next_try_time <= ?1 "
    "ORDER BY next_try_time";
constexpr char kNextLeaseEnds[] =
    "SELECT next_try_time, exchange, routing_key FROM msg_log INDEXED BY msg_log_open_attempt "
    "WHERE owner IS NOT NULL AND next_try_time > ?1 ORDER BY next_try_time";

// Unowned `sent` rows with a time are foreign: a CHECK says so.
constexpr char kCandidates[] =
    "SELECT rowid, msg_id, next_try_time, status, publish_count, queue, digest, crash_count, body IS NOT NULL, "
    "content_type, retry_policy, headers FROM msg_log INDEXED BY msg_log_due "
    "WHERE owner IS NULL AND next_try_time IS NOT NULL AND status <> 3 AND exchange = ?1 AND routing_key = ?2 "
    "AND next_try_time <= ?3 AND (next_try_time, status, rowid) > (?4, ?5, ?6) AND (crash_count = 0 OR ?7) "
    "ORDER BY next_try_time, status, rowid LIMIT ?8";

constexpr char kTake[] =
    "UPDATE msg_log SET status = 0, next_try_time = ?3, not_before = NULL, publish_count = publish_count + 1, "
    "publish_boot = ?4, publish_time = ?2, confirm_time = NULL, queue = ifnull(queue, ?5), update_time = ?2 "
    "WHERE rowid = ?1 AND owner IS NULL AND status <> 3 AND status <> 5 AND status <> 7 AND next_try_time <= ?2";

using Gate = ClosedRoutes::Gate;

struct Candidate {
  std::int64_t rowid = 0;
  std::int64_t next_try_time = 0;
  bool in_body_column = false;
  std::optional<StoredBody> body;
  TakenRow row;
  std::string unreadable;  ///< why it cannot be published; empty if it can
};

struct Share {
  std::size_t rows = 0;
  std::size_t bytes = 0;
};

// Where a route's turn goes on.
struct Turn {
  Route route;
  bool probe = false;
  bool drained = false;
  std::int64_t after_time = INT64_MIN;
  int after_status = 0;
  std::int64_t after_rowid = INT64_MIN;
};

Error permanent(const char* why) { return make_error(ErrorClass::kPermanent, why); }

Result<Headers> read_headers(std::string_view json) {
  // Escaped, every byte of a header may take six.
  if (json.size() > kHeaderBytesMax * 6) return permanent("the headers are larger than 64 KiB");
  auto headers = headers_from_json(json);
  if (!headers) return permanent("the headers are not JSON of the form [[\"name\",\"value\"]]");
  if (Status valid = validate_headers(*headers); !valid.ok()) return valid.error();
  return std::move(*headers);
}

// Of what other programs can have written, all is looked at before anything is copied or published: a value that the
// broker cannot carry would take the channel down, and everything on it.
Status read_properties(const Query& q, Message& message) {
  // An id is ours, or was looked at by intake, once the row has its queue.
  if (q.is_null(5)) {
    if (Status id = validate_message_id(q.text(1)); !id.ok()) return id;
  }
  if (Status route = validate_route(message.route); !route.ok()) return route;
  if (Status type = validate_content_type(q.text(9)); !type.ok()) return type;
  message.content_type = q.string(9);
  if (!q.is_null(10)) {
    auto policy = parse_retry_policy(q.text(10));
    if (!policy.ok()) return policy.error();
    message.retry = std::move(*policy);
  }
  if (q.is_null(11)) return ok_status();
  auto headers = read_headers(q.text(11));
  if (!headers.ok()) return headers.error();
  message.headers = std::move(*headers);
  return ok_status();
}

/// One run of Take: pulls forward what stands too far ahead, ends what lapsed, then goes round the routes.
class TakeRun {
 public:
  TakeRun(Transaction& tx, const Take& ask) : tx_(tx), ask_(ask), full_(ask.max_rows == 0) {}

  TakeAnswer run() {
    answer_.store_now = tx_.now;
    const bool lapses = may_lapse(tx_, ask_.lapse);
    if (ask_.sweep) {
      pull_forward(tx_, *ask_.sweep, /*with_owned=*/lapses,
                   [this](const Route& route) { return is_left_alone(route); });
    }
    if (lapses) end_lapsed();
    read_routes();
    while (!full_ && std::ranges::any_of(turns_, [](const Turn& turn) { return !turn.drained; })) go_round();
    look_ahead();
    return std::move(answer_);
  }

 private:
  [[nodiscard]] bool is_left_alone(const Route& route) const { return gate_of(ask_.closed, route) == Gate::kClosed; }

  void end_lapsed() {
    std::vector<OpenAttempt> lapsed;
    {
      auto open = tx_.db.query(kLapsed, tx_.now);
      while (lapsed.size() < ask_.max_rows && open.next()) {
        if (is_left_alone({open.string(4), open.string(5)})) continue;
        lapsed.push_back({MessageId{open.string(0)}, open.small(1), open.integer(2) != 0, open.small(3)});
      }
    }
    answer_.ended = lapse_all(tx_, lapsed, ask_.lapse);
    answer_.lapsed = static_cast<int>(lapsed.size());
  }

  // Those with a due row get a turn.
  void read_routes() {
    DueRoutes routes(tx_, ask_.after);
    for (std::size_t looked_at = 0; auto entry = routes.next(); ++looked_at) {
      if (looked_at == ask_.max_routes) {
        answer_.partial = true;
        answer_.more = !routes.wrapped();
        return;
      }
      const auto gate = gate_of(ask_.closed, entry->route);
      const bool due = entry->first <= tx_.now;
      if (gate == Gate::kOpen) open_routes_.push_back(entry->route);
      if (gate != Gate::kClosed && due) turns_.push_back({.route = entry->route, .probe = gate == Gate::kProbe});
      last_looked_at_ = std::move(entry->route);
    }
  }

  // What is left of the room, shared equally among the routes that still have something.
  void go_round() {
    const auto active = static_cast<std::size_t>(std::ranges::count(turns_, false, &Turn::drained));
    const Share share{std::max<std::size_t>(1, (ask_.max_rows - handled_) / active),
                      std::max<std::size_t>(1, (ask_.max_bytes - std::min(bytes_, ask_.max_bytes)) / active)};
    for (Turn& turn : turns_) {
      if (full_) return;
      if (!turn.drained) take_turn(turn, share);
    }
  }

  void take_turn(Turn& turn, Share share) {
    const std::size_t wanted = turn.probe ? 1 : std::min(share.rows, ask_.max_rows - handled_);
    if (wanted == 0) {
      full_ = true;
      return;
    }
    auto candidates = read_candidates(turn, wanted);
    if (candidates.size() < wanted) turn.drained = true;
    std::size_t turn_bytes = 0;
    for (Candidate& candidate : candidates) {
      if (candidate.row.crash_count > 0 && has_crashed_) {
        skip(turn, candidate);
        continue;
      }
      candidate.body = find_body(tx_.db, candidate.row.message.id, candidate.rowid, candidate.in_body_column);
      if (!candidate.body) return give_up();
      const std::size_t size = candidate.body->bytes;
      if (size > ask_.max_body || !candidate.unreadable.empty()) {
        skip(turn, candidate);
        report_unreadable(candidate, size);
        continue;
      }
      const TakenRow& row = candidate.row;
      if (!row.queue.external() && row.digest && size > ask_.carry_max) candidate.row.body_in_log = size;
      const std::size_t loaded = row.body_in_log ? 0 : size;
      if (!answer_.rows.empty() && bytes_ + loaded > ask_.max_bytes) {
        full_ = true;
        return;
      }
      if (turn_bytes > 0 && turn_bytes + loaded > share.bytes) {
        turn.drained = false;  // it goes on in the next round
        return;
      }
      turn_bytes += loaded;
      bytes_ += loaded;
      skip(turn, candidate);
      take(turn, candidate);
      if (turn.probe) turn.drained = true;
    }
  }

  static void skip(Turn& turn, const Candidate& candidate) {
    turn.after_time = candidate.next_try_time;
    turn.after_status = static_cast<int>(candidate.row.from);
    turn.after_rowid = candidate.rowid;
  }

  // After a failure nothing of the answer counts; this only ends the rounds.
  void give_up() { full_ = true; }

  std::vector<Candidate> read_candidates(const Turn& turn, std::size_t wanted) {
    std::vector<Candidate> candidates;
    auto q = tx_.db.query(kCandidates, turn.route.exchange, turn.route.routing_key, tx_.now, turn.after_time,
                          turn.after_status, turn.after_rowid, ask_.with_crashed && !has_crashed_, wanted);
    while (q.next()) {
      Candidate& candidate = candidates.emplace_back();
      candidate.rowid = q.integer(0);
      candidate.next_try_time = q.integer(2);
      candidate.in_body_column = q.integer(8) != 0;
      TakenRow& row = candidate.row;
      row.message.id.value = q.string(1);
      row.message.route = turn.route;
      row.from = static_cast<State>(q.integer(3));
      row.publish_number = q.integer(4);
      row.foreign = row.publish_number == 0 && q.is_null(5);
      row.queue = !q.is_null(5) ? QueueName{q.string(5)}
                  : ask_.routes ? ask_.routes->queue_for(turn.route)
                                : QueueName{};
      row.digest = q.optional_digest(6);
      row.crash_count = q.small(7);
      row.after_doubt = row.queue.external() && row.publish_number > 0;
      if (Status read = read_properties(q, row.message); !read.ok()) candidate.unreadable = read.error().message;
    }
    return candidates;
  }

  void report_unreadable(const Candidate& candidate, std::size_t size) {
    const std::string too_large = "too_large: " + std::to_string(size) + " bytes";
    answer_.unreadable.emplace_back(candidate.row.message.id, size > ask_.max_body ? too_large : candidate.unreadable);
    if (++handled_ >= ask_.max_rows) full_ = true;
  }

  void take(const Turn& turn, Candidate& candidate) {
    // A grace of nothing would leave the row due within this very run.
    const WallTime due_again = tx_.now + std::max(ask_.grace, Duration{1});
    if (!candidate.row.body_in_log) {
      auto body = load_body(tx_.db, *candidate.body, ask_.max_body);
      if (!body) return give_up();
      candidate.row.message.body = *std::move(body);
    }
    move_apart(tx_, *candidate.body);
    if (tx_.db.run(kTake, candidate.rowid, tx_.now, due_again, ask_.boot, candidate.row.queue) != 1) return give_up();
    TakenRow row = std::move(candidate.row);
    row.publish_number += 1;
    row.publish_time = tx_.now;
    has_crashed_ = has_crashed_ || row.crash_count > 0;
    answer_.last_route = turn.route;
    answer_.rows.push_back(std::move(row));
    if (++handled_ >= ask_.max_rows) full_ = true;
  }

  // After a run with room to spare, what is due and left is left for other reasons, and waits for nothing.
  void look_ahead() {
    const std::int64_t from = full_ ? INT64_MIN : to_millis(tx_.now);
    for (const Route& route : open_routes_) {
      auto next = tx_.db.query(kNextTime, route.exchange, route.routing_key, from);
      if (next.next()) may_be_next(next.time(0));
    }
    auto lease = tx_.db.query(kNextLeaseEnds, from);
    while (lease.next()) {
      if (gate_of(ask_.closed, {lease.string(1), lease.string(2)}) != Gate::kOpen) continue;
      may_be_next(lease.time(0));
      break;
    }
    const bool lacked_room = full_ && answer_.next_due && *answer_.next_due <= tx_.now;
    answer_.more = answer_.more || lacked_room;
    if (answer_.partial && !lacked_room) answer_.last_route = std::move(last_looked_at_);
  }

  void may_be_next(WallTime time) { answer_.next_due = std::min(answer_.next_due.value_or(time), time); }

  Transaction& tx_;
  const Take& ask_;
  TakeAnswer answer_;
  std::vector<Route> open_routes_;
  std::vector<Turn> turns_;
  std::optional<Route> last_looked_at_;
  std::size_t handled_ = 0;  ///< rows taken and rows reported, which are what bounds the run
  std::size_t bytes_ = 0;
  bool has_crashed_ = false;
  bool full_;
};

}  // namespace

TakeAnswer apply(Transaction& tx, const Take& write) { return TakeRun(tx, write).run(); }

}  // namespace waybill::sqlite
