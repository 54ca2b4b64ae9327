"""Fixtures of the tests over a real RabbitMQ: the one that WAYBILL_RABBITMQ names."""

import uuid

import pika
import pytest

from harness.services import url_of


@pytest.fixture
def broker_url():
    return url_of("rabbitmq")


@pytest.fixture
def channel(broker_url):
    """A channel of a client that nobody here wrote."""
    connection = pika.BlockingConnection(pika.URLParameters(broker_url + "/%2F?socket_timeout=10"))
    yield connection.channel()
    connection.close()


@pytest.fixture
def names(broker_url):
    """Exchanges and queues of this test's own, by configuration key; removed in the end."""
    prefix = f"waybill.test.{uuid.uuid4().hex}."
    made = {"mail.exchange": prefix + "exchange", "mail.routing_key": "key", "mail.queue": prefix + "queue",
            "dead_letter.exchange": prefix + "dlx", "dead_letter.queue": prefix + "dead"}
    yield made
    connection = pika.BlockingConnection(pika.URLParameters(broker_url + "/%2F?socket_timeout=10"))
    channel = connection.channel()
    for key in ("mail.queue", "dead_letter.queue"):
        channel.queue_delete(made[key])
    for key in ("mail.exchange", "dead_letter.exchange"):
        channel.exchange_delete(made[key])
    connection.close()


@pytest.fixture
def over_rabbitmq(broker_url, names):
    """The configuration of a daemon over the broker."""
    return {"broker.url": broker_url, **names}
