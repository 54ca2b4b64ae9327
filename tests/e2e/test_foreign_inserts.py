"""Other programs put rows into the log in their own transactions: a public contract."""

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

from harness.journal import Journal, effects
from harness.log_file import foreign_connection, insert_four_columns, read_rows
from harness.waiting import eventually

TESTS = Path(__file__).resolve().parents[1]
MAIL = json.dumps({"subject": "s", "content": "c", "tos": ["a@example.org"]})
ROWS = 10_000
SEED = 20_240_101


def send_until(ended, daemon, accepted):
    client = daemon.client()
    while not ended.is_set():
        accepted.append(client.accepted())


def test_what_another_program_commits_is_delivered_and_nothing_else(daemon, tmp_path):
    ids_file = tmp_path / "committed"
    accepted, ended = [], threading.Event()
    load = threading.Thread(target=send_until, args=(ended, daemon, accepted))
    load.start()
    try:
        subprocess.run([sys.executable, "-m", "harness.foreign_producer", str(daemon.database), str(ids_file),
                        str(ROWS), str(SEED)], cwd=TESTS, check=True, timeout=300)
    finally:
        ended.set()
        load.join()
    committed = ids_file.read_text(encoding="utf-8").split()
    assert 0.5 * ROWS < len(committed) < 0.9 * ROWS

    expected = set(committed) | set(accepted)
    journal = Journal(daemon.journal)
    eventually(lambda: len(journal.effects()) >= len(expected), 180, "everything is delivered", every_s=0.5)
    client = daemon.client()
    eventually(lambda: client.open_count() == 0, 10, "nothing is left open")
    assert effects(daemon.journal) == {one: 1 for one in expected}
    assert client.stats()["states"]["consumed"] == len(expected)


def test_a_single_row_is_taken_within_400_ms(daemon):
    """By the times in the rows. A busy machine may hold up a few of them, but not most."""
    with foreign_connection(daemon.database) as connection:
        for number in range(15):
            insert_four_columns(connection, f"single-{number}", MAIL)
            eventually(lambda: read_rows(daemon.database, "1", f"msg_id = 'single-{number}' AND status = 3"),
                       5, "consumed")
            time.sleep(0.037 * number % 0.2)  # so that the inserts meet the poll at different moments
    delays = sorted(row["publish_time"] - row["create_time"] for row in read_rows(daemon.database))
    assert len(delays) == 15
    assert delays[10] < 400, delays


def test_a_row_that_is_not_a_mail_is_told_and_harms_nobody(daemon):
    with foreign_connection(daemon.database) as connection:
        insert_four_columns(connection, "not-a-mail", "{not json")
        insert_four_columns(connection, "a-mail", MAIL)
    client = daemon.client()
    eventually(lambda: client.status("a-mail") == 3, 5, "its neighbour is delivered")
    dead = eventually(lambda: (m := client.message("not-a-mail"))["status"]["code"] == 5 and m, 5, "dead")
    assert dead["last_error"]
    assert dead["attempt"] == 1, "a permanent failure is not tried again"
