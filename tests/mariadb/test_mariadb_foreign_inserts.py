"""Another program's INSERT, in its own transaction, by PyMySQL: delivered once that commits, and never if it does not."""

import json
import random
import threading
import time
from contextlib import closing
from datetime import timedelta

import pymysql
import pytest

from harness.client import SAMPLE
from harness.journal import effects
from harness.waiting import eventually

pytestmark = pytest.mark.services("mariadb", "rabbitmq")

MAIL = json.dumps(SAMPLE)
CONSUMED, DEAD = 3, 5
# One poll and one flush; the machine may be busy with others, so most of many must keep it.
PICKED_UP = timedelta(milliseconds=400)


def test_a_committed_row_is_picked_up_and_a_rolled_back_one_is_not(make_daemon, shared, log):
    with make_daemon(config=shared) as daemon, closing(log.connect()) as program:
        committed = {}
        for number in range(30):
            with program.cursor() as cursor:
                log.insert(cursor, f"kept-{number}", MAIL)
                cursor.execute("SELECT UTC_TIMESTAMP(3)")
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
            log.insert(cursor, "late", MAIL)
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
                "update_time) VALUES (%s, %s, %s, %s, %s, 0, UTC_TIMESTAMP(), UTC_TIMESTAMP(), UTC_TIMESTAMP())",
                f"nine-{number}", MAIL, *log.route, status)
        eventually(lambda: {row["status"] for row in log.rows("status")} == {CONSUMED}, 10, "all end")
        assert effects(daemon.journal) == {"nine-0": 1, "nine-1": 1, "nine-2": 1}, "consumed means consumed"


def test_nonsense_stands_alone(make_daemon, shared, log):
    with make_daemon(config={**shared, "worker.retry": "fixed 1 1000"}) as daemon:
        client = daemon.client()
        log.insert_now("no-json", "this is no mail")
        log.insert_now("waybill.reserved", MAIL)
        log.insert_now("long-key", MAIL, (log.route[0], "x" * 256))
        log.insert_now("elsewhere", MAIL, ("no.such.exchange", "key"))
        for one, due in (("local-time", "UTC_TIMESTAMP() + INTERVAL 8 HOUR"), ("absurd", "'9999-12-31 23:59:59'")):
            log.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key, next_try_time) "
                        f"VALUES (%s, %s, %s, %s, {due})", one, MAIL, *log.route)
        # What a session that is not strict may store.
        log.execute("SET STATEMENT sql_mode = '' FOR INSERT INTO msg_log (msg_id, msg, exchange, routing_key, "
                    "next_try_time) VALUES ('no-date', %s, %s, %s, '0000-00-00')", MAIL, *log.route)
        with closing(log.connect()) as program, program.cursor() as cursor:
            cursor.execute("SELECT @@max_allowed_packet")
            most = cursor.fetchone()[0]
            log.insert(cursor, "huge", "x" * (most - 4096))
            program.commit()
        log.insert_now("good", MAIL)
        log.insert_now("good ", MAIL)  # a blank makes another id
        for bad in ("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES ('null', NULL, 'a', 'b')",
                    "INSERT INTO msg_log (msg_id, msg, status) VALUES ('state', 'x', 9)",
                    "INSERT INTO msg_log (msg_id, msg) VALUES (REPEAT('x', 156), 'x')",
                    "INSERT INTO msg_log (msg_id, msg) VALUES ('', 'x')"):
            with pytest.raises(pymysql.MySQLError):
                log.execute(bad)
        for one in ("good", "good "):
            eventually(lambda one=one: client.status(one) == CONSUMED, 5, f"'{one}' beside them")
        for one in ("no-json", "waybill.reserved", "long-key"):
            dead = eventually(lambda one=one: (m := client.message(one))["status"]["code"] == DEAD and m, 20, one)
            assert dead["last_error"], one
        for one in ("local-time", "absurd", "no-date"):
            eventually(lambda one=one: client.status(one) == CONSUMED, 20, f"{one}: found by the sweep")
        eventually(lambda: client.status("huge") in (CONSUMED, DEAD), 20, "what is huge ends")


def test_taking_never_blocks_who_inserts(make_daemon, shared, log):
    """Two relays take all the time, while programs insert: no insert waits for them, and both relays get some."""
    waits, stop, number = [], threading.Event(), iter(range(1_000_000))

    def insert():
        with closing(log.connect()) as program:
            while not stop.is_set():
                began = time.monotonic()
                with program.cursor() as cursor:
                    for _ in range(10):
                        log.insert(cursor, f"{threading.get_ident()}-{next(number)}", MAIL)
                program.commit()
                waits.append(time.monotonic() - began)

    with make_daemon("accepts", config={**shared, "instance.roles": "api"}) as accepts, \
            make_daemon("one", config={**shared, "instance.roles": "relay"}), \
            make_daemon("two", config={**shared, "instance.roles": "relay"}):
        assert accepts.client().get("/readyz").status_code == 200
        threads = [threading.Thread(target=insert) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: len(waits) > 150, 40, "there is much to take")
            # On a quick disk all of that comes between two polls of the one, and the other has it.
            eventually(lambda: log.one("SELECT COUNT(DISTINCT publish_boot) FROM msg_log") == 2, 20,
                       "both relays get a share", every_s=0.2)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        eventually(lambda: log.one("SELECT COUNT(*) FROM msg_log WHERE publish_count = 0") == 0, 40, "all are taken")
        assert sorted(waits)[len(waits) * 99 // 100] < 0.9, "an insert waits for the disk, not for a lock"
