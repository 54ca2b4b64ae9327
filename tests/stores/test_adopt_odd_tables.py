"""`waybill migrate adopt` where a table, or what stands around it, is not as in the book."""

import threading
import time

import pytest

from classic_table import CONSUMED, SENDING, SENT, UNKNOWN, adopt, ago, fill, has_table, make_classic, statuses

pytestmark = pytest.mark.services("postgres", "mariadb")

DONE, FAILED, USAGE, _, UNREACHABLE = range(5)
KINDS = pytest.mark.parametrize("kind", ["postgres", "mariadb"])
ROWS = [("a", SENDING, ago(hours=1)), ("b", SENT, ago(hours=1)), ("c", CONSUMED, ago(hours=1))]
ADOPTED = {"a": UNKNOWN, "b": UNKNOWN, "c": CONSUMED}


def execute(database, *statements):
    with database.transaction() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def classic(make_database):
    def make(kind, rows=()):
        database = make_database(kind)
        make_classic(database)
        fill(database, list(rows))
        return database
    return make


@pytest.fixture
def as_user():
    """The same database for a user of its own, with these rights and no others."""
    made = []

    def make(database, *grants):
        name = database.name[-20:]
        if database.kind == "mariadb":
            account, create = f"'{name}'@'127.0.0.1'", "CREATE USER {} IDENTIFIED BY 'secret'"
        else:
            account, create = name, "CREATE ROLE {} LOGIN PASSWORD 'secret'"
        execute(database, create.format(account), *(f"GRANT {grant} TO {account}" for grant in grants))
        made.append((database, account))
        return database.as_user(name, "secret")

    yield make
    for database, account in made:
        execute(database, *([f"DROP OWNED BY {account}", f"DROP ROLE {account}"] if database.kind == "postgres"
                            else [f"DROP USER {account}"]))


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


@KINDS
def test_a_reader_of_the_classic_table_delays_its_end_and_that_is_all(classic, tmp_path, kind):
    database = classic(kind, [*ROWS, ("", CONSUMED, ago(hours=1))])
    assert adopt(database, tmp_path, "--yes").returncode == FAILED  # an id that is none stays
    execute(database, "DELETE FROM msg_log_classic")
    reader = Reader(database, "msg_log_classic", 4)
    reader.start()
    done = adopt(database, tmp_path, "--yes")
    reader.join()
    assert done.returncode == DONE, done.stderr
    assert not has_table(database, "msg_log_classic") and not has_table(database, "msg_log_adoption")


@KINDS
def test_a_transaction_that_keeps_the_table_is_told(classic, tmp_path, kind):
    database = classic(kind, ROWS)
    backup = Reader(database, "msg_log", 0)
    refused = adopt(database, tmp_path, "--yes")
    backup.run()
    assert refused.returncode == UNREACHABLE and "msg_log could not be renamed, and nothing has moved" in refused.stderr
    assert statuses(database) == {"a": SENDING, "b": SENT, "c": CONSUMED}
    assert adopt(database, tmp_path, "--yes").returncode == DONE


@KINDS
def test_a_table_of_another_program_is_not_taken_for_ours(classic, tmp_path, kind):
    database = classic(kind, ROWS)
    execute(database, "CREATE TABLE instance (number int)")
    for more in ([], ["--yes"]):
        refused = adopt(database, tmp_path, *more)
        assert refused.returncode == USAGE and "a table instance of another program" in refused.stderr, refused.stderr
    assert statuses(database) == {"a": SENDING, "b": SENT, "c": CONSUMED}
    assert not has_table(database, "msg_event") and not has_table(database, "msg_log_adoption")
    execute(database, "ALTER TABLE instance RENAME TO theirs")
    assert adopt(database, tmp_path, "--yes").returncode == DONE
    assert statuses(database) == ADOPTED


@KINDS
def test_an_id_that_a_producer_took_meanwhile_stays_and_is_told(classic, tmp_path, kind):
    database = classic(kind, [*ROWS, ("", CONSUMED, ago(hours=1))])
    assert adopt(database, tmp_path, "--yes").returncode == FAILED
    execute(database, "UPDATE msg_log_classic SET msg_id = 'b'")
    again = adopt(database, tmp_path, "--yes")
    assert again.returncode == FAILED and "another message of this id" in again.stdout
    assert statuses(database) == ADOPTED and statuses(database, "msg_log_classic") == {"b": CONSUMED}


@KINDS
def test_of_two_at_once_each_row_is_moved_by_one(classic, tmp_path, kind):
    rows = [(f"classic-{number:05}", number % 4, ago(hours=1)) for number in range(3_000)]
    database = classic(kind, rows)
    results = []
    both = [threading.Thread(target=lambda: results.append(adopt(database, tmp_path, "--yes"))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert DONE in [result.returncode for result in results], [result.stderr for result in results]
    assert statuses(database) == {one: CONSUMED if status == CONSUMED else UNKNOWN for one, status, _ in rows}
    assert not has_table(database, "msg_log_classic") and not has_table(database, "msg_log_adoption")


@KINDS
def test_who_may_not_is_told_who_may(classic, as_user, tmp_path, kind):
    database = classic(kind, ROWS)
    of_user = as_user(database, "SELECT ON msg_log")
    assert adopt(of_user, tmp_path).returncode == DONE
    refused = adopt(of_user, tmp_path, "--yes")
    assert refused.returncode == USAGE, refused.stderr
    sentence = {"postgres": "an adoption is run by the owner of the table",
                "mariadb": "an administrator must run: GRANT SELECT, INSERT, UPDATE, DELETE, CREATE"}
    assert sentence[kind] in refused.stderr
    assert statuses(database) == {"a": SENDING, "b": SENT, "c": CONSUMED}


@KINDS
def test_who_may_insert_some_columns_goes_on(classic, as_user, tmp_path, kind):
    database = classic(kind, ROWS)
    producer = as_user(database, "INSERT (msg_id, msg, exchange, routing_key) ON msg_log")
    assert adopt(database, tmp_path, "--yes").returncode == DONE
    execute(producer, "INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES ('d', '{}', '', 'q')")
    assert statuses(database) == {**ADOPTED, "d": SENDING}


def test_ids_that_are_unsigned_and_long_move(make_database, tmp_path):
    database = make_database("mariadb")
    execute(database, "CREATE TABLE msg_log (msg_id BIGINT UNSIGNED NOT NULL PRIMARY KEY, msg TEXT, exchange VARCHAR(99), "
                      "routing_key VARCHAR(99), status BIGINT UNSIGNED, try_count BIGINT UNSIGNED, next_try_time DATETIME, "
                      "create_time DATETIME, update_time DATETIME)",
            "INSERT INTO msg_log (msg_id, msg, exchange, routing_key, status, try_count) VALUES "
            "(18446744073709551615, '', '', 'q', 3, 18446744073709551615), (1, '', '', 'q', 3, NULL), "
            "(17000000000000000000, '', '', 'q', 18446744073709551615, 0)")
    told = adopt(database, tmp_path)
    assert "not a classic status" in told.stdout, told.stdout
    done = adopt(database, tmp_path, "--yes")
    assert done.returncode == FAILED and "'17000000000000000000'" in done.stdout, done.stdout + done.stderr
    assert statuses(database) == {"18446744073709551615": CONSUMED, "1": CONSUMED}
    assert statuses(database, "msg_log_classic") == {17000000000000000000: 18446744073709551615}


def test_a_collation_of_its_own_is_none_of_ours(make_database, tmp_path):
    database = make_database("postgres")
    make_classic(database)
    execute(database, 'ALTER TABLE msg_log ALTER msg_id TYPE varchar(255) COLLATE "POSIX"',
            'ALTER TABLE msg_log ALTER exchange TYPE text COLLATE "en-x-icu"')
    fill(database, ROWS)
    done = adopt(database, tmp_path, "--yes")
    assert done.returncode == DONE, done.stderr
    assert statuses(database) == ADOPTED


ODD = {
    "is read by the view latest": "CREATE VIEW latest AS SELECT msg_id FROM msg_log",
    "is inherited by the table more": "CREATE TABLE more () INHERITS (msg_log)",
    "has the rule silent": "CREATE RULE silent AS ON INSERT TO msg_log DO ALSO NOTIFY something",
    "has no primary key on msg_id": "ALTER TABLE msg_log DROP CONSTRAINT msg_log_pkey; "
                                    "CREATE UNIQUE INDEX only_one ON msg_log (msg_id); "
                                    "ALTER TABLE msg_log ALTER msg_id DROP NOT NULL",
    "is in the schema elsewhere, which is not the first": "CREATE SCHEMA elsewhere; ALTER TABLE msg_log SET SCHEMA elsewhere; "
                                                          "ALTER ROLE CURRENT_USER IN DATABASE {name} SET search_path = public, elsewhere",
}


@pytest.mark.parametrize("sentence", ODD)
def test_what_would_be_lost_with_the_table_is_refused_before_it_moves(classic, tmp_path, sentence):
    database = classic("postgres", ROWS)
    execute(database, *ODD[sentence].format(name=database.name).split("; "))
    for more in ([], ["--yes"]):
        refused = adopt(database, tmp_path, *more)
        assert refused.returncode == USAGE and sentence in refused.stderr, refused.stderr
    assert not has_table(database, "msg_event")
