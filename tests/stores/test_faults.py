"""What a server does to its clients when it fails, stops or refuses: what was answered is delivered, no try is used up,
repeats are explained, and nobody has to restart anything."""

import os
import time
from contextlib import closing
from datetime import timedelta

import pytest

from harness.journal import effects
from harness.load import Load
from harness.shared_stores import SERVERS
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

CONSUMED = 3
LEASE = {"worker.lease": "5s"}  # one that a test can wait for
# In what order a stranger locks rows without locking all there are; and why nothing is accepted on a full disk: MariaDB
# does not say so, it tries again and again to make its file longer, and is silent.
SECOND_ORDER = {"postgres": "random()", "mariadb": "arrival"}
FULL = {"postgres": "disk is full", "mariadb": "does not take writes"}


@pytest.fixture(scope="module")
def server_of_the_file(kind):
    server = SERVERS[kind]()
    yield server
    server.end()


@pytest.fixture
def server(server_of_the_file):
    server_of_the_file.revive()
    return server_of_the_file


@pytest.fixture
def database(server, names):
    made = server.create_database(route=(names["mail.exchange"], names["mail.routing_key"]))
    yield made
    server.revive()
    made.drop()


def check_all_delivered(daemon, database, answered, within_s=60):
    """Every answered mail has had its effect; no row is left open; repeats are counted in their rows; no try was used."""
    eventually(lambda: database.one("SELECT count(*) FROM msg_log WHERE status <> 3") == 0, within_s,
               "everything is consumed")
    happened = effects(daemon.journal)
    rows = {row["msg_id"]: row for row in database.messages("msg_id, lapse_count, unknown_count, try_count")}
    assert set(answered) <= set(happened), "every answered mail was delivered"
    assert set(happened) <= set(rows)
    for one, count in happened.items():
        assert count - 1 <= rows[one]["lapse_count"] + rows[one]["unknown_count"], one
    assert all(row["try_count"] == 0 for row in rows.values()), "an outage uses up no try"


def let_pass(seconds):
    """While faults happen; nothing is awaited."""
    time.sleep(seconds)


def more_answered(load, least):
    goal = len(load.answered) + least
    eventually(lambda: len(load.answered) > goal, 30, "intake goes on by itself")


def enough_answered(load):
    eventually(lambda: len(load.answered) > 100, 30, "intake goes on beside them")
    load.end()


def test_a_killed_server_costs_nothing(serve_over, database, server):
    with serve_over(database, config=LEASE) as daemon:
        with Load(daemon.port, clients=4) as load:
            for _ in range(3):
                let_pass(1)
                server.kill()
                let_pass(0.5)
                server.up()
                more_answered(load, 20)
            enough_answered(load)
        check_all_delivered(daemon, database, load.answered)
        assert daemon.stop() == 0


def test_sessions_that_are_ended_cost_nothing(serve_over, database):
    with serve_over(database, config=LEASE) as daemon:
        with Load(daemon.port, clients=4) as load:
            for _ in range(20):
                let_pass(0.2)
                database.end_sessions()
            enough_answered(load)
        check_all_delivered(daemon, database, load.answered)
        assert daemon.process.poll() is None, "it kept its name, too"
        assert daemon.stop() == 0


def test_a_stopped_server_is_waited_for(serve_over, database, server):
    with serve_over(database, config=LEASE) as daemon:
        with Load(daemon.port, clients=4, deadline_s=40) as load:
            let_pass(1)
            server.pause()
            began = time.monotonic()
            eventually(lambda: daemon.client().get("/readyz").status_code == 503, 10, "it says that the log does not answer")
            let_pass(max(0, 20 - (time.monotonic() - began)))
            server.go_on()
            more_answered(load, 50)
            load.end()
        check_all_delivered(daemon, database, load.answered)
        assert database.one("SELECT sum(lapse_count) FROM msg_log") <= 16, "a gap is nobody's lapse"
        assert daemon.stop() == 0


def consume_some(client, database):
    """Mails, once they are consumed, and how long half of them took at most."""
    ids = [client.accepted() for _ in range(100)]
    eventually(lambda: all(client.status(one) == CONSUMED for one in ids), 10, "they are consumed")
    took = {row["msg_id"]: row["consume_time"] - row["create_time"]
            for row in database.messages("msg_id, create_time, consume_time", "status = 3")}
    return ids, sorted(took[one] for one in ids)[len(ids) // 2]


def test_a_strangers_row_lock_delays_only_its_rows(serve_over, database, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    daemon = serve_over(database, config=LEASE, environment={"WAYBILL_FAULT_GATE": str(gate)})
    with daemon, closing(database.connect()) as stranger:
        client = daemon.client()
        held = [client.accepted() for _ in range(3)]  # fewer than there are handlers: what they began cannot end
        eventually(lambda: database.one("SELECT count(*) FROM msg_log WHERE owner IS NOT NULL") == 3, 10, "claimed")
        with stranger.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
            cursor.execute("SELECT msg_id FROM msg_log FOR UPDATE")
        gate.unlink()
        others, beside = consume_some(client, database)
        assert not any(client.status(one) == CONSUMED for one in held)
        stranger.rollback()
        eventually(lambda: all(client.status(one) == CONSUMED for one in held), 10, "the held ones are consumed")
        more, alone = consume_some(client, database)
        assert beside < max(timedelta(milliseconds=500), 3 * alone), "most of them did not notice"
        check_all_delivered(daemon, database, held + others + more)
        assert daemon.stop() == 0


def test_a_locked_table_is_waited_for(serve_over, database):
    with serve_over(database, config=LEASE) as daemon:
        with Load(daemon.port, clients=4) as load:
            let_pass(0.5)
            with database.lock_table():
                let_pass(3)
            more_answered(load, 50)
            load.end()
        check_all_delivered(daemon, database, load.answered)


def test_strangers_that_lock_in_another_order_are_survived(serve_over, database, kind):
    def lock(cursor, order):
        cursor.execute(f"SELECT msg_id FROM msg_log WHERE status <> 3 ORDER BY {order} LIMIT 50 FOR UPDATE")
        return [row[0] for row in cursor.fetchall()]

    with serve_over(database, config=LEASE) as daemon, closing(database.connect()) as stranger:
        with Load(daemon.port, clients=8) as load:
            for _ in range(20):
                try:
                    with stranger.cursor() as cursor:
                        # Otherwise it would lock the place of every row to come, too.
                        cursor.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                        ids = lock(cursor, "msg_id DESC")
                        let_pass(0.05)
                        ids += lock(cursor, SECOND_ORDER[kind])
                        if ids:
                            cursor.execute("UPDATE msg_log SET last_error = last_error WHERE msg_id IN %s", (tuple(ids),))
                    stranger.commit()
                except database.Problem as problem:
                    stranger.rollback()
                    assert database.was_chosen(problem), problem
            enough_answered(load)
        check_all_delivered(daemon, database, load.answered)


def accepted(client):
    """The id of a mail; nothing if it is not accepted."""
    response = client.send()
    return response.status_code == 200 and response.json()["data"]["msgId"]


def test_a_read_only_server_is_told_and_waited_for(serve_over, database):
    with serve_over(database.create_plain_user(), config=LEASE) as daemon:
        client = daemon.client()
        first = client.accepted()
        eventually(lambda: client.status(first) == CONSUMED, 10, "it works")
        with database.read_only():
            eventually(lambda: client.send().status_code == 503, 10, "nothing is accepted")
            eventually(lambda: "read-only" in daemon.stderr, 10, "the reason is told")
        second = eventually(lambda: accepted(client), 20, "again")
        eventually(lambda: client.status(second) == CONSUMED, 10, "it works again")


def fill_up(file):
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"x" * 65536)
        except OSError:
            pass


@pytest.fixture
def small_disk(server, database):
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    with server.small_disk(database) as place:
        yield place


def test_a_full_disk_is_told_and_waited_for(serve_over, database, server, small_disk, kind):
    with serve_over(database, config=LEASE) as daemon:
        client = daemon.client()
        answered = [client.accepted()]
        eventually(lambda: client.status(answered[0]) == CONSUMED, 10, "it works")
        fill_up(small_disk / "filler")

        def refused():
            response = client.send(content="x" * 20_000)
            if response.status_code == 200:
                answered.append(response.json()["data"]["msgId"])
            return response.status_code == 503
        eventually(refused, 60, "nothing more is accepted")
        eventually(lambda: FULL[kind] in daemon.stderr, 10, "it is told")
        (small_disk / "filler").unlink()

        def accepted_again():
            server.up()  # MariaDB ends itself if it could not write a page; whoever makes room starts it again
            return accepted(client)
        again = eventually(accepted_again, 30, "again")
        check_all_delivered(daemon, database, [*answered, again])
        assert daemon.stop() == 0
