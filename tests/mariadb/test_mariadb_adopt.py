"""`waybill migrate adopt` of what only MariaDB has."""

import pytest

from harness.classic_table import CONSUMED, adopt, statuses

pytestmark = pytest.mark.services("mariadb")

DONE, FAILED = range(2)


def test_ids_that_are_unsigned_and_long_move(make_database, tmp_path):
    database = make_database()
    database.execute_all(
        "CREATE TABLE msg_log (msg_id BIGINT UNSIGNED NOT NULL PRIMARY KEY, msg TEXT, exchange VARCHAR(99), "
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
