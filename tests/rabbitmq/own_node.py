"""A RabbitMQ that tests kill, stop, fill and wipe, and the judgement of what Waybill made of it."""

import time
from contextlib import contextmanager

import pika

from harness.journal import Journal
from harness.log_file import read_one
from harness.promise import check_promise
from harness.services import PrivateServices
from harness.waiting import eventually

DELIVERED_S = 90
SLOWEST_PER_S = 40  # what a busy machine still delivers: how much a test's load left open grows with how busy it is


class OwnNode(PrivateServices):
    """A node for the tests of one file. revive() makes it well again, whatever the last test left."""

    def revive(self):
        self.run("cont", "rabbitmq")  # fails if it does not run, and then there is nothing to continue
        self("up", "rabbitmq")

    def broker_url(self):
        return self.url("rabbitmq")

    def port(self):
        return int(self.broker_url().rpartition(":")[2])

    def kill(self):
        self("kill", "rabbitmq")

    def up(self):
        self("up", "rabbitmq")

    def evaluate(self, expression):
        """What the node makes of an Erlang expression."""
        return self.control("rabbitmq", "eval", expression)

    @contextmanager
    def channel(self):
        """A channel of a client that nobody here wrote."""
        with pika.BlockingConnection(pika.URLParameters(self.broker_url() + "/%2F?socket_timeout=10")) as connection:
            yield connection.channel()

    def keep(self, names):
        """So that a kill takes no queue with it."""
        self.wait_on_disk([names["mail.queue"], names["dead_letter.queue"]], quorum=True)


def let_pass(seconds):
    ends = time.monotonic() + seconds
    eventually(lambda: time.monotonic() > ends, seconds, f"{seconds} s have passed")


def more_answered(load, least=50, within_s=30):
    """Waits until so many more have been accepted."""
    goal = len(load.answered) + least
    eventually(lambda: len(load.answered) >= goal, within_s, f"{least} more are accepted")


def more_delivered(daemon, least=50, within_s=30):
    """Waits until so many more have had their effect."""
    journal = Journal(daemon.journal)
    goal = sum(journal.effects().values()) + least
    eventually(lambda: sum(journal.effects().values()) >= goal, within_s, f"{least} more are delivered")


def check_all_delivered(daemon, answered, within_s=None, tries=0):
    """Ends a run: all that was accepted had its effect, the promise holds, and the broker's trouble used up no try."""
    client = daemon.client()
    patience_s = within_s or max(DELIVERED_S, len(answered) / SLOWEST_PER_S)
    eventually(lambda: client.open_count() == 0, patience_s, "nothing is left open", every_s=0.2)
    states = client.stats()["states"]
    assert states["consumed"] == sum(states.values()), states
    assert daemon.stop() == 0
    assert answered
    check_promise(daemon, answered)
    assert read_one(daemon.database, "SELECT max(try_count) FROM msg_log") <= tries
