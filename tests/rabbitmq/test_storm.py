"""Everything at once, at random: the broker fails in all of its ways, and Waybill is killed again and again meanwhile."""

import os
import random
import threading

import pytest

from harness.load import Load
from harness.log_file import read_one
from harness.waiting import eventually
from own_node import check_all_delivered, let_pass, more_answered

ALARM = "rabbit_alarm:{}_alarm({})."
ALARM_SET = ALARM.format("set", "{{resource_limit, memory, node()}, []}")
ALARM_CLEARED = ALARM.format("clear", "{resource_limit, memory, node()}")
LIVES_LEAST = 30
ROUNDS_LEAST = 2  # each with every trouble in it
# What is lost without a trace is driven again by evidence: a minute, steps of the slow start, a pause for each mistake.
SETTLED_S = 400


class Storm(threading.Thread):
    """One trouble after the other until end(), which leaves the node well."""

    def __init__(self, node, names, seed):
        super().__init__()
        self.told = []
        self.rounds = 0
        self._node = node
        self._names = names
        self._chance = random.Random(seed)
        self._ended = threading.Event()
        self._failure = None

    def run(self):
        troubles = [self.killed, self.still, self.alarmed, self.queue_deleted, self.queue_purged, self.exchange_deleted,
                    self.binding_removed, self.wiped]
        try:
            while not self._ended.is_set():
                self._go_through(self._chance.sample(troubles, len(troubles)))
                self.rounds += 1
        except Exception as failure:  # told by end()
            self._failure = failure

    def _go_through(self, troubles):
        for trouble in troubles:
            if self._ended.is_set():
                return
            self.told.append(trouble.__name__)
            trouble()
            self._ended.wait(self._chance.uniform(0, 3))

    def end(self):
        self._ended.set()
        self.join()
        print("troubles:", *self.told)
        if self._failure:
            raise self._failure

    def killed(self):
        self._node.kill()
        self._ended.wait(self._chance.uniform(0, 2))
        self._node.up()

    def still(self):
        self._node("stop", "rabbitmq")
        self._ended.wait(self._chance.uniform(0, 4))
        self._node("cont", "rabbitmq")

    def alarmed(self):
        self._node.evaluate(ALARM_SET)
        self._ended.wait(self._chance.uniform(0, 4))
        self._node.evaluate(ALARM_CLEARED)

    def wiped(self):
        self._node("wipe", "rabbitmq")
        self._node.up()

    def queue_deleted(self):
        self._do(lambda channel: channel.queue_delete(self._names["mail.queue"]))

    def queue_purged(self):
        self._node.run("ctl", "rabbitmq", "purge_queue", self._names["mail.queue"])  # it may not exist at this moment

    def exchange_deleted(self):
        self._do(lambda channel: channel.exchange_delete(self._names["mail.exchange"]))

    def binding_removed(self):
        self._do(lambda channel: channel.queue_unbind(self._names["mail.queue"], self._names["mail.exchange"],
                                                          self._names["mail.routing_key"]))

    def _do(self, act):
        with self._node.channel() as channel:
            act(channel)


@pytest.mark.slow
def test_waybill_is_killed_again_and_again_in_the_storm(make_daemon, node, over_node):
    seed = int(os.environ.get("WAYBILL_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed: WAYBILL_SEED={seed}")
    chance = random.Random(seed)
    daemon = make_daemon(config={**over_node, "worker.crash_limit": 0, "publish.backoff_max": "2s"})
    answered = []
    lives = 0
    storm = Storm(node, over_node, seed)
    storm.start()
    try:
        # On a busy machine a trouble takes longer than a life.
        while storm.is_alive() and (lives < LIVES_LEAST or storm.rounds < ROUNDS_LEAST):
            daemon.start()
            eventually(daemon.listens, 30, "it listens, whatever the broker does")
            with Load(daemon.port, 1) as load:
                more_answered(load, 20)
                let_pass(chance.uniform(0, 5))
                daemon.kill()
            answered += load.answered
            lives += 1
    finally:
        storm.end()
    with daemon:
        # Later messages that come out are the quickest evidence of what was lost before.
        with Load(daemon.port, 1) as load:
            more_answered(load, 500)
            lost = "SELECT count(*) FROM msg_log WHERE status <> 3"
            eventually(lambda: read_one(daemon.database, lost) < 50, SETTLED_S, "the log is nearly at rest", every_s=0.5)
        assert not load.refused
        check_all_delivered(daemon, answered + load.answered, within_s=SETTLED_S)
