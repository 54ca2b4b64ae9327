#include <algorithm>

#include "log/mariadb/mariadb_store.h"
#include "log/rows/sweep.h"

namespace waybill::mariadb {
namespace {

// Of the place 3, waiting in a broker's queue.
constexpr char kNextQueue[] =
    "SELECT place_exchange FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 3 AND place_exchange > ? "
    "ORDER BY place_exchange LIMIT 1";
constexpr char kFindLost[] =
    "SELECT msg_id FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 3 AND place_exchange = ? "
    "AND place_key IS NULL AND place_time > ? AND place_time < ? ? ORDER BY place_time LIMIT ? FOR UPDATE SKIP LOCKED";

// Of the place 2, open attempts.
constexpr char kFindAttempts[] =
    "SELECT msg_id, owner FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 2 AND place_exchange IS NULL "
    "AND place_key IS NULL AND owner <> ? AND LEFT(owner, CHAR_LENGTH(?)) = ? ORDER BY place_time LIMIT ? "
    "FOR UPDATE SKIP LOCKED";
constexpr char kFindLapsed[] =
    "SELECT msg_id FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 2 AND place_exchange IS NULL "
    "AND place_key IS NULL AND place_time <= ?? ORDER BY place_time LIMIT ? FOR UPDATE SKIP LOCKED";
constexpr char kNextLeaseEnd[] =
    "SELECT place_time FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 2 AND place_exchange IS NULL "
    "AND place_key IS NULL AND place_time > ?? ORDER BY place_time LIMIT 1";

constexpr int kSweepEntries = 10'000;
// A row comparison would read the index from its beginning.
constexpr char kSweep[] =
    "SELECT exchange, routing_key, next_try_time, status, arrival, msg_id, not_before, "
    "publish_count = 0 AND queue IS NULL FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 1 "
    "AND (place_exchange > ? OR (place_exchange = ? AND (place_key > ? OR (place_key = ? AND (place_time > ? OR "
    "(place_time = ? AND (status > ? OR (status = ? AND arrival > ?)))))))) "
    "ORDER BY place, place_exchange, place_key, place_time, status, arrival LIMIT ?";
// The claim nulls `not_before`: nothing but the lease explains an open attempt's time.
constexpr char kLongLeases[] =
    "SELECT msg_id FROM msg_log FORCE INDEX (msg_log_place) WHERE place = 2 AND place_exchange IS NULL "
    "AND place_key IS NULL AND place_time > ?? LIMIT ?";
constexpr char kLockFar[] =
    "SELECT msg_id FROM msg_log FORCE INDEX (PRIMARY) WHERE msg_id IN (?) AND next_try_time > ? "
    "AND (owner IS NOT NULL) = ? AND status <> 3 AND status <> 5 AND status <> 7 ORDER BY msg_id "
    "FOR UPDATE SKIP LOCKED";
constexpr char kPullForward[] =
    "UPDATE msg_log FORCE INDEX (PRIMARY) SET next_try_time = CASE WHEN not_before > ? THEN not_before ELSE ? END, "
    "update_time = ? WHERE msg_id IN (?)";

/// A part of a statement, that is no value.
struct Condition {
  std::string text;
};
void append(std::string& out, const Condition& value) { out += value.text; }

Condition but_of(const std::vector<Route>& left_alone) {
  if (left_alone.empty()) return {};
  Tuples routes;
  for (const Route& route : left_alone) routes.add(route);
  return {" AND (exchange, routing_key) NOT IN (" + routes.text() + ")"};
}

List ids_in(const Rows& found) {
  List ids;
  for (int i = 0; i < found.size(); ++i) ids.add(found.text(i, 0));
  return ids;
}

std::vector<MessageId> ids_of(const Rows& found) {
  std::vector<MessageId> ids;
  ids.reserve(static_cast<std::size_t>(found.size()));
  for (int i = 0; i < found.size(); ++i) ids.push_back({found.string(i, 0)});
  return ids;
}

}  // namespace

std::vector<MessageId> MariadbStore::find_lost(const Lost& write, WallTime now) {
  std::vector<MessageId> lost;
  Condition not_by;
  if (write.published_not_by) {
    not_by.text = sql("AND (publish_boot IS NULL OR publish_boot <> ?)", *write.published_not_by);
  }
  const auto find = [&](const std::string& queue, WallTime after, WallTime before) {
    const auto left = write.limit - std::ssize(lost);
    if (left <= 0 || after >= before) return;
    const Rows found = db_.ask(sql(kFindLost, queue, after, before, not_by, static_cast<std::int64_t>(left)));
    for (auto& id : ids_of(found)) lost.push_back(std::move(id));
  };
  const WallTime before = write.confirmed_before.value_or(WallTime::max());
  const auto find_in = [&](const std::string& queue) {
    find(queue, WallTime::min(), before);
    find(queue, std::max(now + Lost::kAhead, before - Duration{1}), WallTime::max());
  };
  if (write.queue) {
    find_in(write.queue->value);
    return lost;
  }
  std::string queue;
  while (std::ssize(lost) < write.limit) {
    const Rows next = db_.ask(sql(kNextQueue, queue));
    if (next.size() == 0) break;
    queue = next.string(0, 0);
    find_in(queue);
  }
  return lost;
}

std::vector<MessageId> MariadbStore::find_attempts_of(const LapseOwner& write) {
  const std::string prefix = write.successor.instance + "#";
  const Rows found = db_.ask(sql(kFindAttempts, to_string(write.successor), prefix, prefix, write.limit));
  std::vector<MessageId> ids;
  for (int i = 0; i < found.size(); ++i) {
    if (parse_owner(found.text(i, 1)).instance == write.successor.instance) ids.push_back({found.string(i, 0)});
  }
  return ids;
}

std::vector<MessageId> MariadbStore::find_lapsed(WallTime now, std::size_t limit,
                                                 const std::vector<Route>& left_alone) {
  return ids_of(db_.ask(sql(kFindLapsed, now, but_of(left_alone), limit)));
}

std::optional<WallTime> MariadbStore::next_lease_end(std::optional<WallTime> from,
                                                     const std::vector<Route>& left_alone) {
  const Rows next = db_.ask(sql(kNextLeaseEnd, from.value_or(WallTime::min()), but_of(left_alone)));
  return next.size() > 0 ? next.optional_time(0, 0) : std::nullopt;
}

void MariadbStore::pull_forward(const Sweep& sweep, WallTime now, bool with_owned,
                                const std::vector<Route>& left_alone) {
  db_.send(sql(kSweep, sweep_.route.exchange, sweep_.route.exchange, sweep_.route.routing_key, sweep_.route.routing_key,
               sweep_.next_try_time, sweep_.next_try_time, sweep_.status, sweep_.status, sweep_.arrival,
               kSweepEntries));
  if (with_owned) db_.send(sql(kLongLeases, now + sweep.lease, but_of(left_alone), kSweepEntries));
  const auto results = db_.receive();
  if (failed()) return;
  List far;
  const Rows& walked = results[0];
  for (int i = 0; i < walked.size(); ++i) {
    sweep_ = {{walked.string(i, 0), walked.string(i, 1)}, walked.time(i, 2), walked.small(i, 3), walked.integer(i, 4)};
    const rows::SweepEntry entry{static_cast<State>(sweep_.status), walked.boolean(i, 7), sweep_.next_try_time,
                                 walked.optional_time(i, 6)};
    if (std::ranges::find(left_alone, sweep_.route) != left_alone.end()) continue;
    if (rows::is_too_far(entry, sweep, now)) far.add(walked.text(i, 5));
  }
  if (walked.size() < kSweepEntries) sweep_ = {};
  const auto pull = [&](const List& ids, bool owned) {
    if (ids.empty()) return;
    const List locked = ids_in(db_.ask(sql(kLockFar, ids, now, owned)));
    if (locked.empty()) return;
    ledger_.has_written = true;
    db_.ask(sql(kPullForward, now, now, now, locked));
  };
  pull(far, /*owned=*/false);
  if (with_owned) pull(ids_in(results[1]), /*owned=*/true);
}

}  // namespace waybill::mariadb
