"""Another program's INSERT where MariaDB is unlike other servers."""

import json
import threading
import time
from contextlib import closing

import pytest

from harness.client import SAMPLE
from harness.journal import effects
from harness.waiting import eventually

pytestmark = pytest.mark.services("mariadb", "rabbitmq")

MAIL = json.dumps(SAMPLE)
CONSUMED, DEAD = 3, 5


def test_what_a_session_that_is_not_strict_may_store_is_consumed(serve_over, database):
    with serve_over(database) as daemon:
        database.execute("SET STATEMENT sql_mode = '' FOR INSERT INTO msg_log (msg_id, msg, exchange, routing_key, "
                         "next_try_time) VALUES ('no-date', %s, %s, %s, '0000-00-00')", MAIL, *database.route)
        eventually(lambda: daemon.client().status("no-date") == CONSUMED, 20, "it is found by the sweep")
        assert effects(daemon.journal) == {"no-date": 1}


def test_the_largest_body_that_a_statement_may_carry_ends_and_harms_nobody(serve_over, database):
    with serve_over(database, config={"worker.retry": "fixed 1 1000"}) as daemon:
        client = daemon.client()
        database.insert_now("huge", "x" * (database.one("SELECT @@max_allowed_packet") - 4096))
        database.insert_now("good", MAIL)
        eventually(lambda: client.status("good") == CONSUMED, 5, "a good one beside it")
        eventually(lambda: client.status("huge") in (CONSUMED, DEAD), 20, "what is huge ends")


def test_taking_never_blocks_who_inserts(serve_over, database):
    """Two relays take all the time, while programs insert: no insert waits for them, and both relays get some."""
    waits, stop, number = [], threading.Event(), iter(range(1_000_000))

    def insert():
        with closing(database.connect()) as program:
            while not stop.is_set():
                began = time.monotonic()
                with program.cursor() as cursor:
                    for _ in range(10):
                        database.insert(cursor, f"{threading.get_ident()}-{next(number)}", MAIL)
                program.commit()
                waits.append(time.monotonic() - began)

    with serve_over(database, "accepts", config={"instance.roles": "api"}) as accepts, \
            serve_over(database, "one", config={"instance.roles": "relay"}), \
            serve_over(database, "two", config={"instance.roles": "relay"}):
        assert accepts.client().get("/readyz").status_code == 200
        threads = [threading.Thread(target=insert) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            eventually(lambda: len(waits) > 150, 40, "there is much to take")
            # On a quick disk all of that comes between two polls of the one, and the other has it.
            eventually(lambda: database.one("SELECT COUNT(DISTINCT publish_boot) FROM msg_log") == 2, 20,
                       "both relays get a share", every_s=0.2)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        eventually(lambda: database.one("SELECT COUNT(*) FROM msg_log WHERE publish_count = 0") == 0, 40, "all are taken")
        assert sorted(waits)[len(waits) * 99 // 100] < 0.9, "an insert waits for the disk, not for a lock"
