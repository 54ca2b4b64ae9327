"""Large mails over RabbitMQ: what waits in its queue takes no memory of a worker."""

import pytest

from harness.client import Client
from harness.large_mail import MIB, LargeMail, most_memory
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

SENT = 1


def test_a_backlog_of_large_mails_takes_little_memory(make_daemon, over_rabbitmq):
    daemon = make_daemon(config={**over_rabbitmq, "http.answer_deadline": "60s", "worker.max_bodies": "40MiB",
                                 "instance.roles": "api,relay"})
    mails = [LargeMail(25 * MIB - 1) for _ in range(8)]
    with daemon:
        client = Client(daemon.url, 60)
        for mail in mails:
            mail.post(client)
        eventually(lambda: all(client.status(mail.message_id) == SENT for mail in mails), 60, "the broker has them all")
        assert daemon.stop() == 0
    daemon.config["instance.roles"] = "api,relay,worker"
    with daemon:
        client = Client(daemon.url, 60)
        for mail in mails:
            mail.wait_until_delivered(client, 120)
        # They are 272 MiB as they are stored. One is in hand at a time, and takes several times its size then.
        assert most_memory(daemon.process) < 450 * MIB
