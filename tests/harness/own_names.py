"""Exchanges and queues of a test's own on a RabbitMQ that others use, too."""

import uuid
from contextlib import contextmanager

import pika

from harness.services import url_of


def own_names():
    """By configuration key."""
    prefix = f"waybill.test.{uuid.uuid4().hex}."
    return {"mail.exchange": prefix + "exchange", "mail.routing_key": "key", "mail.queue": prefix + "queue",
            "dead_letter.exchange": prefix + "dlx", "dead_letter.queue": prefix + "dead"}


@contextmanager
def names_of_a_test():
    """On the shared RabbitMQ; removed in the end."""
    made = own_names()
    yield made
    with pika.BlockingConnection(pika.URLParameters(url_of("rabbitmq") + "/%2F?socket_timeout=10")) as connection:
        channel = connection.channel()
        for key in ("mail.queue", "dead_letter.queue"):
            channel.queue_delete(made[key])
        for key in ("mail.exchange", "dead_letter.exchange"):
            channel.exchange_delete(made[key])
