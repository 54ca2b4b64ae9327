"""Every connection is an open file. Handlers have theirs whatever the connections do."""

import os
import resource
import time

from harness.client import Client
from harness.crowd import connections_held
from harness.waiting import eventually

USAGE = 2


def soft_limit(daemon):
    return resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)[0]


def open_files(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def test_enough_files_may_be_open_for_the_connections(make_daemon):
    with make_daemon(config={"http.max_connections": 500}, under=["prlimit", "--nofile=128:4000"]) as daemon:
        assert 500 < soft_limit(daemon) < 1000
        assert "too few files" not in daemon.stderr


def test_too_low_a_limit_is_told_and_handlers_keep_their_files(make_daemon):
    with make_daemon(config={"http.max_connections": 500}, under=["prlimit", "--nofile=128:200"]) as daemon:
        assert soft_limit(daemon) == 200
        assert "too few files may be open for http.max_connections" in daemon.stderr
        assert "allowed=200" in daemon.stderr
        client = Client(daemon.url)
        client.accepted()  # on a connection that is kept
        with connections_held(daemon.port, 300):
            eventually(lambda: open_files(daemon) > 100, 20, "it serves as many as it may")
            ids = [client.accepted() for _ in range(200)]
            messages = [eventually(lambda: (m := client.message(one))["status"]["code"] == 3 and m, 60, "delivered")
                        for one in ids]
            assert open_files(daemon) < 190
        assert {message["try_count"] for message in messages} == {0}, "no attempt failed for lack of a file"
        assert "cannot accept" not in daemon.stderr


def test_a_limit_that_leaves_no_connection_refuses_the_start(make_daemon):
    daemon = make_daemon(under=["prlimit", "--nofile=100:100"])
    daemon.start()
    assert daemon.wait() == USAGE
    (said,) = daemon.stderr.splitlines()
    assert "only 100 files may be open" in said and "worker.max_concurrency" in said


def test_connections_that_cannot_be_accepted_are_told_once_and_wait(make_daemon):
    with make_daemon() as daemon:
        soft, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
        # What is open stays so, and there is no more.
        resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (3, hard))
        with connections_held(daemon.port, 1):
            eventually(lambda: "cannot accept connections: they wait" in daemon.stderr, 20, "it is told")
            told_at = time.monotonic()
            eventually(lambda: time.monotonic() > told_at + 1, 5, "it has tried again, many times")
            assert daemon.stderr.count("cannot accept") == 1
            assert "accepts connections again" not in daemon.stderr
            resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (soft, hard))
            eventually(lambda: "info http: accepts connections again" in daemon.stderr, 20, "its end is told")
        assert daemon.client().accepted()
        assert daemon.stderr.count("cannot accept") == 1
