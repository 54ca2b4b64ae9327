"""What a PostgreSQL server does to its clients when it fails, stops or refuses: what was answered is delivered, no try is
used up, repeats are explained, and nobody has to restart anything."""

import os
import subprocess
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from harness.journal import effects
from harness.load import Load
from harness.postgres_log import PostgresLog
from harness.services import PrivateServices, url_of
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

CONSUMED = 3


class OwnServer(PrivateServices):
    """A server for the tests of this file. revive() makes it well again, whatever the last test left."""

    def revive(self):
        self.run("cont", "postgres")  # fails if it does not run, and then there is nothing to continue
        self("up", "postgres")


@pytest.fixture(scope="module")
def server_of_the_file():
    server = OwnServer()
    yield server
    server.end()


@pytest.fixture
def server(server_of_the_file):
    server_of_the_file.revive()
    return server_of_the_file


@pytest.fixture
def own_log(server, names):
    made = PostgresLog(server.url("postgres"), (names["mail.exchange"], names["mail.routing_key"]))
    yield made
    server.revive()
    made.end()


@pytest.fixture
def on_own_log(own_log, names):
    """The configuration of a daemon on that log, with a lease that a test can wait for."""
    return {"message_log.url": own_log.url, "broker.url": url_of("rabbitmq"), "worker.lease": "5s", **names}



def check_all_delivered(daemon, log, answered, within_s=60):
    """Every answered mail has had its effect; no row is left open; repeats are counted in their rows; no try was used."""
    def at_rest():
        return log.one("SELECT count(*) FROM msg_log WHERE status <> 3") == 0
    eventually(at_rest, within_s, "everything is consumed")
    happened = effects(daemon.journal)
    rows = {row["msg_id"]: row for row in log.rows("msg_id, lapse_count, unknown_count, try_count")}
    assert set(answered) <= set(happened), "every answered mail was delivered"
    assert set(happened) <= set(rows)
    for one, count in happened.items():
        assert count - 1 <= rows[one]["lapse_count"] + rows[one]["unknown_count"], one
    assert all(row["try_count"] == 0 for row in rows.values()), "an outage uses up no try"


def let_pass(seconds):
    """While faults happen; nothing is awaited."""
    time.sleep(seconds)


def test_a_killed_server_costs_nothing(make_daemon, on_own_log, own_log, server):
    with make_daemon(config=on_own_log) as daemon:
        with Load(daemon.port, clients=4) as load:
            for _ in range(3):
                let_pass(1)
                before = len(load.answered)
                server("kill", "postgres")
                let_pass(0.5)
                server("up", "postgres")
                eventually(lambda before=before: len(load.answered) > before + 20, 30, "intake goes on by itself")
            eventually(lambda: len(load.answered) > 100, 30, "intake goes on beside them")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)
        assert daemon.stop() == 0


def test_backends_that_are_terminated_cost_nothing(make_daemon, on_own_log, own_log):
    with make_daemon(config=on_own_log) as daemon, closing(own_log.connect()) as person:
        person.autocommit = True
        with Load(daemon.port, clients=4) as load, person.cursor() as cursor:
            for _ in range(20):
                let_pass(0.2)
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE datname = current_database() AND application_name = 'waybill'")
            eventually(lambda: len(load.answered) > 100, 30, "intake goes on beside them")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)
        assert daemon.process.poll() is None, "it kept its name, too"
        assert daemon.stop() == 0


def test_a_stopped_server_is_waited_for(make_daemon, on_own_log, own_log, server):
    with make_daemon(config=on_own_log) as daemon:
        with Load(daemon.port, clients=4, deadline_s=40) as load:
            let_pass(1)
            server("stop", "postgres")
            began = time.monotonic()
            let_pass(6)
            assert daemon.client().get("/readyz").status_code == 503, "it says that the log does not answer"
            let_pass(20 - (time.monotonic() - began))
            server("cont", "postgres")
            before = len(load.answered)
            eventually(lambda: len(load.answered) > before + 50, 30, "intake goes on by itself")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)
        assert own_log.one("SELECT sum(lapse_count) FROM msg_log") <= 16, "a gap is nobody's lapse"
        assert daemon.stop() == 0


def test_a_strangers_row_lock_delays_only_its_rows(make_daemon, on_own_log, own_log, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    daemon = make_daemon(config=on_own_log, environment={"WAYBILL_FAULT_GATE": str(gate)})
    with daemon, closing(own_log.connect()) as stranger:
        client = daemon.client()
        held = [client.accepted() for _ in range(3)]  # fewer than there are handlers: what they began cannot end
        eventually(lambda: own_log.one("SELECT count(*) FROM msg_log WHERE owner IS NOT NULL") == 3, 10, "claimed")
        with stranger.cursor() as cursor:
            cursor.execute("SELECT msg_id FROM msg_log FOR UPDATE")
        gate.unlink()
        others = [client.accepted() for _ in range(100)]
        eventually(lambda: all(client.status(one) == CONSUMED for one in others), 10, "the others are consumed")
        waited = own_log.one("SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY consume_time - create_time) "
                             "FROM msg_log WHERE status = 3")
        assert waited < timedelta(milliseconds=500), "most of them did not notice"
        assert not any(client.status(one) == CONSUMED for one in held)
        stranger.rollback()
        check_all_delivered(daemon, own_log, held + others)
        assert daemon.stop() == 0


def test_a_locked_table_is_waited_for(make_daemon, on_own_log, own_log):
    with make_daemon(config=on_own_log) as daemon, closing(own_log.connect()) as stranger:
        with Load(daemon.port, clients=4) as load:
            let_pass(0.5)
            with stranger.cursor() as cursor:
                cursor.execute("LOCK TABLE msg_log IN ACCESS EXCLUSIVE MODE")
            let_pass(3)
            stranger.rollback()
            before = len(load.answered)
            eventually(lambda: len(load.answered) > before + 50, 30, "intake goes on by itself")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)


def test_a_read_only_server_is_told_and_waited_for(make_daemon, on_own_log, own_log):
    with make_daemon(config=on_own_log) as daemon:
        client = daemon.client()
        first = client.accepted()
        eventually(lambda: client.status(first) == CONSUMED, 10, "it works")
        own_log.on_server("ALTER SYSTEM SET default_transaction_read_only = on")
        own_log.on_server("SELECT pg_reload_conf()")
        eventually(lambda: client.send().status_code == 503, 10, "nothing is accepted")
        eventually(lambda: "read-only" in daemon.stderr, 10, "the reason is told")
        with closing(own_log.connect()) as person:
            person.autocommit = True
            with person.cursor() as cursor:
                cursor.execute("ALTER SYSTEM RESET default_transaction_read_only")
                cursor.execute("SELECT pg_reload_conf()")
        second = eventually(lambda: (r := client.send()).status_code == 200 and r.json()["data"]["msgId"], 20, "again")
        eventually(lambda: client.status(second) == CONSUMED, 10, "it works again")


@pytest.fixture
def small_disk(server):
    """A file system of 64 MiB that the server may write to."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = Path(server.directory) / "small"
    place.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(place)], check=True)
    owner = (Path(server.directory) / "postgres" / "data").stat()
    (place / "data").mkdir()
    os.chown(place / "data", owner.st_uid, owner.st_gid)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_told_and_waited_for(make_daemon, on_own_log, own_log, small_disk):
    own_log.on_server(f"CREATE TABLESPACE small LOCATION '{small_disk}/data'")
    own_log.on_server(f"ALTER DATABASE {own_log.name} SET TABLESPACE small")
    filler = small_disk / "filler"
    with make_daemon(config=on_own_log) as daemon:
        client = daemon.client()
        first = client.accepted()
        eventually(lambda: client.status(first) == CONSUMED, 10, "it works")
        with filler.open("wb") as file:
            try:
                while True:
                    file.write(b"x" * 65536)
                    file.flush()
            except OSError:
                pass
        answered = [first]

        def refused():
            response = client.send(content="x" * 5000)
            if response.status_code == 200:
                answered.append(response.json()["data"]["msgId"])
            return response.status_code == 503
        eventually(refused, 30, "nothing more is accepted")
        eventually(lambda: "disk is full" in daemon.stderr, 10, "the reason is told")
        filler.unlink()
        again = eventually(lambda: (r := client.send()).status_code == 200 and r.json()["data"]["msgId"], 20, "again")
        check_all_delivered(daemon, own_log, [*answered, again])
        assert daemon.stop() == 0
    own_log.end()
    own_log.on_server("DROP TABLESPACE small")


def test_strangers_that_lock_in_another_order_are_survived(make_daemon, on_own_log, own_log):
    with make_daemon(config=on_own_log) as daemon, closing(own_log.connect()) as stranger:
        with Load(daemon.port, clients=8) as load:
            for _ in range(20):
                try:
                    with stranger, stranger.cursor() as cursor:
                        cursor.execute("SELECT count(*) FROM (SELECT FROM msg_log WHERE status <> 3 "
                                       "ORDER BY msg_id DESC LIMIT 50 FOR UPDATE) locked")
                        let_pass(0.05)
                        cursor.execute("UPDATE msg_log SET last_error = last_error WHERE msg_id IN "
                                       "(SELECT msg_id FROM msg_log WHERE status <> 3 ORDER BY random() LIMIT 50)")
                except Exception as problem:  # the stranger may be the one that the server chooses
                    assert "deadlock" in str(problem), problem
            eventually(lambda: len(load.answered) > 100, 30, "intake goes on beside them")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)
