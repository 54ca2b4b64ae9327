"""The wall clock of the database's machine is set, an hour forward and back, while everything runs: the log's times are
the store's, so this must end no attempt that goes on, and keep none that does not."""

import time
from collections import Counter

import pytest

from harness.journal import Journal
from harness.load import Load
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

HOUR_S = 3600
LEASE_S = 10
HELD = 4
OPEN_MOST = 16 + 192  # handlers, and claims ahead of them


class Pair:
    """Two instances: one accepts, relays and works, the other one relays and works. While `gate` is shut, what the
    first one handles does not end."""

    def __init__(self, serve_over, database, tmp_path):
        self.gate = tmp_path / "gate"
        self._database = database
        config = {"worker.lease": f"{LEASE_S}s", "worker.crash_limit": 0}
        self.one, self.two = (
            serve_over(database, name, config={**config, "instance.name": name, **more}, environment=environment)
            for name, more, environment in (("one", {}, {"WAYBILL_FAULT_GATE": str(self.gate)}),
                                            ("two", {"instance.roles": "relay,worker"}, {})))
        self._journals = [Journal(daemon.journal) for daemon in (self.one, self.two)]

    def __enter__(self):
        for daemon in (self.one, self.two):
            daemon.start()
        for daemon in (self.one, self.two):
            daemon.wait_ready()
        return self

    def __exit__(self, *_):
        for daemon in (self.one, self.two):
            daemon.end()

    def shut_gate(self):
        self.gate.touch()
        eventually(lambda: self.held_by_one() >= HELD, 30, "the first one has attempts that do not end")

    def held_by_one(self):
        return self._database.rows("SELECT count(*) FROM msg_log WHERE owner LIKE 'one#%%'")[0][0]

    def effects(self):
        return sum((journal.effects() for journal in self._journals), Counter())


def test_steps_of_the_stores_clock_end_nothing_that_goes_on(serve_over, make_server, tmp_path):
    server = make_server(own_clock=True)
    database = server.database

    def total(what):
        return int(database.rows(f"SELECT COALESCE(SUM({what}), 0) FROM msg_log")[0][0])

    def open_count():
        return database.rows("SELECT COUNT(*) FROM msg_log WHERE status <> 3")[0][0]

    with Pair(serve_over, database, tmp_path) as pair:
        with Load(pair.one.port, clients=2) as load:
            for ahead_s in (HOUR_S, 0):
                pair.shut_gate()
                server.set_clock(ahead_s)
                stepped = time.monotonic()
                answered, happened = len(load.answered), sum(pair.effects().values())
                eventually(lambda: len(load.answered) > answered + 50, 30, "mails are answered")
                eventually(lambda: sum(pair.effects().values()) > happened + 50, 30, "mails are delivered")
                eventually(lambda: time.monotonic() > stepped + 1.5 * LEASE_S, 30, "every lease would have passed")
                assert pair.held_by_one() >= HELD, "what goes on was not ended"
                assert total("lapse_count") == total("crash_count") == 0, "nor anything else"
                pair.gate.unlink()
            server.kill()
            server.up()
            answered = len(load.answered)
            eventually(lambda: len(load.answered) > answered + 50, 30, "mails are answered")
            pair.shut_gate()
            load.end()
        assert total("lapse_count") == total("crash_count") == 0
        server.set_clock(-HOUR_S)  # the leases of the dead end an hour ahead
        pair.one.kill()
        eventually(lambda: open_count() == 0, 120, "the other one delivers everything", every_s=0.2)
        assert 0 < total("crash_count") <= OPEN_MOST, "and ended only what was open"
        assert pair.two.stop() == 0
    assert total("try_count") == 0
    happened = pair.effects()
    assert set(load.answered) <= set(happened)
    broken = [one for one, counted in database.rows("SELECT msg_id, lapse_count + unknown_count FROM msg_log")
              if happened[one] - 1 > counted]
    assert not broken, f"repeated without being counted: {broken[:5]}"
