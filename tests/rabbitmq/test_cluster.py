"""A cluster of three with quorum queues loses a node under load, and Waybill is killed meanwhile."""

import json

import pytest

from harness.load import Load
from harness.own_names import own_names
from harness.services import PrivateServices
from own_node import check_all_delivered, more_answered, more_delivered

NODES = ("rabbitmq1", "rabbitmq2", "rabbitmq3")


class OwnCluster(PrivateServices):
    """Three nodes for the tests of one file."""

    def broker_url(self):
        """All three, the first one first."""
        urls = [self.url(name) for name in NODES]
        return ",".join([urls[0], *(url.rpartition("@")[2] for url in urls[1:])])

    def leader(self, queue):
        """The node that leads a quorum queue."""
        listed = json.loads(self.control(NODES[1], "list_queues", "--quiet", "--formatter", "json", "name", "leader"))
        return next(one["leader"].partition("@")[0] for one in listed if one["name"] == queue)

    def keep(self, names):
        """So that a kill takes no queue with it."""
        for node in NODES:
            self.wait_on_disk([names["mail.queue"], names["dead_letter.queue"]], node, quorum=True)


@pytest.fixture(scope="module")
def cluster():
    made = OwnCluster()
    made("up", "rabbitmq-cluster")
    yield made
    made.end()


def test_a_node_of_three_is_killed_while_publishing_and_waybill_too(make_daemon, cluster):
    """The node that Waybill speaks to, and that leads the queue."""
    names = own_names()
    daemon = make_daemon(config={"broker.url": cluster.broker_url(), "worker.crash_limit": 0, **names})
    answered = []
    with daemon:
        cluster.keep(names)
        victim = cluster.leader(names["mail.queue"])
        assert victim == NODES[0], "a queue is led where it was declared: at the first address"
        with Load(daemon.port, 2) as load:
            more_delivered(daemon)
            cluster("kill", victim)
            more_answered(load)  # intake does not need the broker
            more_delivered(daemon)  # the other two serve
            daemon.kill()
        assert not load.refused
        answered += load.answered
        daemon.start()
        daemon.wait_ready()
        with Load(daemon.port, 2) as load:
            more_delivered(daemon)
            cluster("up", victim)
            more_delivered(daemon)
            cluster("kill", cluster.leader(names["mail.queue"]))
            more_delivered(daemon)
        assert not load.refused
        check_all_delivered(daemon, answered + load.answered)
