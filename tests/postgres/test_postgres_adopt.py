"""`waybill migrate adopt` of what only PostgreSQL has."""

import pytest

from harness.classic_table import CONSUMED, SENDING, SENT, UNKNOWN, adopt, ago, fill, has_table, statuses

pytestmark = pytest.mark.services("postgres")

DONE, _, USAGE = range(3)
ROWS = [("a", SENDING, ago(hours=1)), ("b", SENT, ago(hours=1)), ("c", CONSUMED, ago(hours=1))]
ADOPTED = {"a": UNKNOWN, "b": UNKNOWN, "c": CONSUMED}


def test_a_collation_of_its_own_is_none_of_ours(classic, tmp_path):
    database = classic()
    database.execute_all('ALTER TABLE msg_log ALTER msg_id TYPE varchar(255) COLLATE "POSIX"',
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
    database = classic(ROWS)
    database.execute_all(*ODD[sentence].format(name=database.name).split("; "))
    for more in ([], ["--yes"]):
        refused = adopt(database, tmp_path, *more)
        assert refused.returncode == USAGE and sentence in refused.stderr, refused.stderr
    assert not has_table(database, "msg_event")
