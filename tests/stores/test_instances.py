"""Several instances on one log."""

from datetime import timedelta

import pytest

from harness.journal import effects
from harness.waiting import eventually

pytestmark = pytest.mark.services("postgres", "mariadb", "rabbitmq")

CONSUMED_ROWS = "SELECT count(*) FROM msg_log WHERE status = 3"


def test_a_name_is_held_by_one(serve_over, database):
    with serve_over(database, "first", config={"instance.name": "only"}) as first:
        second = serve_over(database, "second", config={"instance.name": "only"})
        second.start()
        assert second.wait() == 1
        assert f"held by process {first.process.pid}" in second.stderr and "instance.name" in second.stderr
        assert first.stop() == 0
        with second:
            assert second.stop() == 0


def test_roles_may_be_shared_out(serve_over, database):
    with serve_over(database, "accepts", config={"instance.roles": "api"}) as accepts, \
            serve_over(database, "carries", config={"instance.roles": "relay"}), \
            serve_over(database, "handles", config={"instance.roles": "worker"}) as handles:
        ids = [accepts.client().accepted(subject=f"mail {number}") for number in range(50)]
        eventually(lambda: database.one(CONSUMED_ROWS) == 50, 20, "all are consumed")
        assert effects(handles.journal) == {one: 1 for one in ids}


def test_ids_of_all_instances_are_different(serve_over, database):
    with serve_over(database, "one") as one, serve_over(database, "two") as two:
        ids = [instance.client().accepted() for _ in range(100) for instance in (one, two)]
        assert len(set(ids)) == 200
        assert database.one("SELECT count(*) FROM node_lease") == 2
        eventually(lambda: database.one(CONSUMED_ROWS) == 200, 20, "all are consumed")
        assert effects(one.journal) + effects(two.journal) == {one: 1 for one in ids}


def test_a_killed_instance_is_taken_for_dead_at_its_next_start(serve_over, database, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    daemon = serve_over(database, config={"worker.lease": "60s"}, environment={"WAYBILL_FAULT_GATE": str(gate)})
    with daemon:
        ids = [daemon.client().accepted() for _ in range(4)]
        eventually(lambda: database.one("SELECT count(*) FROM msg_log WHERE owner IS NOT NULL") == 4, 10, "all are claimed")
        daemon.kill()
    gate.unlink()
    with daemon:  # its leases would run for most of a minute; its process is gone
        eventually(lambda: database.one(CONSUMED_ROWS) == 4, 20, "all are consumed")
        waited = [row["consume_time"] - row["create_time"] for row in database.messages("create_time, consume_time")]
        assert max(waited) < timedelta(seconds=40), "nobody waited for the leases"
    assert set(effects(daemon.journal)) == set(ids)
