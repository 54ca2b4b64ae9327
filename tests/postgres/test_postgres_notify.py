"""`NOTIFY waybill` after a commit: the row is taken at once, whatever the poll; a flood of it costs next to nothing."""

import json
import time
from contextlib import closing

import pytest

from harness.client import SAMPLE
from harness.waiting import eventually

pytestmark = pytest.mark.services("postgres", "rabbitmq")

MAIL = json.dumps(SAMPLE)
CONSUMED = 3
POLL_S = 60
LISTENER = "position('LISTEN waybill' IN query) > 0 AND datname = current_database() AND pid <> pg_backend_pid()"
# Without a notification a row would wait for longer than the tests do.
CONFIG = {"message_log.notify": "true", "redeliver.poll": f"{POLL_S}s"}


def listens(database):
    return database.one(f"SELECT count(*) FROM pg_stat_activity WHERE {LISTENER}") == 1


def consumed(database, message_id):
    return database.one("SELECT status FROM msg_log WHERE msg_id = %s", message_id) == CONSUMED


def flushes(daemon):
    text = daemon.client().get("/metrics").text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("waybill_flush_seconds_count"))


def test_a_notification_after_the_commit_is_picked_up_at_once(serve_over, database):
    with serve_over(database, config=CONFIG) as daemon, closing(database.connect()) as program:
        eventually(lambda: listens(database), 10, "it listens")
        for number in range(5):
            with program.cursor() as cursor:
                database.insert(cursor, f"told-{number}", MAIL)
            program.commit()
            with program.cursor() as cursor:
                cursor.execute("NOTIFY waybill")
            program.commit()
            eventually(lambda number=number: consumed(database, f"told-{number}"), 5, "it is consumed long before the poll")
        assert daemon.stop() == 0


def test_what_was_told_while_the_connection_was_lost_is_found(serve_over, database):
    with serve_over(database, config=CONFIG) as daemon:
        eventually(lambda: listens(database), 10, "it listens")
        database.insert_now("untold", MAIL)
        database.one(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {LISTENER}")
        eventually(lambda: consumed(database, "untold"), 10, "it looks when it listens again")
        database.insert_now("told", MAIL)
        database.execute("NOTIFY waybill")
        eventually(lambda: consumed(database, "told"), 5, "and hears again")
        assert daemon.stop() == 0


def test_a_flood_of_notifications_is_throttled(serve_over, database):
    with serve_over(database, config=CONFIG) as daemon, closing(database.connect()) as program:
        program.autocommit = True
        eventually(lambda: listens(database), 10, "it listens")
        before, began = flushes(daemon), time.monotonic()
        with program.cursor() as cursor:
            for _ in range(3000):
                cursor.execute("NOTIFY waybill")
        took = time.monotonic() - began
        seen = flushes(daemon) - before
        assert 0 < seen < 60 * took + 20, f"{seen} flushes in {took:.1f} s"
        assert seen < 1500
        assert daemon.stop() == 0
