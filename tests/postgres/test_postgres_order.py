"""The order of system calls of an instance and its server together (harness/order.py): both are traced at once."""

from pathlib import Path

import pytest

from harness.load import Load
from harness.order import check_acks, check_answers
from harness.postgres_log import PostgresLog
from harness.services import PrivateServices, url_of
from harness.strace import attached, read_calls
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

LEAST = 100
SERVER_LOG = "/pg_wal/"
# An id that the log's pages happen to divide cannot be found in it.
DIVIDED_MOST = 0.05


@pytest.fixture(scope="module")
def server():
    made = PrivateServices()
    made("up", "postgres")
    yield made
    made.end()


@pytest.fixture
def log(server, names):
    made = PostgresLog(server.url("postgres"), (names["mail.exchange"], names["mail.routing_key"]))
    yield made
    made.end()


def processes_of(server):
    """The server's own number and those of all that it has started."""
    postmaster = server.pid("postgres")
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii").split()
    return [postmaster, *map(int, children)]


@pytest.fixture
def config(log, names):
    # Without lapses nothing is delivered twice, and each delivery is acknowledged for its own finish.
    return {"message_log.url": log.url, "broker.url": url_of("rabbitmq"), "worker.lease": "60s", "publish.grace": "60s",
            **names}


def calls_of_a_life(daemon, server, output):
    """Of a daemon that is ready, and of its server, under load until all is delivered."""
    with attached(output, [daemon.process.pid, *processes_of(server)]):
        with Load(daemon.port, clients=4) as mails:
            eventually(lambda: len(mails.answered) >= LEAST, 60, "enough is answered")
        assert not mails.refused
        eventually(lambda: daemon.client().open_count() == 0, 120, "all is delivered")
    return read_calls(output)


def test_answers_and_acks_follow_the_syncs_of_the_server(make_daemon, config, server, tmp_path):
    with make_daemon(config=config, environment={"WAYBILL_FAULT_TRACE": "before_ack"}) as daemon:
        calls = calls_of_a_life(daemon, server, tmp_path / "strace")
    for check in (check_answers, check_acks):
        count, problems = check(calls, SERVER_LOG)
        assert count >= LEAST
        assert not [problem for problem in problems if problem.endswith("synced")], problems[:5]
        assert len(problems) <= count * DIVIDED_MOST, problems[:5]


@pytest.fixture
def stop_syncing(log):
    """The server forgets to sync, behind the backs of those that have looked already."""
    def turn(value):
        log.on_server(f"ALTER SYSTEM SET fsync = {value}")
        log.on_server("SELECT pg_reload_conf()")
        eventually(lambda: log.one("SHOW fsync") == value, 10, f"fsync is {value}")
    yield lambda: turn("off")
    turn("on")


def test_the_check_fails_when_the_server_does_not_sync(make_daemon, config, server, stop_syncing, tmp_path):
    """A check that cannot fail is none."""
    with make_daemon(config=config, environment={"WAYBILL_FAULT_TRACE": "before_ack"}) as daemon:
        stop_syncing()
        calls = calls_of_a_life(daemon, server, tmp_path / "strace")
    for check in (check_answers, check_acks):
        count, problems = check(calls, SERVER_LOG)
        assert count >= LEAST
        assert len(problems) > count / 2


def test_a_server_that_does_not_sync_is_refused(make_daemon, config, stop_syncing):
    stop_syncing()
    daemon = make_daemon(config=config)
    daemon.start()
    assert daemon.wait() != 0
    assert "fsync=off" in daemon.stderr
