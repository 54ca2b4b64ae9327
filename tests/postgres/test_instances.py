"""Several instances on one log."""

import pytest

from harness.journal import effects
from harness.waiting import eventually

pytestmark = pytest.mark.services("postgres", "rabbitmq")

CONSUMED = 3


def names_of(log):
    return {row[0] for row in [(r["owner"],) for r in log.rows("owner")]}


def test_a_name_is_held_by_one(make_daemon, shared):
    with make_daemon("first", config={**shared, "instance.name": "only"}) as first:
        second = make_daemon("second", config={**shared, "instance.name": "only"})
        second.start()
        assert second.wait() == 1
        assert f"held by process {first.process.pid}" in second.stderr and "instance.name" in second.stderr
        assert first.stop() == 0
        with second:
            assert second.stop() == 0


def test_roles_may_be_shared_out(make_daemon, shared, log):
    with make_daemon("accepts", config={**shared, "instance.roles": "api"}) as accepts, \
            make_daemon("carries", config={**shared, "instance.roles": "relay"}), \
            make_daemon("handles", config={**shared, "instance.roles": "worker"}) as handles:
        ids = [accepts.client().accepted(subject=f"mail {number}") for number in range(50)]
        eventually(lambda: log.one("SELECT count(*) FROM msg_log WHERE status = 3") == 50, 20, "all are consumed")
        assert effects(handles.journal) == {one: 1 for one in ids}


def test_ids_of_all_instances_are_different(make_daemon, shared, log):
    with make_daemon("one", config=shared) as one, make_daemon("two", config=shared) as two:
        ids = [instance.client().accepted() for _ in range(100) for instance in (one, two)]
        assert len(set(ids)) == 200
        assert log.one("SELECT count(*) FROM node_lease") == 2
        eventually(lambda: log.one("SELECT count(*) FROM msg_log WHERE status = 3") == 200, 20, "all are consumed")
        assert effects(one.journal) + effects(two.journal) == {one: 1 for one in ids}


def test_a_killed_instance_is_taken_for_dead_at_its_next_start(make_daemon, shared, log, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    daemon = make_daemon(config={**shared, "worker.lease": "60s"}, environment={"WAYBILL_FAULT_GATE": str(gate)})
    with daemon:
        ids = [daemon.client().accepted() for _ in range(4)]
        eventually(lambda: log.one("SELECT count(*) FROM msg_log WHERE owner IS NOT NULL") == 4, 10, "all are claimed")
        daemon.kill()
    gate.unlink()
    with daemon:  # its leases would run for most of a minute; its process is gone
        eventually(lambda: log.one("SELECT count(*) FROM msg_log WHERE status = 3") == 4, 20, "all are consumed")
        waited = log.one("SELECT max(consume_time - create_time) < interval '40 seconds' FROM msg_log")
        assert waited, "nobody waited for the leases"
    assert set(effects(daemon.journal)) == set(ids)
