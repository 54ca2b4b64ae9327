"""What another program's open transaction holds of the message log delays its own messages alone: everything else is
accepted and delivered meanwhile, and what was delayed goes on when that transaction ends."""

from contextlib import closing

import pytest

from harness.kept_out import CONSUMED, PATIENT, Requests, check_others, kept_out, message_of
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres", "mariadb")


def test_ids_that_a_stranger_has_not_committed_delay_nothing_else(serve_over, database, names):
    contested = [f"contested-{number}" for number in range(24)]
    with serve_over(database, config=PATIENT) as daemon, closing(database.connect()) as stranger:
        with stranger.cursor() as cursor:
            for one in contested:
                cursor.execute("INSERT INTO msg_log (msg_id, msg) VALUES (%s, 'theirs')", (one,))
        rounds = check_others(daemon, lambda number: [message_of(names, one) for one in contested])
        stranger.rollback()
        assert {code for requests in rounds for code in requests.end()} == {200}, "they get in when it is gone"
        client = daemon.client()
        eventually(lambda: all(client.status(one) == CONSUMED for one in contested), 10, "they are consumed")
        assert daemon.stop() == 0


def test_what_a_stranger_commits_is_told_to_who_waited(serve_over, database, names):
    with serve_over(database, config=PATIENT) as daemon, closing(database.connect()) as stranger:
        with stranger.cursor() as cursor:
            cursor.execute("INSERT INTO msg_log (msg_id, msg, status) VALUES ('contested', 'theirs', 3)")
        requests = Requests(daemon, [message_of(names, "contested")])
        eventually(lambda: kept_out(daemon.client()) > 0, 10, "the lock is met")
        assert requests.answers == {}
        stranger.commit()
        assert requests.end() == [409]
        assert daemon.stop() == 0
