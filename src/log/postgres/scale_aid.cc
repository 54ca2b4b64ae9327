#include "log/postgres/scale_aid.h"

#include <string>

#include "log/postgres/connection.h"
#include "log/server_scale_aid.h"

namespace waybill::postgres {
namespace {

// Ids grow, as those of Waybill do.
constexpr Statement kFillFinished{
    "fill_finished",
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, create_time, update_time, queue, "
    "attempt, "
    "claim_token, outcome, append_token, effect_begun, publish_count, publish_boot, publish_time, confirm_time, "
    "claim_time, consume_time, digest, content_type, msg) "
    "SELECT (100000000000000000 + i * 4096)::text, $3, $4, 3, NULL, t.at, t.at, $5, 1, i, 0, i, true, 1, 4713, t.at, "
    "t.at, "
    "t.at, t.at, decode(repeat('00', 32), 'hex'), 'text/plain', $6 FROM generate_series($1::bigint, $2::bigint) AS r "
    "(i), "
    "(SELECT (now() AT TIME ZONE 'utc')::timestamp(3) - interval '1 day' AS at) t"};
constexpr Statement kFillOpen{
    "fill_open",
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, not_before, create_time, update_time, "
    "queue, append_token, publish_count, publish_boot, confirm_time, digest, content_type, msg) "
    "SELECT (200000000000000000 + i * 4096)::text, $3, $4, CASE WHEN i % 10 < 5 THEN 1 WHEN i % 10 < 9 THEN 0 ELSE 6 "
    "END, "
    "CASE WHEN i % 10 BETWEEN 5 AND 8 THEN t.at + interval '9 days' END, "
    "CASE WHEN i % 10 BETWEEN 5 AND 8 THEN t.at + interval '9 days' END, t.at, t.at, $5, i, 1, 4713, "
    "CASE WHEN i % 10 < 5 THEN t.at END, decode(repeat('00', 32), 'hex'), 'text/plain', $6 "
    "FROM generate_series($1::bigint, $2::bigint) AS r (i), "
    "(SELECT (now() AT TIME ZONE 'utc')::timestamp(3) - interval '1 day' AS at) t"};
constexpr Statement kCount{"count_filled",
                           "INSERT INTO finished_count (part, status, rows) VALUES (0, 3, $1) "
                           "ON CONFLICT (part, status) DO UPDATE SET rows = finished_count.rows + excluded.rows"};

struct Server {
  using Connection = postgres::Connection;
  using Options = PostgresOptions;
  static constexpr const char* kSession = "SET idle_in_transaction_session_timeout = 0";
  static constexpr const char* kHold =
      "BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO msg_log (msg_id) VALUES ('held open'); "
      "SELECT status FROM msg_log LIMIT 1";
  static constexpr Statement kRowsRead{
      "rows_read",
      "SELECT (coalesce(t.seq_tup_read, 0) + coalesce((SELECT sum(i.idx_tup_read) FROM pg_stat_user_indexes i "
      "WHERE i.relid = t.relid), 0))::bigint FROM pg_stat_user_tables t WHERE t.relid = to_regclass('msg_log')"};
};

class PostgresScaleAid final : public ServerScaleAid<Server> {
 public:
  using ServerScaleAid::ServerScaleAid;

  [[nodiscard]] Status fill(const LogFill& rows) override {
    db().script("BEGIN");
    db().ask(rows.open ? kFillOpen : kFillFinished, Params()
                                                        .add(rows.first)
                                                        .add(rows.first + rows.count - 1)
                                                        .add(rows.route.exchange)
                                                        .add(rows.route.routing_key)
                                                        .add(rows.queue.value)
                                                        .add(std::string(rows.size, '.')));
    if (!rows.open) db().ask(kCount, Params().add(rows.count));
    db().script("COMMIT");
    return done();
  }
  [[nodiscard]] Status settle() override {
    db().script("VACUUM msg_log");
    if (Status vacuumed = done(); !vacuumed.ok()) return vacuumed;
    db().script("CHECKPOINT");
    static_cast<void>(db().take_failure());  // who may not checkpoint waits for the server's own
    return ok_status();
  }
};

}  // namespace

Result<std::unique_ptr<ScaleAid>> make_scale_aid(const PostgresOptions& options) {
  return connect_scale_aid<PostgresScaleAid>(options);
}

}  // namespace waybill::postgres
