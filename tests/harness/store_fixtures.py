"""Fixtures of the tests over the stores that several processes share. They need the fixture `kind` of their folder, or
of a test: which store it is."""

import pytest

from harness.classic_table import fill, make_classic
from harness.own_names import names_of_a_test
from harness.services import url_of
from harness.shared_stores import DATABASES, SERVERS

__all__ = ["names", "make_database", "database", "classic", "make_server", "serve_over"]


@pytest.fixture
def names():
    """Exchanges and queues of this test's own, by configuration key."""
    with names_of_a_test() as made:
        yield made


@pytest.fixture
def make_database(kind):
    """Makes databases that are dropped with the test."""
    made = []

    def make(**options):
        made.append(DATABASES[kind].create(**options))
        return made[-1]

    yield make
    for one in made:
        one.drop()


@pytest.fixture
def database(make_database, names):
    """One whose messages go by the test's own queue, if they name no other."""
    return make_database(route=(names["mail.exchange"], names["mail.routing_key"]))


@pytest.fixture
def classic(make_database):
    """Makes databases with a table of the classic system."""
    def make(rows=(), form="plain", **how):
        made = make_database()
        make_classic(made, form)
        fill(made, list(rows), **how)
        return made
    return make


@pytest.fixture
def make_server(kind):
    """Makes servers that end with the test."""
    made = []

    def make(**options):
        made.append(SERVERS[kind](**options))
        return made[-1]

    yield make
    for server in made:
        server.end()


@pytest.fixture
def serve_over(make_daemon, names):
    """Makes daemons on a database and the shared RabbitMQ. Started ones must be waited for by the test."""
    def serve(on, name="one", config=None, **options):
        return make_daemon(name, config={"message_log.url": on.url, "broker.url": url_of("rabbitmq"), **names,
                                         **(config or {})}, **options)
    return serve
