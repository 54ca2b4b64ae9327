"""Disks that fail, fill up or are slow: no 200 that is not durable, no lapse by slowness, recovery or a clear stop."""

import errno
import os
import subprocess
import time

import pytest

from harness.load import MixedLoad
from harness.log_file import read_one
from harness.promise import check_promise
from harness.strace import injected, injecting
from harness.waiting import eventually


def start_with(daemon, tmp_path, what, path=None):
    """Starts a life whose calls are tampered with. The database was made before the disk went bad. Returns what counts
    how often it happened."""
    with daemon:
        pass
    output = tmp_path / "strace"
    daemon.under = injecting(output, what, path)
    daemon.start()
    daemon.wait_ready()
    return lambda: injected(output)


def wal_of(daemon):
    return daemon.database.with_name("waybill.db-wal")


def settle(daemon, answered):
    """Brings the daemon back to a disk that works, lets it finish, and compares."""
    daemon.under = []
    if daemon.process.poll() is not None:
        daemon.start()
        daemon.wait_ready()
    client = daemon.client()
    eventually(lambda: client.open_count() == 0, 120, "nothing is left open")
    assert daemon.stop() == 0
    check_promise(daemon, answered)


def run_with(daemon, until=lambda answered: True, seconds=0.5):
    """Mails and arrays of messages until that is true, and then for a while; the ids answered with 200. Other answers may
    only say `later`."""
    with MixedLoad(daemon.port, clients=4, array_clients=1) as load:
        eventually(lambda: daemon.process.poll() is not None or until(load.answered), 60, "the load has done it",
                   every_s=0.05)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and daemon.process.poll() is None:
            time.sleep(0.05)
        load.end()
    assert {status for status, _ in load.refused} <= {503}, load.refused[:3]
    return load.answered


@pytest.mark.parametrize("number", [1, 2, 3, 5, 8, 13])
@pytest.mark.parametrize("what", ["fdatasync:error=EIO", "pwrite64:error=EIO", "pwrite64:error=ENOSPC"])
def test_one_failing_call_on_the_log(make_daemon, tmp_path, what, number):
    """The n-th call after the start fails, once."""
    daemon = make_daemon()
    count = start_with(daemon, tmp_path, f"{what}:when={number + 20}", wal_of(daemon))
    answered = run_with(daemon, lambda _: count() == 1)
    assert count() == 1
    if daemon.process.poll() is None:
        assert daemon.client().accepted(), "it goes on where it can"
    else:
        assert daemon.process.returncode > 0, "it stops by itself and says why"
        assert "waybill.db" in daemon.stderr
    settle(daemon, answered)


@pytest.mark.parametrize("what", ["fdatasync:error=EIO", "pwrite64:error=ENOSPC"])
def test_a_log_that_fails_from_some_call_on(make_daemon, tmp_path, what):
    """From the n-th call on every one fails: nothing more is promised."""
    daemon = make_daemon()
    count = start_with(daemon, tmp_path, f"{what}:when=60+", wal_of(daemon))
    answered = run_with(daemon, lambda _: count() > 0, seconds=3)
    assert count() > 0
    before = len(answered)
    answered += run_with(daemon, seconds=1)
    assert len(answered) == before, "nothing is accepted while the log cannot be written"
    if daemon.process.poll() is None:
        assert daemon.client().get("/readyz").status_code == 503
        daemon.kill()
    else:
        assert daemon.process.returncode > 0
    settle(daemon, answered)


def test_a_slow_disk_makes_nothing_lapse(make_daemon, tmp_path):
    """300 ms for each sync, and a short lease, but not so short that a busy machine could use it up."""
    daemon = make_daemon(config={"worker.lease": "5s"})
    count = start_with(daemon, tmp_path, "fdatasync:delay_enter=300000", wal_of(daemon))
    answered = run_with(daemon, lambda answered: count() >= 15 and len(answered) >= 20)
    client = daemon.client()
    eventually(lambda: client.open_count() == 0, 120, "all is delivered, slowly", every_s=0.5)
    stats = client.stats()
    assert (stats["lapse_count"], stats["unknown_count"]) == (0, 0)
    assert daemon.stop() == 0
    check_promise(daemon, answered)


def test_a_failing_maildir_costs_tries_and_no_mail(make_daemon, tmp_path):
    """Ten renames fail, after those of the start: the attempts fail and are made again."""
    daemon = make_daemon(config={"worker.retry": "fixed 20 200"})
    count = start_with(daemon, tmp_path, "rename:error=EIO:when=5..14")
    answered = run_with(daemon, lambda answered: len(answered) >= 300)
    settle(daemon, answered)
    failed = count()  # ten of each thread
    assert failed >= 10
    assert 1 <= read_one(daemon.database, "SELECT sum(try_count) FROM msg_log") <= failed


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 MB for the data directory."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount")
    place = tmp_path / "one" / "data"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(place)], check=True)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(path):
    """Writes a file until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC


def test_a_full_disk_refuses_and_recovers(small_disk, make_daemon):
    daemon = make_daemon(config={"worker.retry": "fixed 100 300"})
    with daemon:
        answered = run_with(daemon, seconds=0.3)
        fill(small_disk / "filler")
        answered += run_with(daemon, seconds=3)
        if daemon.process.poll() is None:
            refused = any(daemon.client().send(content="x" * 900_000).status_code == 503 for _ in range(50))
            assert refused, "what no longer fits is refused"
        (small_disk / "filler").unlink()
        if daemon.process.poll() is None:
            eventually(lambda: daemon.client().send().status_code == 200, 30, "it accepts again")
        settle(daemon, answered)
