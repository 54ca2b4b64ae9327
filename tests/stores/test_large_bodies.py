"""Large bodies over RabbitMQ and a shared log: the broker carries the mark alone, the claim brings the body."""

import pika
import pytest

from harness.client import Client
from harness.large_mail import MIB, LargeMail
from harness.services import url_of
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "postgres", "mariadb")

# MariaDB takes what fits into its packets: 16 MiB, unless it is told otherwise.
LARGEST = {"postgres": 25 * MIB - 1, "mariadb": 5 * MIB}
SENT = 1
PATIENT = {"http.answer_deadline": "60s"}


def peek(queue):
    """What stands first in the queue, which stays there."""
    with pika.BlockingConnection(pika.URLParameters(url_of("rabbitmq") + "/%2F?socket_timeout=10")) as connection:
        channel = connection.channel()
        found, properties, body = channel.basic_get(queue)
        channel.basic_nack(found.delivery_tag, requeue=True)
        return properties, body


def test_the_broker_carries_no_large_body_and_a_kill_loses_none(kind, make_database, serve_over, names):
    database = make_database()
    mail = LargeMail(LARGEST[kind])
    with serve_over(database, "relay", {**PATIENT, "instance.roles": "api,relay"}) as relay:
        client = Client(relay.url, 60)
        mail.post(client)
        eventually(lambda: client.status(mail.message_id) == SENT, 20, "the broker has it")
    properties, body = peek(names["mail.queue"])
    assert properties.message_id == mail.message_id and body == b""
    assert " body=" in properties.headers["x-waybill-mark"]
    worker = serve_over(database, "worker", {**PATIENT, "worker.lease": "2s"},
                        environment={"WAYBILL_FAULT": "after_claim_commit"})
    worker.start()
    worker.wait()
    worker.environment = {}
    worker.start()
    worker.wait_ready()
    mail.wait_until_delivered(Client(worker.url, 60))


def test_a_mark_without_its_row_is_parked(make_database, serve_over):
    database = make_database()
    mail = LargeMail(MIB)
    with serve_over(database, "relay", {**PATIENT, "instance.roles": "api,relay"}) as relay:
        client = Client(relay.url, 60)
        mail.post(client)
        eventually(lambda: client.status(mail.message_id) == SENT, 20, "the broker has it")
    with database.transaction() as cursor:
        cursor.execute("DELETE FROM msg_log WHERE msg_id = %s", (mail.message_id,))
    with serve_over(database, "worker") as worker:
        client = worker.client()
        eventually(lambda: client.stats()["states"]["dead"] == 1, 20, "it is parked")
        parked = client.get("/v1/messages", params={"status": "dead"}).json()["messages"][0]
        assert "row gone" in parked["last_error"] and mail.message_id in parked["last_error"]
