#include "log/mariadb/scale_aid.h"

#include <chrono>
#include <string>

#include "log/mariadb/connection.h"
#include "log/server_scale_aid.h"

namespace waybill::mariadb {
namespace {

// Numbers up to 99,999 without a table of them, for MySQL too.
constexpr char kNumbers[] =
    "(SELECT e.d * 10000 + t.d * 1000 + h.d * 100 + z.d * 10 + o.d + ? AS i FROM (?) o, (?) z, (?) h, (?) t, (?) e) n";
constexpr char kDigits[] =
    "SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 "
    "UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9";
// Ids grow, as those of Waybill do.
constexpr char kFillFinished[] =
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, create_time, update_time, queue, "
    "attempt, "
    "claim_token, outcome, append_token, effect_begun, publish_count, publish_boot, publish_time, confirm_time, "
    "claim_time, consume_time, digest, content_type, msg) "
    "SELECT 100000000000000000 + i * 4096, ?, ?, 3, NULL, ?, ?, ?, 1, i, 0, i, 1, 1, 4713, ?, ?, ?, ?, REPEAT('\\0', "
    "32), "
    "'text/plain', ? FROM ? WHERE i < ? ORDER BY i";
constexpr char kFillOpen[] =
    "INSERT INTO msg_log (msg_id, exchange, routing_key, status, next_try_time, not_before, create_time, update_time, "
    "queue, append_token, publish_count, publish_boot, confirm_time, digest, content_type, msg) "
    "SELECT 200000000000000000 + i * 4096, ?, ?, CASE WHEN i % 10 < 5 THEN 1 WHEN i % 10 < 9 THEN 0 ELSE 6 END, "
    "IF(i % 10 BETWEEN 5 AND 8, ?, NULL), IF(i % 10 BETWEEN 5 AND 8, ?, NULL), ?, ?, ?, i, 1, 4713, "
    "IF(i % 10 < 5, ?, NULL), REPEAT('\\0', 32), 'text/plain', ? FROM ? WHERE i < ? ORDER BY i";
constexpr char kCount[] =
    "INSERT INTO kept_count (part, kind, amount) VALUES (0, 3, ?) "
    "ON DUPLICATE KEY UPDATE amount = amount + VALUES(amount)";
constexpr char kNow[] = "SELECT UTC_TIMESTAMP(3)";

/// A part of a statement, that is no value.
struct Part {
  std::string text;
};
void append(std::string& out, const Part& value) { out += value.text; }

Part numbers_from(std::int64_t first) {
  const Part digits{kDigits};
  return {sql(kNumbers, first, digits, digits, digits, digits, digits)};
}

struct Server {
  using Connection = mariadb::Connection;
  using Options = MariadbOptions;
  static constexpr const char* kSession = "SET SESSION wait_timeout = 86400";
  static constexpr const char* kHold =
      "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT; "
      "INSERT INTO msg_log (msg_id) VALUES ('held open'); SELECT status FROM msg_log LIMIT 1";
  // With userstat = 1 alone.
  static constexpr const char* kRowsRead =
      "SELECT rows_read FROM information_schema.table_statistics WHERE table_schema = DATABASE() "
      "AND table_name = 'msg_log'";
};

class MariadbScaleAid final : public ServerScaleAid<Server> {
 public:
  using ServerScaleAid::ServerScaleAid;

  [[nodiscard]] Status fill(const LogFill& rows) override {
    const Rows now = db().ask(kNow);
    if (Status asked = done(); !asked.ok()) return asked;
    const WallTime at = now.time(0, 0) - std::chrono::hours(24);
    const WallTime later = at + std::chrono::hours(24 * 9);
    const std::string body(rows.size, '.');
    const Part numbers = numbers_from(rows.first);
    const std::int64_t end = rows.first + rows.count;
    db().tell("START TRANSACTION");
    if (rows.open) {
      db().tell(sql(kFillOpen, rows.route.exchange, rows.route.routing_key, later, later, at, at, rows.queue, at, body,
                    numbers, end));
    } else {
      db().tell(sql(kFillFinished, rows.route.exchange, rows.route.routing_key, at, at, rows.queue, at, at, at, at,
                    body, numbers, end));
      db().tell(sql(kCount, rows.count));
    }
    db().tell("COMMIT");
    db().receive();
    return done();
  }
  [[nodiscard]] Status settle() override { return ok_status(); }
};

}  // namespace

Result<std::unique_ptr<ScaleAid>> make_scale_aid(const MariadbOptions& options) {
  return connect_scale_aid<MariadbScaleAid>(options);
}

}  // namespace waybill::mariadb
