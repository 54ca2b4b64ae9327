"""Another program's INSERT, in its own transaction, by psycopg2: delivered once that commits, and never if it does not."""

import json
import random
import time
from contextlib import closing
from datetime import timedelta

import psycopg2
import pytest

from harness.client import SAMPLE
from harness.journal import effects
from harness.waiting import eventually

pytestmark = pytest.mark.services("postgres", "rabbitmq")

MAIL = json.dumps(SAMPLE)
SENDING, SENT, CONSUMED, DEAD = 0, 1, 3, 5
# One poll and one flush; the machine may be busy with others, so most of many must keep it.
PICKED_UP = timedelta(milliseconds=400)


def test_a_committed_row_is_picked_up_and_a_rolled_back_one_is_not(make_daemon, shared, log):
    with make_daemon(config=shared) as daemon, closing(log.connect()) as program:
        committed = {}
        for number in range(30):
            with program.cursor() as cursor:
                log.insert(cursor, f"kept-{number}", MAIL)
                cursor.execute("SELECT clock_timestamp() AT TIME ZONE 'utc'")
                committed[f"kept-{number}"] = cursor.fetchone()[0]
            program.commit()
            with program.cursor() as cursor:
                log.insert(cursor, f"undone-{number}", MAIL)
            program.rollback()
            time.sleep(random.random() * 0.05)
        eventually(lambda: len(log.rows("1", f"status = {CONSUMED}")) == 30, 20, "all are consumed")
        waited = sorted(row["publish_time"] - committed[row["msg_id"]] for row in log.rows())
        assert waited[len(waited) * 9 // 10] < PICKED_UP, waited
        assert effects(daemon.journal) == {one: 1 for one in committed}


def test_a_row_is_not_seen_before_its_transaction_commits(make_daemon, shared, log):
    with make_daemon(config=shared) as daemon, closing(log.connect()) as slow:
        with slow.cursor() as cursor:
            log.insert(cursor, "late", MAIL)  # its times are of the begin of this transaction
        log.insert_now("quick", MAIL)
        eventually(lambda: log.rows("status", "msg_id = 'quick'")[0]["status"] == CONSUMED, 5, "the quick one passes")
        assert daemon.client().message("late") is None
        slow.commit()
        eventually(lambda: log.rows("status", "msg_id = 'late'")[0]["status"] == CONSUMED, 5, "then the late one")
        assert effects(daemon.journal) == {"quick": 1, "late": 1}


def test_all_nine_columns_may_be_given(make_daemon, shared, log):
    with make_daemon(config=shared) as daemon:
        for number, status in enumerate((0, 1, 2, 3)):
            log.execute(
                "INSERT INTO msg_log (msg_id, msg, exchange, routing_key, status, try_count, next_try_time, create_time, "
                "update_time) SELECT %s, %s, %s, %s, %s, 0, now, now, now FROM (SELECT now() AT TIME ZONE 'utc' AS now) t",
                f"nine-{number}", MAIL, *log.route, status)
        eventually(lambda: {row["status"] for row in log.rows("status")} == {CONSUMED}, 10, "all end")
        assert effects(daemon.journal) == {"nine-0": 1, "nine-1": 1, "nine-2": 1}, "consumed means consumed"


def test_nonsense_stands_alone(make_daemon, shared, log):
    with make_daemon(config={**shared, "worker.retry": "fixed 1 1000"}) as daemon:
        client = daemon.client()
        log.insert_now("no-json", "this is no mail")
        log.insert_now("waybill.reserved", MAIL)
        log.insert_now("long-key", MAIL, (log.route[0], "x" * 300))
        log.insert_now("elsewhere", MAIL, ("no.such.exchange", "key"))
        log.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key, next_try_time) VALUES "
                    "('local-time', %s, %s, %s, now() AT TIME ZONE 'utc' + interval '8 hours'), "
                    "('absurd', %s, %s, %s, 'infinity')", MAIL, *log.route, MAIL, *log.route)
        log.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) "
                    "SELECT 'huge', repeat('x', 100 * 1024 * 1024), %s, %s", *log.route)
        log.insert_now("good", MAIL)
        for bad in ("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES ('null', NULL, 'a', 'b')",
                    "INSERT INTO msg_log (msg_id, msg, status) VALUES ('state', 'x', 9)",
                    "INSERT INTO msg_log (msg_id, msg) VALUES (repeat('x', 156), 'x')"):
            with pytest.raises(psycopg2.IntegrityError):
                log.execute(bad)
        eventually(lambda: client.status("good") == CONSUMED, 5, "a good one beside them")
        for one in ("no-json", "waybill.reserved", "long-key", "huge"):
            dead = eventually(lambda one=one: (m := client.message(one))["status"]["code"] == DEAD and m, 20, one)
            assert dead["last_error"], one
        for one in ("local-time", "absurd"):
            eventually(lambda one=one: client.status(one) == CONSUMED, 20, f"{one}: found by the sweep")
        assert effects(daemon.journal) == {"good": 1, "local-time": 1, "absurd": 1}
