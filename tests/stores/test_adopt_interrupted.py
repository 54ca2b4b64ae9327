"""An adoption that is killed again and again, while other programs go on inserting."""

import os
import random
import signal
import subprocess
import threading
import time

import pytest

from classic_table import (CONSUMED, SEND_FAILED, SENDING, SENT, UNKNOWN, adopt, adopt_arguments, ago, fill, has_table,
                           make_classic, statuses)
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
        now = {"postgres": "now() AT TIME ZONE 'utc'", "mariadb": "utc_timestamp(3)"}[self._database.kind]
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
    begun = left_in_classic(database)

    def moves():
        left = left_in_classic(database)
        return process.poll() is not None or (left is not None and (begun is None and left < ROWS or
                                                                    begun is not None and left < begun))
    eventually(moves, 60, "rows move")


def is_held_after(one, status):
    return CONSUMED if status == CONSUMED or (status == SENT and one.endswith("old")) else UNKNOWN


@pytest.mark.parametrize("kind", ["postgres", "mariadb"])
def test_killed_at_any_moment_it_goes_on_and_nobody_who_inserts_notices(make_database, serve_over, tmp_path, kind):
    seed = int(os.environ.get("WAYBILL_SEED", random.SystemRandom().randrange(1 << 31)))
    print(f"seed: WAYBILL_SEED={seed}")
    chance = random.Random(seed)
    database = make_database(kind)
    make_classic(database)
    rows = []
    for number in range(ROWS):
        status = chance.choice([SENDING, SENT, SENT, SEND_FAILED, CONSUMED, CONSUMED])
        old = chance.random() < 0.5
        rows.append((f"classic-{number}-{'old' if old else 'new'}", status, ago(days=4 if old else 1)))
    fill(database, rows)
    producers = [Producer(database, number) for number in range(2)]
    for producer in producers:
        producer.start()
    try:
        for kill in range(KILLS):
            process = start(database, tmp_path)
            if kill % 2:
                wait_until_it_moves(database, process)
            else:
                time.sleep(chance.uniform(0, 0.5))  # anywhere, its beginning included
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
