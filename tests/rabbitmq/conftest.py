"""Fixtures of the tests over a real RabbitMQ: the one that WAYBILL_RABBITMQ names."""

import pika
import pytest

from harness.services import url_of
from own_node import OwnNode, own_names


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
    made = own_names()
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


@pytest.fixture(scope="module")
def node_of_the_file():
    node = OwnNode()
    yield node
    node.end()


@pytest.fixture
def node(node_of_the_file):
    """A node that a test may kill; it runs when the test begins."""
    node_of_the_file.revive()
    return node_of_the_file


@pytest.fixture
def over_node(node):
    """The configuration of a daemon over that node, with names of the test's own."""
    return {"broker.url": node.broker_url(), **own_names()}
