"""What ended long ago is removed from a shared log, beside everybody who works with it; what was removed is remembered
for as long as it may come back."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pika
import pytest

from harness.client import Client
from harness.journal import effects
from harness.services import url_of
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres", "mariadb")

CONSUMED, DEAD, UNKNOWN, CANCELLED = 3, 5, 6, 7
PATIENCE_S = 2  # a wait for a lock beyond this would have held up a producer
OLD_ROWS = 20_000
BODY = json.dumps({"subject": "from elsewhere", "content": "x", "tos": ["a@example.org"]})


def fill_history(database):
    """Finished messages of nine days and of one, and old ones that are not finished."""
    old, lately = database.ago(days=9), database.ago(days=1)
    columns = "(msg_id, exchange, routing_key, status, queue, publish_count, next_try_time, create_time, update_time, confirm_time)"
    with database.transaction() as cursor:
        for at in range(0, OLD_ROWS, 1000):
            rows = [f"('old-{number}', '', 'q', {CANCELLED if number % 10 else CONSUMED}, 'q', 1, NULL, {old}, {old}, NULL)"
                    for number in range(at, at + 1000)]
            cursor.execute(f"INSERT INTO msg_log {columns} VALUES " + ",".join(rows))
            if at < 5000:
                rows = [f"('lately-{number}', '', 'q', {CONSUMED}, 'q', 1, NULL, {old}, {lately}, NULL)"
                        for number in range(at, at + 1000)]
                cursor.execute(f"INSERT INTO msg_log {columns} VALUES " + ",".join(rows))
        kept = [f"('dead-{number}', '', 'q', {DEAD}, 'q', 1, NULL, {old}, {old}, NULL)" for number in range(200)]
        kept += [f"('held-{number}', '', 'q', {UNKNOWN}, 'q', 1, NULL, {old}, {old}, NULL)" for number in range(200)]
        kept += [f"('external-{number}', '', 'q', 1, '', 1, NULL, {old}, {old}, {old})" for number in range(200)]
        cursor.execute(f"INSERT INTO msg_log {columns} VALUES " + ",".join(kept))


class Producer(threading.Thread):
    """Inserts mails in transactions, one in five rolled back, and never waits for long."""

    def __init__(self, database, number):
        super().__init__()
        self._connection = database.connect()
        with self._connection.cursor() as cursor:
            database.wait_for_locks(cursor, PATIENCE_S)
        self._name = f"live-{number}"
        self._route = database.route
        self._ended = threading.Event()
        self.committed = set()
        self.trouble = None

    def run(self):
        try:
            count = 0
            while not self._ended.is_set():
                ids = [f"{self._name}-{count}-{item}" for item in range(10)]
                with self._connection.cursor() as cursor:
                    cursor.executemany("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES (%s, %s, %s, %s)",
                                       [(one, BODY, *self._route) for one in ids])
                if count % 5 == 4:
                    self._connection.rollback()
                else:
                    self._connection.commit()
                    self.committed.update(ids)
                count += 1
                time.sleep(0.02)
        except Exception as trouble:  # pylint: disable=broad-except
            self.trouble = trouble
        self._connection.close()

    def end(self):
        self._ended.set()
        self.join()


def prune(url):
    """How many requests it took until nothing more was old enough."""
    client, pruned = Client(url, deadline_s=60), 0
    while True:
        answer = client.post("/v1/prune", json={"older_than": "7d", "limit": 1000})
        assert answer.status_code == 200, answer.text
        pruned += answer.json()["pruned"]
        if not answer.json()["more"]:
            return pruned


def test_pruning_goes_on_beside_producers_workers_and_a_stranger(database, serve_over, kind):
    config = {"prune.age": "30d"}  # by itself an instance removes nothing here
    first, second = serve_over(database, config=config), serve_over(database, "two", config=config)
    with first, second:
        fill_history(database)
        producers = [Producer(database, number) for number in range(2)]
        stranger = database.connect()
        with stranger.cursor() as cursor:  # who looks into an old message for a while
            cursor.execute("SELECT msg_id FROM msg_log WHERE msg_id = 'old-7' FOR UPDATE")
        for producer in producers:
            producer.start()
        eventually(lambda: all(producer.committed or producer.trouble for producer in producers), 20, "they insert")
        with ThreadPoolExecutor(4) as pool:
            pruned = sum(pool.map(prune, [first.url, second.url] * 2))
        for producer in producers:
            producer.end()
        assert [producer.trouble for producer in producers] == [None, None]
        assert pruned == OLD_ROWS + 200 - 1  # and the external ones, which ended when they were sent
        assert database.rows("SELECT msg_id FROM msg_log WHERE msg_id LIKE 'old-%%'") == [("old-7",)]
        stranger.rollback()
        stranger.close()
        assert prune(second.url) == 1
        live = producers[0].committed | producers[1].committed

        def consumed():
            found = database.rows(f"SELECT msg_id FROM msg_log WHERE status = {CONSUMED} AND msg_id LIKE 'live-%%'")
            return {row[0] for row in found} == live
        eventually(consumed, 60, "all that was inserted meanwhile is consumed")
        kept = dict(database.rows("SELECT status, count(*) FROM msg_log WHERE msg_id NOT LIKE 'live-%%' GROUP BY status"))
        assert kept == {CONSUMED: 5000, DEAD: 200, UNKNOWN: 200}
        states = first.client().stats()["states"]
        assert states["consumed"] == 5000 + len(live) and states["cancelled"] == 0 and states["sent"] == 0
        assert first.stop() == 0 and second.stop() == 0
    happened = effects(first.journal) + effects(second.journal)
    assert happened == {one: 1 for one in live}
    if kind == "postgres":
        assert database.rows("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == [(0,)]


@pytest.fixture
def channel():
    connection = pika.BlockingConnection(pika.URLParameters(url_of("rabbitmq") + "/%2F?socket_timeout=10"))
    yield connection.channel()
    connection.close()


def test_what_was_removed_is_remembered(database, serve_over, names, channel):
    with serve_over(database, config={"prune.age": "30d"}) as daemon:
        client = daemon.client()
        copies = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(copies, names["mail.exchange"], names["mail.routing_key"])
        answer = client.send(key="the-key")
        one = answer.json()["data"]["msgId"]
        eventually(lambda: client.status(one) == CONSUMED, 20, "it is consumed")
        copy = eventually(lambda: (found := channel.basic_get(copies, auto_ack=True))[0] and found, 10, "its copy comes")
        with database.transaction() as cursor:
            cursor.execute(f"UPDATE msg_log SET update_time = {database.ago(days=8)} WHERE msg_id = '{one}'")
        assert prune(daemon.url) == 1
        assert client.message(one) is None

        # Its key answers for it.
        again = client.send(key="the-key")
        assert again.status_code == 200 and again.json()["data"]["msgId"] == one
        assert client.send(key="the-key", subject="another").status_code == 422
        assert client.message(one) is None

        # A delivery that comes when its row is gone is not handled, and not lost either.
        channel.basic_publish("", names["mail.queue"], copy[2], properties=copy[1])
        parked = eventually(lambda: client.get("/v1/messages?status=dead").json()["messages"], 20, "it is parked")
        assert len(parked) == 1 and parked[0]["id"] != one
        assert "row gone" in client.message(parked[0]["id"])["last_error"]
        assert daemon.stop() == 0
    assert effects(daemon.journal) == {one: 1}
