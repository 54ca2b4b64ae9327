"""Fixtures of the tests over the stores that several processes share."""

import uuid

import pytest

from harness.services import url_of
from own_database import OwnDatabase
from own_server import OwnServer


@pytest.fixture
def make_database():
    """Makes databases that are dropped with the test."""
    made = []

    def make(kind):
        made.append(OwnDatabase.create(kind))
        return made[-1]

    yield make
    for database in made:
        database.drop()


@pytest.fixture
def make_server():
    """Makes servers that end with the test."""
    made = []

    def make(kind, **options):
        made.append(OwnServer(kind, **options))
        return made[-1]

    yield make
    for server in made:
        server.end()


@pytest.fixture(scope="module")
def names():
    """Exchanges and queues of one file, by configuration key: its tests come one after the other."""
    prefix = f"waybill.test.{uuid.uuid4().hex}."
    return {"mail.exchange": prefix + "exchange", "mail.routing_key": prefix + "key", "mail.queue": prefix + "queue",
            "dead_letter.exchange": prefix + "dlx", "dead_letter.queue": prefix + "dead"}


@pytest.fixture
def serve_over(make_daemon, names):
    """Makes daemons on a database and the shared RabbitMQ. Started ones must be waited for by the test."""
    def serve(database, name="one", config=None, **options):
        return make_daemon(name, config={"message_log.url": database.url, "broker.url": url_of("rabbitmq"), **names,
                                         **(config or {})}, **options)
    return serve
