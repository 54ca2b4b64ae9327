"""What another program's open transaction holds of the message log delays its own messages alone: everything else is
accepted and delivered meanwhile, and what was delayed goes on when that transaction ends."""

import threading
import time
from contextlib import closing

import pytest

from harness.client import Client, mail_message
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres", "mariadb")

CONSUMED = 3
# A lock that is met costs its neighbours a fraction of a second; one that is waited for costs seconds, in every round. A
# busy machine costs as much, but not in each of them.
ROUNDS, ROUND_S = 3, 2.5
LONGEST_S = 1
KINDS = pytest.mark.parametrize("kind", ["postgres", "mariadb"])


@pytest.fixture
def daemon_on(serve_over, make_database):
    def make(kind):
        database = make_database(kind)
        return database, serve_over(database, config={"http.answer_deadline": "30s"})
    return make


def message_of(names, one):
    return mail_message(id=one, exchange=names["mail.exchange"], routing_key=names["mail.routing_key"])


class Requests:
    """Posts these messages, all at once, and keeps what was answered."""

    def __init__(self, daemon, messages):
        self.answers = {}
        self._threads = [threading.Thread(target=self._post, args=(daemon.url, one)) for one in messages]
        for thread in self._threads:
            thread.start()

    def _post(self, url, message):
        self.answers[message["id"]] = Client(url, deadline_s=60).post("/v1/messages", json=message)

    def end(self):
        for thread in self._threads:
            thread.join()
        return [answer.status_code for answer in self.answers.values()]


def accept_for(client, seconds):
    """Accepts mails one after the other; their ids, and the longest that one of them took."""
    ids, longest, end = [], 0, time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        ids.append(client.accepted())
        longest = max(longest, time.monotonic() - began)
    return ids, longest


def check_others(daemon, messages_of_round):
    """In each round these messages are posted; others are accepted and consumed beside them. Returns the requests."""
    client, rounds, longest = daemon.client(), [], []
    for number in range(ROUNDS):
        messages = messages_of_round(number)
        before = kept_out(client)
        rounds.append(Requests(daemon, messages))
        ids, took = accept_for(client, ROUND_S)
        longest.append(took)
        assert kept_out(client) >= before + len(messages), "the lock was met"
        eventually(lambda ids=ids: all(client.status(one) == CONSUMED for one in ids[-20:]), 10, "others are consumed")
    print(f"the longest of each round: {longest}")
    assert min(longest) < LONGEST_S
    return rounds


def kept_out(client):
    return next(float(line.split()[1]) for line in client.get("/metrics").text.splitlines()
                if line.startswith("waybill_kept_out_total "))


@KINDS
def test_ids_that_a_stranger_has_not_committed_delay_nothing_else(daemon_on, names, kind):
    contested = [f"contested-{number}" for number in range(24)]
    database, daemon = daemon_on(kind)
    with daemon, closing(database.connect()) as stranger:
        with stranger.cursor() as cursor:
            for one in contested:
                cursor.execute("INSERT INTO msg_log (msg_id, msg) VALUES (%s, 'theirs')", (one,))
        rounds = check_others(daemon, lambda number: [message_of(names, one) for one in contested])
        stranger.rollback()
        assert {code for requests in rounds for code in requests.end()} == {200}, "they get in when it is gone"
        client = daemon.client()
        eventually(lambda: all(client.status(one) == CONSUMED for one in contested), 10, "they are consumed")
        assert daemon.stop() == 0


@KINDS
def test_what_a_stranger_commits_is_told_to_who_waited(daemon_on, names, kind):
    database, daemon = daemon_on(kind)
    with daemon, closing(database.connect()) as stranger:
        with stranger.cursor() as cursor:
            cursor.execute("INSERT INTO msg_log (msg_id, msg, status) VALUES ('contested', 'theirs', 3)")
        requests = Requests(daemon, [message_of(names, "contested")])
        eventually(lambda: kept_out(daemon.client()) > 0, 10, "the lock is met")
        assert requests.answers == {}
        stranger.commit()
        assert requests.end() == [409]
        assert daemon.stop() == 0


def test_a_gap_that_a_stranger_has_locked_delays_nothing_else(daemon_on, names):
    """MariaDB's default isolation locks the places of rows to come, too."""
    database, daemon = daemon_on("mariadb")
    with daemon, closing(database.connect()) as stranger:
        with stranger.cursor() as cursor:
            cursor.execute("INSERT INTO msg_log (msg_id, msg, status) VALUES ('w', 'the gap begins here', 3)")
            stranger.commit()
            cursor.execute("SELECT msg_id FROM msg_log WHERE msg_id > 'x' FOR UPDATE")
        rounds = check_others(daemon, lambda number: [message_of(names, f"z-{number}-{one}") for one in range(24)])
        stranger.rollback()
        assert {code for requests in rounds for code in requests.end()} == {200}
        assert daemon.stop() == 0
