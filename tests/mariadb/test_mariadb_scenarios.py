"""The three scenarios of the classic pattern, and several instances, on MariaDB and RabbitMQ: the tests of PostgreSQL."""

import pytest

from harness.journal import effects
from harness.waiting import eventually
from postgres.test_postgres_classic_scenarios import (  # noqa: F401  pytest collects what is named here
    test_a_failing_handler_is_retried_and_ends_dead_until_it_is_replayed,
    test_a_wrong_routing_key_is_told_and_delivered_once_it_is_bound,
    test_mails_go_through_sending_and_sent_to_consumed, test_what_was_not_published_is_delivered_without_help)
from postgres.test_instances import (  # noqa: F401
    test_a_name_is_held_by_one, test_ids_of_all_instances_are_different, test_roles_may_be_shared_out)

pytestmark = pytest.mark.services("mariadb", "rabbitmq")


def test_a_killed_instance_is_taken_for_dead_at_its_next_start(make_daemon, shared, log, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    daemon = make_daemon(config={**shared, "worker.lease": "60s"}, environment={"WAYBILL_FAULT_GATE": str(gate)})
    with daemon:
        ids = [daemon.client().accepted() for _ in range(4)]
        eventually(lambda: log.one("SELECT COUNT(*) FROM msg_log WHERE owner IS NOT NULL") == 4, 10, "all are claimed")
        daemon.kill()
    gate.unlink()
    with daemon:  # its leases would run for most of a minute; its process is gone
        eventually(lambda: log.one("SELECT COUNT(*) FROM msg_log WHERE status = 3") == 4, 20, "all are consumed")
        waited = log.one("SELECT MAX(TIMESTAMPDIFF(SECOND, create_time, consume_time)) FROM msg_log")
        assert waited < 40, "nobody waited for the leases"
    assert set(effects(daemon.journal)) == set(ids)
