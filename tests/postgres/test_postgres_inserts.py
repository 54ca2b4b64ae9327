"""Another program's INSERT of what only PostgreSQL takes."""

import json

import pytest

from harness.client import SAMPLE
from harness.journal import effects
from harness.waiting import eventually

pytestmark = pytest.mark.services("postgres", "rabbitmq")

CONSUMED, DEAD = 3, 5


def test_a_huge_body_ends_and_harms_nobody(serve_over, database):
    with serve_over(database, config={"worker.retry": "fixed 1 1000"}) as daemon:
        client = daemon.client()
        database.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) "
                         "SELECT 'huge', repeat('x', 100 * 1024 * 1024), %s, %s", *database.route)
        database.insert_now("good", json.dumps(SAMPLE))
        eventually(lambda: client.status("good") == CONSUMED, 5, "a good one beside it")
        dead = eventually(lambda: (m := client.message("huge"))["status"]["code"] == DEAD and m, 20, "it ends")
        assert dead["last_error"]
        assert effects(daemon.journal) == {"good": 1}
