"""Tables msg_log of the classic system, as people have them, and what `waybill migrate adopt` makes of them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from harness.program import waybill

ZONE = "Europe/Berlin"
BODY = '{"subject": "from before", "content": "x", "tos": ["a@example.org"]}'
SENDING, SENT, SEND_FAILED, CONSUMED, UNKNOWN = 0, 1, 2, 3, 6

FORMS = {
    ("postgres", "plain"): """
        CREATE TABLE msg_log (msg_id varchar(255) PRIMARY KEY, msg text, exchange varchar(255) NOT NULL DEFAULT '',
          routing_key varchar(255) NOT NULL DEFAULT '', status int NOT NULL DEFAULT 0, try_count int NOT NULL DEFAULT 0,
          next_try_time timestamp, create_time timestamp DEFAULT now(), update_time timestamp DEFAULT now());
        CREATE INDEX msg_log_due ON msg_log (status, next_try_time)""",
    ("postgres", "odd"): """
        CREATE TABLE msg_log (update_time timestamp(0), create_time timestamptz(6), next_try_time timestamptz,
          try_count smallint, status bigint, routing_key char(80), exchange text, msg jsonb, msg_id char(200),
          CONSTRAINT msg_log_pkey PRIMARY KEY (msg_id))""",
    ("mariadb", "plain"): """
        CREATE TABLE msg_log (msg_id VARCHAR(255) NOT NULL PRIMARY KEY, msg TEXT, exchange VARCHAR(255) NOT NULL DEFAULT '',
          routing_key VARCHAR(255) NOT NULL DEFAULT '', status INT NOT NULL DEFAULT 0, try_count INT NOT NULL DEFAULT 0,
          next_try_time DATETIME, create_time DATETIME DEFAULT NOW(), update_time DATETIME DEFAULT NOW(),
          KEY due (status, next_try_time)) DEFAULT CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci""",
    ("mariadb", "odd"): """
        CREATE TABLE msg_log (update_time DATETIME(6), create_time TIMESTAMP(2) NULL, next_try_time TIMESTAMP NULL,
          try_count TINYINT UNSIGNED, status TINYINT(1), routing_key CHAR(80), exchange TINYTEXT, msg JSON,
          msg_id CHAR(200) NOT NULL PRIMARY KEY) DEFAULT CHARACTER SET latin1 COLLATE latin1_german2_ci""",
}
COLUMNS = "msg_id, msg, exchange, routing_key, status, try_count, next_try_time, create_time, update_time"


def make_classic(database, form="plain"):
    database.execute_all(*FORMS[database.KIND, form].split(";"))


def shown(utc):
    """What the clock of ZONE shows at a time in UTC."""
    return utc.replace(tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)


def ago(**age):
    return datetime.utcnow().replace(microsecond=0) - timedelta(**age)


def fill(database, rows, route=("ex", "key"), table="msg_log", body=BODY):
    """Rows of (id, status, changed in UTC); the table has the time of ZONE."""
    with database.transaction() as cursor:
        for at in range(0, len(rows), 1000):
            part = rows[at:at + 1000]
            values = [value for one, status, changed in part
                      for value in (one, body, *route, status, 2, shown(changed), shown(changed), shown(changed))]
            cursor.execute(f"INSERT INTO {table} ({COLUMNS}) VALUES "
                           + ",".join(["(%s, %s, %s, %s, %s, %s, %s, %s, %s)"] * len(part)), values)


def adopt_arguments(database, *more):
    return ["migrate", "adopt", "--log", database.url, "--time-zone", ZONE, *more]


def adopt(database, cwd, *more):
    return waybill(*adopt_arguments(database, *more), cwd=cwd, deadline_s=300)


def has_table(database, name):
    return bool(database.rows("SELECT 1 FROM information_schema.tables WHERE table_schema = "
                              f"{database.SCHEMA} AND table_name = %s", name))


def statuses(database, table="msg_log"):
    return dict(database.rows(f"SELECT msg_id, status FROM {table}"))
