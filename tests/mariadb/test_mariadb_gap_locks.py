"""MariaDB's default isolation locks the places of rows to come, too: what another program's open transaction holds so."""

from contextlib import closing

import pytest

from harness.kept_out import PATIENT, check_others, message_of

pytestmark = pytest.mark.services("rabbitmq", "mariadb")


def test_a_gap_that_a_stranger_has_locked_delays_nothing_else(serve_over, database, names):
    with serve_over(database, config=PATIENT) as daemon, closing(database.connect()) as stranger:
        with stranger.cursor() as cursor:
            cursor.execute("INSERT INTO msg_log (msg_id, msg, status) VALUES ('w', 'the gap begins here', 3)")
            stranger.commit()
            cursor.execute("SELECT msg_id FROM msg_log WHERE msg_id > 'x' FOR UPDATE")
        rounds = check_others(daemon, lambda number: [message_of(names, f"z-{number}-{one}") for one in range(24)])
        stranger.rollback()
        assert {code for requests in rounds for code in requests.end()} == {200}
        assert daemon.stop() == 0
