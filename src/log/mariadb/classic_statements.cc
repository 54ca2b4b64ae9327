#include "log/mariadb/classic_statements.h"

#include <algorithm>
#include <string_view>

namespace waybill::mariadb {
namespace {

const ClassicColumn& find(const std::vector<ClassicColumn>& columns, std::string_view name) {
  return *std::ranges::find(columns, name, &ClassicColumn::name);
}

// As the new table has it: UTC. What is no date (zeros) is null.
std::string time_of(const std::vector<ClassicColumn>& columns, const TimeZone& zone, const std::string& name) {
  const std::string column = "c." + name;
  const std::string utc = find(columns, name).kind == ClassicColumn::Kind::kInstant
                              ? column  // in the session's zone, which is UTC
                              : column + " - INTERVAL (" + seconds_ahead(column, zone) + ") SECOND";
  return "IF(" + column + " BETWEEN '1000-01-01' AND '9999-12-30', " + utc + ", NULL)";
}

/// An integer as the server wrote it.
struct Digits {
  const std::string& text;
};
void append(std::string& out, const Digits& value) { out += value.text; }

// Of any integer column; what does not fit into ours is no status anyway.
constexpr std::string_view kStatus = "LEAST(c.status, 9223372036854775807)";

std::string why_held() {
  std::string held = "CASE c.status";
  for (int status = 0; status <= 2; ++status) {
    held += " WHEN " + std::to_string(status) + " THEN '" + adopted_as_held(status) + "'";
  }
  return held + " END";
}

}  // namespace

ClassicStatements::ClassicStatements(const std::vector<ClassicColumn>& columns, const TimeZone& zone)
    : has_integer_keys_(find(columns, "msg_id").kind == ClassicColumn::Kind::kInteger),
      created_(time_of(columns, zone, "create_time")),
      changed_("COALESCE(" + time_of(columns, zone, "update_time") + ", " + created_ + ")") {}

// Text is compared with numbers as floating point, which long ids do not fit into; unsigned ones do not fit into our
// integers.
std::string ClassicStatements::key(const std::string& text) const {
  if (has_integer_keys_) return text;
  std::string out;
  append(out, text);
  return out;
}

List ClassicStatements::list_of(const std::vector<std::string>& keys) const {
  List list;
  for (const std::string& one : keys) {
    if (has_integer_keys_) {
      list.add(Digits{one});
    } else {
      list.add(one);
    }
  }
  return list;
}

std::string ClassicStatements::page(const std::optional<std::string>& after, int limit) const {
  return "SELECT c.msg_id, " + std::string(kStatus) +
         ", LEFT(c.exchange, 300), LEFT(c.routing_key, 300), "
         "COALESCE(OCTET_LENGTH(c.msg), 0) FROM msg_log_classic c" +
         (after ? " WHERE c.msg_id > " + key(*after) : std::string()) + " ORDER BY c.msg_id LIMIT " +
         std::to_string(limit);
}

std::string ClassicStatements::count(bool renamed, WallTime old) const {
  return sql("SELECT " + std::string(kStatus) + ", COUNT(*), COALESCE(SUM(" + changed_ + " < ?), 0) FROM ", old) +
         (renamed ? kClassicTable : "msg_log") + " c GROUP BY c.status ORDER BY c.status";
}

ClassicStatements::Move ClassicStatements::move(const List& keys, std::optional<WallTime> done_before) const {
  const std::string these = sql(" FROM msg_log_classic c FORCE INDEX (PRIMARY) WHERE c.msg_id IN (?)", keys);
  const std::string done =
      done_before ? sql("(c.status = 3 OR (c.status = 1 AND COALESCE(" + changed_ + " < ?, 0)))", *done_before)
                  : std::string("(c.status = 3)");
  constexpr std::string_view kNow = "UTC_TIMESTAMP(3)";
  const std::string changed_or_now = "COALESCE(" + changed_ + ", " + std::string(kNow) + ")";
  const std::string now(kNow);
  Move move;
  move.outcome = "SELECT COALESCE(SUM(" + done + "), 0), COUNT(*)" + these;
  move.rows =
      "INSERT INTO msg_log (msg_id, exchange, routing_key, status, try_count, next_try_time, create_time, update_time, "
      "consume_time, publish_count, last_error, msg) SELECT c.msg_id, c.exchange, c.routing_key, IF(" +
      done + ", 3, 6), LEAST(GREATEST(COALESCE(c.try_count, 0), 0), 2147483647), NULL, COALESCE(" + created_ + ", " +
      changed_or_now + "), IF(c.status = 3, " + changed_or_now + ", " + now + "), IF(" + done + ", " + changed_or_now +
      ", NULL), IF(" + done + ", 0, 1), IF(" + done + ", '', " + why_held() + "), COALESCE(c.msg, '')" + these +
      " ORDER BY c.msg_id";
  move.events = "INSERT INTO msg_event (msg_id, number, at, kind, attempt, detail) SELECT c.msg_id, 1, " + now +
                ", IF(" + done + ", 'resolved', 'held'), 0, IF(" + done + ", '" + kAdoptedAsDone + "', " + why_held() +
                ")" + these + " AND c.status <> 3";
  move.counts = "INSERT INTO kept_count (part, kind, amount) SELECT 0, 3, COUNT(*)" + these + " AND " + done +
                " HAVING COUNT(*) > 0 ON DUPLICATE KEY UPDATE amount = amount + VALUES(amount)";
  move.gone = sql("DELETE FROM msg_log_classic WHERE msg_id IN (?)", keys);
  return move;
}

}  // namespace waybill::mariadb
