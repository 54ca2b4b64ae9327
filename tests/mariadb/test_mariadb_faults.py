"""What a MariaDB server does to its clients when it fails, stops or refuses: what was answered is delivered, no try is
used up, repeats are explained, and nobody has to restart anything."""

import os
import re
import subprocess
import time
import uuid
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pymysql
import pytest

from harness.journal import effects
from harness.load import Load
from harness.mariadb_log import MariadbLog
from harness.services import PrivateServices, url_of
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

CONSUMED = 3


class OwnServer(PrivateServices):
    """A server for the tests of this file. revive() makes it well again, whatever the last test left."""

    def revive(self):
        self.run("cont", "mariadb")  # fails if it does not run, and then there is nothing to continue
        self("up", "mariadb")


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
    made = MariadbLog(server.url("mariadb"), (names["mail.exchange"], names["mail.routing_key"]))
    yield made
    server.revive()
    made.end()


@pytest.fixture
def on_own_log(own_log, names):
    """The configuration of a daemon on that log, with a lease that a test can wait for."""
    return {"message_log.url": own_log.url, "broker.url": url_of("rabbitmq"), "worker.lease": "5s", **names}


def check_all_delivered(daemon, log, answered, within_s=60):
    """Every answered mail has had its effect; no row is left open; repeats are counted in their rows; no try was used."""
    eventually(lambda: log.one("SELECT COUNT(*) FROM msg_log WHERE status <> 3") == 0, within_s, "everything is consumed")
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
                server("kill", "mariadb")
                let_pass(0.5)
                server("up", "mariadb")
                eventually(lambda before=before: len(load.answered) > before + 20, 30, "intake goes on by itself")
            eventually(lambda: len(load.answered) > 100, 30, "intake goes on beside them")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)
        assert daemon.stop() == 0


def test_sessions_that_are_killed_cost_nothing(make_daemon, on_own_log, own_log):
    with make_daemon(config=on_own_log) as daemon, closing(own_log.connect()) as person:
        with Load(daemon.port, clients=4) as load, person.cursor() as cursor:
            for _ in range(20):
                let_pass(0.2)
                cursor.execute("SELECT id FROM information_schema.processlist WHERE db = DATABASE() "
                               "AND id <> CONNECTION_ID()")
                for (session,) in cursor.fetchall():
                    try:
                        cursor.execute(f"KILL {session}")
                    except pymysql.MySQLError as problem:  # it has ended by itself
                        assert problem.args[0] == 1094
            eventually(lambda: len(load.answered) > 100, 30, "intake goes on beside them")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)
        assert daemon.process.poll() is None, "it kept its name, too"
        assert daemon.stop() == 0


def test_a_stopped_server_is_waited_for(make_daemon, on_own_log, own_log, server):
    with make_daemon(config=on_own_log) as daemon:
        with Load(daemon.port, clients=4, deadline_s=40) as load:
            let_pass(1)
            server("stop", "mariadb")
            began = time.monotonic()
            let_pass(7)
            assert daemon.client().get("/readyz").status_code == 503, "it says that the log does not answer"
            let_pass(20 - (time.monotonic() - began))
            server("cont", "mariadb")
            before = len(load.answered)
            eventually(lambda: len(load.answered) > before + 50, 30, "intake goes on by itself")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)
        assert own_log.one("SELECT SUM(lapse_count) FROM msg_log") <= 16, "a gap is nobody's lapse"
        assert daemon.stop() == 0


def test_a_strangers_row_lock_delays_only_its_rows(make_daemon, on_own_log, own_log, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    daemon = make_daemon(config=on_own_log, environment={"WAYBILL_FAULT_GATE": str(gate)})
    with daemon, closing(own_log.connect()) as stranger:
        client = daemon.client()
        held = [client.accepted() for _ in range(3)]  # fewer than there are handlers: what they began cannot end
        eventually(lambda: own_log.one("SELECT COUNT(*) FROM msg_log WHERE owner IS NOT NULL") == 3, 10, "claimed")
        with stranger.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute("SELECT msg_id FROM msg_log FOR UPDATE")
        gate.unlink()
        others = [client.accepted() for _ in range(100)]
        eventually(lambda: all(client.status(one) == CONSUMED for one in others), 10, "the others are consumed")
        waited = sorted(row["consume_time"] - row["create_time"] for row in own_log.rows("*", "status = 3"))
        assert waited[len(waited) // 2] < timedelta(milliseconds=500), "most of them did not notice"
        assert not any(client.status(one) == CONSUMED for one in held)
        stranger.rollback()
        check_all_delivered(daemon, own_log, held + others)
        assert daemon.stop() == 0


def test_a_locked_table_is_waited_for(make_daemon, on_own_log, own_log):
    with make_daemon(config=on_own_log) as daemon, closing(own_log.connect()) as stranger:
        with Load(daemon.port, clients=4) as load:
            let_pass(0.5)
            with stranger.cursor() as cursor:
                cursor.execute("LOCK TABLES msg_log WRITE")
            let_pass(3)
            with stranger.cursor() as cursor:
                cursor.execute("UNLOCK TABLES")
            before = len(load.answered)
            eventually(lambda: len(load.answered) > before + 50, 30, "intake goes on by itself")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)


def test_strangers_that_lock_in_another_order_are_survived(make_daemon, on_own_log, own_log):
    with make_daemon(config=on_own_log) as daemon, closing(own_log.connect()) as stranger:
        with stranger.cursor() as cursor:  # otherwise it would lock the place of every row to come, too
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        with Load(daemon.port, clients=8) as load:
            for _ in range(20):
                try:
                    with stranger.cursor() as cursor:
                        cursor.execute("SELECT msg_id FROM msg_log WHERE status <> 3 ORDER BY msg_id DESC LIMIT 50 "
                                       "FOR UPDATE")
                        ids = [row[0] for row in cursor.fetchall()]
                        let_pass(0.05)
                        cursor.execute("SELECT msg_id FROM msg_log WHERE status <> 3 ORDER BY arrival LIMIT 50 FOR UPDATE")
                        if ids:
                            cursor.execute("UPDATE msg_log SET last_error = last_error WHERE msg_id IN %s", (ids,))
                    stranger.commit()
                except pymysql.MySQLError as problem:  # the stranger may be the one that the server chooses
                    stranger.rollback()
                    assert problem.args[0] in (1205, 1213), problem
            eventually(lambda: len(load.answered) > 100, 30, "intake goes on beside them")
            load.end()
        check_all_delivered(daemon, own_log, load.answered)


@pytest.fixture
def plain_user(own_log):
    """Without the administrators' rights that the owner of the server's databases has; returns the URL that it uses."""
    name = f"plain_{uuid.uuid4().hex[:12]}"
    own_log.execute(f"CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY 'secret'")
    own_log.execute(f"GRANT ALL PRIVILEGES ON `{own_log.name}`.* TO '{name}'@'127.0.0.1'")
    yield re.sub("//[^@]*@", f"//{name}:secret@", own_log.url)
    own_log.execute(f"DROP USER '{name}'@'127.0.0.1'")


def test_a_read_only_server_is_told_and_waited_for(make_daemon, on_own_log, own_log, plain_user):
    with make_daemon(config={**on_own_log, "message_log.url": plain_user}) as daemon:
        client = daemon.client()
        first = client.accepted()
        eventually(lambda: client.status(first) == CONSUMED, 10, "it works")
        own_log.on_server("SET GLOBAL read_only = 1")
        eventually(lambda: client.send().status_code == 503, 10, "nothing is accepted")
        eventually(lambda: "read-only" in daemon.stderr, 10, "the reason is told")
        own_log.on_server("SET GLOBAL read_only = 0")
        second = eventually(lambda: (r := client.send()).status_code == 200 and r.json()["data"]["msgId"], 20, "again")
        eventually(lambda: client.status(second) == CONSUMED, 10, "it works again")


@pytest.fixture
def small_disk(server, own_log):
    """The files of the log's database are on a file system of 64 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    place = Path(server.directory) / "mariadb" / "data" / own_log.name
    owner = place.stat()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64m,uid={owner.st_uid},gid={owner.st_gid},mode=700", "none",
                    str(place)], check=True)
    try:
        yield place
        for (table,) in own_log.all("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"):
            own_log.execute(f"DROP TABLE {table}")
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_waited_for(make_daemon, server, on_own_log, own_log, small_disk):
    filler = small_disk / "filler"
    with make_daemon(config=on_own_log) as daemon:
        client = daemon.client()
        first = client.accepted()
        eventually(lambda: client.status(first) == CONSUMED, 10, "it works")
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 65536)
            except OSError:
                pass
        answered = [first]

        def refused():
            response = client.send(content="x" * 20_000)
            if response.status_code == 200:
                answered.append(response.json()["data"]["msgId"])
            return response.status_code == 503
        eventually(refused, 60, "nothing more is accepted")
        # The server does not say so: it tries again and again to make its file longer, and is silent.
        eventually(lambda: "does not take writes" in daemon.stderr, 10, "it is told")
        filler.unlink()

        def accepted():
            server("up", "mariadb")  # it ends itself if it could not write a page; whoever makes room starts it again
            response = client.send()
            return response.status_code == 200 and response.json()["data"]["msgId"]
        again = eventually(accepted, 30, "again")
        check_all_delivered(daemon, own_log, [*answered, again])
        assert daemon.stop() == 0
