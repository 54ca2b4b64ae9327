"""Another program's INSERT, in its own transaction: delivered once that commits, and never if it does not."""

import json
import random
import time
from contextlib import closing
from datetime import timedelta

import pytest

from harness.client import SAMPLE
from harness.journal import effects
from harness.waiting import eventually

pytestmark = pytest.mark.services("postgres", "mariadb", "rabbitmq")

MAIL = json.dumps(SAMPLE)
CONSUMED, DEAD = 3, 5
# One poll and one flush; the machine may be busy with others, so most of many must keep it.
PICKED_UP = timedelta(milliseconds=400)
FAR = {"postgres": "infinity", "mariadb": "9999-12-31 23:59:59"}


def test_a_committed_row_is_picked_up_and_a_rolled_back_one_is_not(serve_over, database):
    with serve_over(database) as daemon, closing(database.connect()) as program:
        committed = {}
        for number in range(30):
            with program.cursor() as cursor:
                database.insert(cursor, f"kept-{number}", MAIL)
                cursor.execute(f"SELECT {database.CLOCK}")
                committed[f"kept-{number}"] = cursor.fetchone()[0]
            program.commit()
            with program.cursor() as cursor:
                database.insert(cursor, f"undone-{number}", MAIL)
            program.rollback()
            time.sleep(random.random() * 0.05)
        eventually(lambda: database.one(f"SELECT count(*) FROM msg_log WHERE status = {CONSUMED}") == 30, 20,
                   "all are consumed")
        waited = sorted(row["publish_time"] - committed[row["msg_id"]] for row in database.messages())
        assert waited[len(waited) * 9 // 10] < PICKED_UP, waited
        assert effects(daemon.journal) == {one: 1 for one in committed}


def test_a_row_is_not_seen_before_its_transaction_commits(serve_over, database):
    with serve_over(database) as daemon, closing(database.connect()) as slow:
        client = daemon.client()
        with slow.cursor() as cursor:
            database.insert(cursor, "late", MAIL)  # its times are of now, or of the begin of this transaction
        database.insert_now("quick", MAIL)
        eventually(lambda: client.status("quick") == CONSUMED, 5, "the quick one passes")
        assert client.message("late") is None
        slow.commit()
        eventually(lambda: client.status("late") == CONSUMED, 5, "then the late one")
        assert effects(daemon.journal) == {"quick": 1, "late": 1}


@pytest.mark.parametrize("clock", ["NOW", "WHOLE_SECOND"])
def test_all_nine_columns_may_be_given(serve_over, database, clock):
    now = getattr(database, clock)
    with serve_over(database) as daemon:
        for number, status in enumerate((0, 1, 2, 3)):
            database.execute(
                "INSERT INTO msg_log (msg_id, msg, exchange, routing_key, status, try_count, next_try_time, create_time, "
                f"update_time) VALUES (%s, %s, %s, %s, %s, 0, {now}, {now}, {now})",
                f"nine-{number}", MAIL, *database.route, status)
        eventually(lambda: {row["status"] for row in database.messages("status")} == {CONSUMED}, 10, "all end")
        assert effects(daemon.journal) == {"nine-0": 1, "nine-1": 1, "nine-2": 1}, "consumed means consumed"


def test_nonsense_stands_alone(serve_over, database, kind):
    with serve_over(database, config={"worker.retry": "fixed 1 1000"}) as daemon:
        client = daemon.client()
        exchange, key = database.route
        database.insert_now("no-json", "this is no mail")
        database.insert_now("waybill.reserved", MAIL)
        database.insert_now("long-key", MAIL, (exchange, "x" * 256))
        database.insert_now("elsewhere", MAIL, ("no.such.exchange", "key"))
        for one, due in (("local-time", database.ago(hours=-8)), ("absurd", f"'{FAR[kind]}'")):
            database.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key, next_try_time) "
                             f"VALUES (%s, %s, %s, %s, {due})", one, MAIL, exchange, key)
        database.insert_now("good", MAIL)
        database.insert_now("good ", MAIL)  # a blank makes another id
        for bad in ("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES ('null', NULL, 'a', 'b')",
                    "INSERT INTO msg_log (msg_id, msg, status) VALUES ('state', 'x', 9)",
                    "INSERT INTO msg_log (msg_id, msg) VALUES (REPEAT('x', 156), 'x')",
                    "INSERT INTO msg_log (msg_id, msg) VALUES ('', 'x')"):
            with pytest.raises(database.Refused):
                database.execute(bad)
        for one in ("good", "good "):
            eventually(lambda one=one: client.status(one) == CONSUMED, 5, f"'{one}' beside them")
        for one in ("no-json", "waybill.reserved", "long-key"):
            dead = eventually(lambda one=one: (m := client.message(one))["status"]["code"] == DEAD and m, 20, one)
            assert dead["last_error"], one
        for one in ("local-time", "absurd"):
            eventually(lambda one=one: client.status(one) == CONSUMED, 20, f"{one}: found by the sweep")
        assert effects(daemon.journal) == {"good": 1, "good ": 1, "local-time": 1, "absurd": 1}
