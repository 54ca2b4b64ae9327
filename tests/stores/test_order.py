"""The order of system calls of an instance and its server together (harness/order.py): both are traced at once. What
another program has committed may be seen before it is durable, and must not leave before that either."""

import json

import pytest

from harness.client import SAMPLE
from harness.load import Load
from harness.order import check_acks, check_answers, check_sends
from harness.shared_stores import SERVERS
from harness.strace import attached, read_calls
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

LEAST = 100
FOREIGN = [f"foreign-{number:06}" for number in range(40)]
# An id that the log's pages happen to divide cannot be found in it.
DIVIDED_MOST = 0.1


@pytest.fixture(scope="module")
def server(kind):
    made = SERVERS[kind]()
    yield made
    made.end()


@pytest.fixture
def database(server, names):
    made = server.create_database(route=(names["mail.exchange"], names["mail.routing_key"]))
    yield made
    made.drop()


@pytest.fixture
def traced(serve_over, database):
    """A daemon that tells when it acknowledges. Without lapses nothing is delivered twice, and each delivery is
    acknowledged for its own finish."""
    return serve_over(database, config={"worker.lease": "60s", "publish.grace": "60s"},
                      environment={"WAYBILL_FAULT_TRACE": "before_ack"})


def checks_of_a_life(daemon, server, database, output):
    """(number of things looked at, problems) of each check: of a daemon that is ready, and of its server, under load and
    beside another program, until all is delivered."""
    with attached(output, [daemon.process.pid, *server.processes()], slow_syncs=True):
        with Load(daemon.port, clients=4) as mails:
            for one in FOREIGN:
                database.insert_now(one, json.dumps(SAMPLE))
            eventually(lambda: len(mails.answered) >= LEAST, 60, "enough is answered")
        assert not mails.refused
        eventually(lambda: daemon.client().open_count() == 0, 120, "all is delivered")
    calls = read_calls(output)
    place = server.WRITE_AHEAD_LOG
    return {"answers": check_answers(calls, place), "acks": check_acks(calls, place),
            "sends": check_sends(calls, [*mails.answered, *FOREIGN], server.port, place)}


def test_whatever_leaves_follows_the_syncs_of_the_server(traced, server, database, tmp_path):
    with traced as daemon:
        checks = checks_of_a_life(daemon, server, database, tmp_path / "strace")
    for name, (count, problems) in checks.items():
        assert count >= LEAST, name
        assert not [problem for problem in problems if problem.endswith("synced")], problems[:5]
        assert len(problems) <= count * DIVIDED_MOST, problems[:5]


def test_the_check_fails_when_the_server_does_not_sync(traced, server, database, tmp_path):
    """A check that cannot fail is none. The server forgets to sync behind the back of who has looked already."""
    with traced as daemon, server.without_syncs():
        checks = checks_of_a_life(daemon, server, database, tmp_path / "strace")
    for name, (count, problems) in checks.items():
        assert len(problems) > count / 2, f"{name}: {len(problems)} of {count}"


def test_a_server_that_does_not_sync_is_refused(serve_over, server, database):
    with server.without_syncs():
        daemon = serve_over(database)
        daemon.start()
        assert daemon.wait() != 0
    assert server.UNSYNCED in daemon.stderr
