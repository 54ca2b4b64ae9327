"""Database, broker and Waybill die at the same moment, under load: what was answered has its effect."""

import pytest

from harness.journal import Journal
from harness.load import Load
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres", "mariadb")


def test_what_was_answered_survives_the_death_of_all(make_daemon, services, kind):
    services("up", kind, "rabbitmq")
    daemon = make_daemon(config={"message_log.url": services.url(kind), "broker.url": services.url("rabbitmq")})
    answered = []
    for _ in range(2):
        daemon.start()
        daemon.wait_ready()
        with Load(daemon.port, clients=8) as load:
            eventually(lambda load=load: len(load.answered) > 300, 30, "mails are answered")
            services("kill", kind, "rabbitmq")
            daemon.kill()
            load.end()
        answered += load.answered
        services("up", kind, "rabbitmq")
    with daemon:
        client = daemon.client()
        eventually(lambda: client.open_count() == 0, 120, "nothing is left open", every_s=0.2)
        stats = client.stats()
        assert daemon.stop() == 0
    happened = Journal(daemon.journal).effects()
    assert not [one for one in answered if not happened[one]]
    repeats = sum(times - 1 for times in happened.values())
    assert repeats <= stats["lapse_count"] + stats["unknown_count"]
