"""`waybill migrate adopt` where a table, or what stands around it, is not as in the book."""

import threading
import time

import pytest

from harness.classic_table import CONSUMED, SENDING, SENT, UNKNOWN, adopt, ago, has_table, statuses

pytestmark = pytest.mark.services("postgres", "mariadb")

DONE, FAILED, USAGE, _, UNREACHABLE = range(5)
ROWS = [("a", SENDING, ago(hours=1)), ("b", SENT, ago(hours=1)), ("c", CONSUMED, ago(hours=1))]
ADOPTED = {"a": UNKNOWN, "b": UNKNOWN, "c": CONSUMED}


class Reader(threading.Thread):
    """Keeps a table from being removed by having read it, as a backup does, for a while."""

    def __init__(self, database, table, seconds):
        super().__init__()
        self._connection = database.connect()
        self._seconds = seconds
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {table}")

    def run(self):
        time.sleep(self._seconds)  # for so long it reads
        self._connection.close()


def test_a_reader_of_the_classic_table_delays_its_end_and_that_is_all(classic, tmp_path):
    database = classic([*ROWS, ("", CONSUMED, ago(hours=1))])
    assert adopt(database, tmp_path, "--yes").returncode == FAILED  # an id that is none stays
    database.execute("DELETE FROM msg_log_classic")
    reader = Reader(database, "msg_log_classic", 4)
    reader.start()
    done = adopt(database, tmp_path, "--yes")
    reader.join()
    assert done.returncode == DONE, done.stderr
    assert not has_table(database, "msg_log_classic") and not has_table(database, "msg_log_adoption")


def test_a_transaction_that_keeps_the_table_is_told(classic, tmp_path):
    database = classic(ROWS)
    backup = Reader(database, "msg_log", 0)
    refused = adopt(database, tmp_path, "--yes")
    backup.run()
    assert refused.returncode == UNREACHABLE and "msg_log could not be renamed, and nothing has moved" in refused.stderr
    assert statuses(database) == {"a": SENDING, "b": SENT, "c": CONSUMED}
    assert adopt(database, tmp_path, "--yes").returncode == DONE


def test_a_table_of_another_program_is_not_taken_for_ours(classic, tmp_path):
    database = classic(ROWS)
    database.execute("CREATE TABLE instance (number int)")
    for more in ([], ["--yes"]):
        refused = adopt(database, tmp_path, *more)
        assert refused.returncode == USAGE and "a table instance of another program" in refused.stderr, refused.stderr
    assert statuses(database) == {"a": SENDING, "b": SENT, "c": CONSUMED}
    assert not has_table(database, "msg_event") and not has_table(database, "msg_log_adoption")
    database.execute("ALTER TABLE instance RENAME TO theirs")
    assert adopt(database, tmp_path, "--yes").returncode == DONE
    assert statuses(database) == ADOPTED


def test_an_id_that_a_producer_took_meanwhile_stays_and_is_told(classic, tmp_path):
    database = classic([*ROWS, ("", CONSUMED, ago(hours=1))])
    assert adopt(database, tmp_path, "--yes").returncode == FAILED
    database.execute("UPDATE msg_log_classic SET msg_id = 'b'")
    again = adopt(database, tmp_path, "--yes")
    assert again.returncode == FAILED and "another message of this id" in again.stdout
    assert statuses(database) == ADOPTED and statuses(database, "msg_log_classic") == {"b": CONSUMED}


def test_of_two_at_once_each_row_is_moved_by_one(classic, tmp_path):
    rows = [(f"classic-{number:05}", number % 4, ago(hours=1)) for number in range(3_000)]
    database = classic(rows)
    results = []
    both = [threading.Thread(target=lambda: results.append(adopt(database, tmp_path, "--yes"))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert DONE in [result.returncode for result in results], [result.stderr for result in results]
    assert statuses(database) == {one: CONSUMED if status == CONSUMED else UNKNOWN for one, status, _ in rows}
    assert not has_table(database, "msg_log_classic") and not has_table(database, "msg_log_adoption")


def test_who_may_not_is_told_who_may(classic, tmp_path, kind):
    database = classic(ROWS)
    of_user = database.create_user("GRANT SELECT ON msg_log")
    assert adopt(of_user, tmp_path).returncode == DONE
    refused = adopt(of_user, tmp_path, "--yes")
    assert refused.returncode == USAGE, refused.stderr
    sentence = {"postgres": "an adoption is run by the owner of the table",
                "mariadb": "an administrator must run: GRANT SELECT, INSERT, UPDATE, DELETE, CREATE"}
    assert sentence[kind] in refused.stderr
    assert statuses(database) == {"a": SENDING, "b": SENT, "c": CONSUMED}


def test_who_may_insert_some_columns_goes_on(classic, tmp_path):
    database = classic(ROWS)
    producer = database.create_user("GRANT INSERT (msg_id, msg, exchange, routing_key) ON msg_log")
    assert adopt(database, tmp_path, "--yes").returncode == DONE
    producer.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES ('d', '{}', '', 'q')")
    assert statuses(database) == {**ADOPTED, "d": SENDING}
