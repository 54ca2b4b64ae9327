"""Fixtures of the tests over a real RabbitMQ: the one that WAYBILL_RABBITMQ names."""

import pika
import pytest

from harness.own_names import names_of_a_test, own_names
from harness.services import url_of
from own_node import OwnNode


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
def names():
    """Exchanges and queues of this test's own, by configuration key."""
    with names_of_a_test() as made:
        yield made


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
