"""Fixtures of the tests over a real MariaDB and a real RabbitMQ: those that the environment names."""

import uuid

import pika
import pytest

from harness.mariadb_log import MariadbLog
from harness.services import url_of


@pytest.fixture
def names():
    """Exchanges and queues of this test's own, by configuration key; removed in the end."""
    prefix = f"waybill.test.{uuid.uuid4().hex}."
    made = {"mail.exchange": prefix + "exchange", "mail.routing_key": "key", "mail.queue": prefix + "queue",
            "dead_letter.exchange": prefix + "dlx", "dead_letter.queue": prefix + "dead"}
    yield made
    url = url_of("rabbitmq") + "/%2F?socket_timeout=10"
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for key in ("mail.queue", "dead_letter.queue"):
            channel.queue_delete(made[key])
        for key in ("mail.exchange", "dead_letter.exchange"):
            channel.exchange_delete(made[key])


@pytest.fixture
def log(names):
    """A message log in a database of this test's own, as another program sees it."""
    made = MariadbLog(url_of("mariadb"), (names["mail.exchange"], names["mail.routing_key"]))
    yield made
    made.end()


@pytest.fixture
def shared(log, names):
    """The configuration of a daemon on that log, over RabbitMQ."""
    return {"message_log.url": log.url, "broker.url": url_of("rabbitmq"), **names}
