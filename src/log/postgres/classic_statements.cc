#include "log/postgres/classic_statements.h"

#include <algorithm>
#include <string_view>

namespace waybill::postgres {
namespace {

class Columns {
 public:
  Columns(const std::vector<ClassicColumn>& columns, const TimeZone& zone) : columns_(columns), zone_(zone) {}

  /// As the new table has it: UTC. What no clock shows (`infinity`) is null.
  [[nodiscard]] std::string time(const std::string& name) const {
    const std::string column = "c." + name;
    const std::string utc = find(name).kind == ClassicColumn::Kind::kInstant
                                ? "(" + column + " AT TIME ZONE 'UTC')"
                                : "(" + column + " - (" + seconds_ahead(column, zone_) + ") * interval '1 second')";
    return "CASE WHEN " + column + " BETWEEN '1000-01-01' AND '9999-12-30' THEN " + utc + " END";
  }
  [[nodiscard]] std::string changed() const {
    return "coalesce(" + time("update_time") + ", " + time("create_time") + ")";
  }
  [[nodiscard]] const std::string& key_type() const { return find("msg_id").type; }

 private:
  [[nodiscard]] const ClassicColumn& find(std::string_view name) const {
    return *std::ranges::find(columns_, name, &ClassicColumn::name);
  }
  const std::vector<ClassicColumn>& columns_;
  const TimeZone& zone_;
};

std::string page(const std::string& where) {
  // A row of the new table is looked for by its key, whatever the type and the collation of the old one.
  return "SELECT c.msg_id::text, c.status::bigint, left(c.exchange::text, 300), left(c.routing_key::text, 300), "
         "coalesce(octet_length(c.msg::text), 0)::bigint, EXISTS (SELECT FROM msg_log m WHERE m.msg_id = "
         "c.msg_id::text COLLATE \"C\") FROM msg_log_classic c " +
         where + " ORDER BY c.msg_id LIMIT $1::bigint";
}

std::string count(const std::string& table, const Columns& columns) {
  return "SELECT c.status::bigint, count(*), count(*) FILTER (WHERE " + columns.changed() + " < $1::timestamp) FROM " +
         table + " c GROUP BY c.status ORDER BY c.status";
}

// What becomes of the rows is decided once, in `one`. `now` is the same for all of them. Ids have the collation of the
// new table; what is looked for in the old one has none of its own, so that it takes on that of the column and its
// index.
std::string move(const Columns& columns) {
  std::string held = "CASE o.was";
  for (int status = 0; status <= 2; ++status) {
    held += " WHEN " + std::to_string(status) + " THEN '" + adopted_as_held(status) + "'";
  }
  held += " END";
  return "WITH one AS MATERIALIZED (SELECT c.msg_id::text COLLATE \"C\" AS id, c.msg::text AS msg, c.exchange::text AS "
         "exchange, "
         "c.routing_key::text AS routing_key, c.status::integer AS was, "
         "least(greatest(coalesce(c.try_count, 0), 0), 2147483647)::integer AS tries, " +
         columns.time("create_time") + " AS created, " + columns.changed() +
         " AS changed, c.status = 3 OR (c.status = 1 AND coalesce(" + columns.changed() +
         " < $2::timestamp, false)) AS done, (now() AT TIME ZONE 'utc')::timestamp(3) AS now "
         "FROM unnest($1::text[]) AS k (id) JOIN msg_log_classic c ON c.msg_id = k.id::" +
         columns.key_type() +
         "), moved AS (INSERT INTO msg_log (msg_id, exchange, routing_key, status, try_count, next_try_time, "
         "create_time, update_time, consume_time, publish_count, last_error, msg) "
         "SELECT o.id, o.exchange, o.routing_key, CASE WHEN o.done THEN 3 ELSE 6 END, o.tries, NULL, "
         "coalesce(o.created, o.changed, o.now), CASE WHEN o.was = 3 THEN coalesce(o.changed, o.now) ELSE o.now END, "
         "CASE WHEN o.done THEN coalesce(o.changed, o.now) END, CASE WHEN o.done THEN 0 ELSE 1 END, "
         "CASE WHEN o.done THEN '' ELSE " +
         held +
         " END, coalesce(o.msg, '') FROM one o ORDER BY o.id ON CONFLICT (msg_id) DO NOTHING "
         "RETURNING msg_id, status), "
         "told AS (INSERT INTO msg_event (msg_id, number, at, kind, attempt, detail) "
         "SELECT o.id, 1, o.now, CASE WHEN o.done THEN 'resolved' ELSE 'held' END, 0, CASE WHEN o.done THEN '" +
         std::string(kAdoptedAsDone) + "' ELSE " + held +
         " END FROM one o JOIN moved m ON m.msg_id = o.id WHERE o.was <> 3 ON CONFLICT DO NOTHING), "
         "gone AS (DELETE FROM msg_log_classic c USING (SELECT (m.msg_id COLLATE \"default\")::" +
         columns.key_type() +
         " AS key FROM moved m) d WHERE c.msg_id = d.key), counted AS (INSERT INTO finished_count (part, status, rows) "
         "SELECT 0, 3, count(*) FROM moved m "
         "WHERE m.status = 3 HAVING count(*) > 0 "
         "ON CONFLICT (part, status) DO UPDATE SET rows = finished_count.rows + excluded.rows) "
         "SELECT count(*) FILTER (WHERE m.status = 3), count(*) FILTER (WHERE m.status = 6) FROM moved m";
}

}  // namespace

ClassicStatements::ClassicStatements(const std::vector<ClassicColumn>& columns, const TimeZone& zone)
    : first(page("")),
      next(page("WHERE c.msg_id > $2::text::" + Columns(columns, zone).key_type())),
      move(postgres::move(Columns(columns, zone))),
      count_log(count("msg_log", Columns(columns, zone))),
      count_classic(count(kClassicTable, Columns(columns, zone))) {}

}  // namespace waybill::postgres
