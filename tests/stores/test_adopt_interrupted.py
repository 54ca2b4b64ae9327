"""An adoption that is killed again and again, while other programs go on inserting."""

import os
import random
import signal
import subprocess
import threading
import time

import pytest

from harness.classic_table import (CONSUMED, SEND_FAILED, SENDING, SENT, UNKNOWN, adopt, adopt_arguments, ago, fill,
                                   has_table, statuses)
from harness.program import PROGRAM, clean_environment
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres", "mariadb")

ROWS = 30_000
KILLS = 6


class Producer(threading.Thread):
    """Inserts without a pause, with four columns or nine, and keeps what it committed."""

    def __init__(self, database, number):
        super().__init__()
        self._database = database
        self._number = number
        self._ended = threading.Event()
        self.committed = set()
        self.trouble = None

    def run(self):
        try:
            self._insert()
        except Exception as trouble:  # pylint: disable=broad-except
            self.trouble = trouble

    def end(self):
        self._ended.set()
        self.join()

    def _insert(self):
        connection = self._database.connect()
        now = self._database.NOW
        count = 0
        while not self._ended.is_set():
            one = f"live-{self._number}-{count}"
            with connection.cursor() as cursor:
                if count % 2:
                    cursor.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES (%s, '{}', '', 'q')", (one,))
                else:
                    cursor.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key, status, try_count, "
                                   "next_try_time, create_time, update_time) "
                                   f"VALUES (%s, '{{}}', '', 'q', 0, 0, {now}, {now}, {now})", (one,))
            if count % 5 == 4:
                connection.rollback()
            else:
                connection.commit()
                self.committed.add(one)
            count += 1
            time.sleep(0.001)
        connection.close()


def start(database, cwd):
    return subprocess.Popen([str(PROGRAM), *adopt_arguments(database, "--sent-is-done", "2d", "--yes")], cwd=cwd,
                            env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def left_in_classic(database):
    return database.rows("SELECT count(*) FROM msg_log_classic")[0][0] if has_table(database, "msg_log_classic") else None


def wait_until_it_moves(database, process):
    begun = left_in_classic(database) or ROWS

    def moves():
        left = left_in_classic(database)
        return process.poll() is not None or (left is not None and left < begun)
    eventually(moves, 60, "rows move")


def wait_at_most(seconds, database, least):
    """Or until no more than `least` rows are left to move."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and (left_in_classic(database) or ROWS) > least:
        time.sleep(0.005)


def is_held_after(one, status):
    return CONSUMED if status == CONSUMED or (status == SENT and one.endswith("old")) else UNKNOWN


def test_killed_at_any_moment_it_goes_on_and_nobody_who_inserts_notices(classic, serve_over, tmp_path):
    seed = int(os.environ.get("WAYBILL_SEED", random.SystemRandom().randrange(1 << 31)))
    print(f"seed: WAYBILL_SEED={seed}")
    chance = random.Random(seed)
    rows = []
    for number in range(ROWS):
        status = chance.choice([SENDING, SENT, SENT, SEND_FAILED, CONSUMED, CONSUMED])
        old = chance.random() < 0.5
        rows.append((f"classic-{number}-{'old' if old else 'new'}", status, ago(days=4 if old else 1)))
    database = classic(rows)
    producers = [Producer(database, number) for number in range(2)]
    for producer in producers:
        producer.start()
    try:
        for kill in range(KILLS):
            process = start(database, tmp_path)
            if kill % 2:
                wait_until_it_moves(database, process)
            else:
                # Anywhere, its beginning included, as long as enough is left for the others.
                wait_at_most(chance.uniform(0, 0.5), database, ROWS * (KILLS - kill) / (KILLS + 1))
            process.send_signal(signal.SIGKILL)
            process.communicate()
        assert left_in_classic(database), "it was over before it was killed: more rows are needed"
        refused = serve_over(database, "early")
        refused.start()
        assert refused.wait() != 0 and "being adopted" in refused.stderr
        other = adopt(database, tmp_path, "--yes")
        assert other.returncode == 2 and "begun with --time-zone Europe/Berlin --sent-is-done 172800000ms" in other.stderr
        done = adopt(database, tmp_path, "--sent-is-done", "2d", "--yes")
        assert done.returncode == 0, done.stderr
    finally:
        for producer in producers:
            producer.end()
    assert [producer.trouble for producer in producers] == [None, None]
    assert not has_table(database, "msg_log_classic") and not has_table(database, "msg_log_adoption")
    live = set().union(*(producer.committed for producer in producers))
    expected = {one: is_held_after(one, status) for one, status, _ in rows}
    found = statuses(database)
    # What was inserted before the exchange was in the classic table, and is on hold with the rest.
    assert {one: status for one, status in found.items() if one not in live} == expected
    assert {found[one] for one in live} == {SENDING, UNKNOWN}
    with serve_over(database, config={"prune.age": "365d"}) as daemon:
        states = daemon.client().stats()["states"]
        assert states["consumed"] == sum(status == CONSUMED for status in expected.values())
        assert daemon.stop() == 0


LOCKS = {
    "postgres": ("SELECT pg_advisory_lock(6150173812543029303)",
                 "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
                 "(SELECT oid FROM pg_database WHERE datname = current_database())"),
    "mariadb": ("SELECT GET_LOCK(LEFT(SHA2(CONCAT('waybill.adopt.', DATABASE()), 256), 64), 30)",
                "SELECT IS_USED_LOCK(LEFT(SHA2(CONCAT('waybill.adopt.', DATABASE()), 256), 64))"),
}


def end_session_of_adoption(database):
    found = database.rows(LOCKS[database.KIND][1])
    assert found and found[0][0]
    if database.KIND == "mariadb":
        database.rows(f"KILL {found[0][0]}")


def test_whoever_has_lost_the_lock_moves_nothing_until_it_has_it_again(classic, tmp_path, kind):
    database = classic([("waybill.mine", CONSUMED, ago(days=1))])
    assert adopt(database, tmp_path, "--sent-is-done", "2d", "--yes").returncode == 1  # that id stays, and so the table
    rows = [(f"classic-{number:05}", CONSUMED, ago(days=1)) for number in range(5_000)]
    fill(database, rows, table="msg_log_classic")
    holder, other = database.connect(), database.connect()
    with holder.cursor() as cursor:
        cursor.execute("SELECT msg_id FROM msg_log_classic WHERE msg_id = 'classic-02500' FOR UPDATE")
    process = start(database, tmp_path)
    eventually(lambda: left_in_classic(database) == 3_001, 30, "it waits for the row that is held")

    def take_lock():
        with other.cursor() as cursor:
            cursor.execute(LOCKS[kind][0])
    waiting = threading.Thread(target=take_lock)
    waiting.start()
    locks = {"postgres": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
             "mariadb": "SELECT count(*) FROM information_schema.processlist WHERE state = 'User lock'"}
    eventually(lambda: database.rows(locks[kind])[0][0] > 0, 30, "another waits for the lock")
    end_session_of_adoption(database)
    waiting.join()
    holder.close()
    time.sleep(3)  # in which it tries several times
    assert left_in_classic(database) == 3_001 and process.poll() is None
    other.close()
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "5000 consumed" in output, output + errors
    assert len(statuses(database)) == 5_000
