"""A broker that forgot what it had confirmed, and one that has not: what is lost is driven again, what waits is not."""

import time
from contextlib import contextmanager

import pika
import pytest

from harness.client import SAMPLE
from harness.journal import Journal
from harness.load import Load
from harness.log_file import read_one
from harness.own_names import own_names
from harness.waiting import eventually
from own_node import check_all_delivered, let_pass

BATCH = 500
ROUND_S = 5
EVIDENCE_S = 60
LOST = "the broker lost messages"
REPUBLISHED = "SELECT sum(publish_count > 1) FROM msg_log"


def confirmed(daemon, names, count):
    """So many messages that the broker has confirmed and nobody consumes; their ids."""
    client = daemon.client()
    one = {"exchange": names["mail.exchange"], "routing_key": names["mail.routing_key"], "body": SAMPLE}
    ids = []
    while len(ids) < count:
        answers = client.post_messages([one] * min(BATCH, count - len(ids))).json()
        ids += [answer["id"] for answer in answers]
    eventually(lambda: client.stats()["states"]["sent"] == count, 60, "all are confirmed", every_s=0.1)
    return ids


def backlog(make_daemon, over_node, count, name="one"):
    """A daemon that has ended, with a backlog that the broker confirmed; the next life has workers."""
    daemon = make_daemon(name, config={**over_node, "instance.roles": "api,relay"})
    with daemon:
        ids = confirmed(daemon, over_node, count)
        assert daemon.stop() == 0
    del daemon.config["instance.roles"]
    return daemon, ids


def purge(node, names):
    with node.channel() as channel:
        assert channel.queue_purge(names["mail.queue"]).method.message_count > 0


def delete(node, names):
    with node.channel() as channel:
        assert channel.queue_delete(names["mail.queue"]).method.message_count > 0


def wipe(node, names):
    node("wipe", "rabbitmq")
    node.up()


def effects_of(daemon, ids):
    seen = Journal(daemon.journal).effects()
    return [seen[one] for one in ids]


@pytest.mark.parametrize("forget", [wipe, *(pytest.param(one, marks=pytest.mark.slow) for one in (purge, delete))])
def test_a_busy_queue_gets_back_what_the_broker_forgot(make_daemon, node, over_node, forget):
    """The evidence is later messages that come out."""
    daemon, lost = backlog(make_daemon, over_node, 150)
    forget(node, over_node)
    with daemon:
        journal = Journal(daemon.journal)
        with Load(daemon.port, 1) as load:
            eventually(lambda: all(journal.effects()[one] for one in lost), 90, "all that was lost is delivered")
        assert not load.refused
        check_all_delivered(daemon, lost + load.answered)
    assert LOST in daemon.stderr
    assert set(effects_of(daemon, lost)) == {1}
    assert set(effects_of(daemon, load.answered)) == {1}


@contextmanager
def sat_on(node, names):
    """Another consumer, which comes first, keeps whatever the queue has: to us it gives nothing, and nothing is lost."""
    place = pika.URLParameters(node.broker_url() + "/%2F?heartbeat=0")
    with pika.BlockingConnection(place) as connection:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=5_000)
        channel.basic_consume(names["mail.queue"], lambda *_: None, arguments={"x-priority": 10})
        yield


def test_a_quiet_queue_gets_back_what_the_broker_forgot_and_a_wrong_verdict_costs_little(make_daemon, node):
    """The evidence is a consumer that has received nothing for a minute; three daemons wait for it at once."""
    honest = own_names()
    wronged = make_daemon("wronged", config={"broker.url": node.broker_url(), **honest})
    with wronged:
        with sat_on(node, honest):
            waiting = confirmed(wronged, honest, 300)
            began = time.monotonic()
            check_that_a_quiet_queue_gets_back_what_was_forgotten(make_daemon, node)
            eventually(lambda: LOST in wronged.stderr, EVIDENCE_S, "what is not lost is taken for lost")
            driven = read_one(wronged.database, REPUBLISHED)
            assert driven <= (time.monotonic() - began) / EVIDENCE_S, "nothing comes out: one row a minute"
        check_all_delivered(wronged, waiting)
        assert read_one(wronged.database, REPUBLISHED) <= driven + 10, "originals come out: no further step"
    assert set(effects_of(wronged, waiting)) == {1}


def check_that_a_quiet_queue_gets_back_what_was_forgotten(make_daemon, node):
    runs = []
    for forget in (purge, delete):
        names = own_names()
        daemon, lost = backlog(make_daemon, {"broker.url": node.broker_url(), **names}, 30, forget.__name__)
        forget(node, names)
        runs.append((daemon, lost))
    began = time.monotonic()
    for daemon, _ in runs:
        daemon.start()
        daemon.wait_ready()
    for daemon, lost in runs:
        # One round of the slow start drives one row, the next ten, then the rest: none waits for further evidence.
        check_all_delivered(daemon, lost, within_s=EVIDENCE_S + 12 * ROUND_S)
        assert time.monotonic() - began > EVIDENCE_S
        assert daemon.stderr.count(LOST) == 3
        assert set(effects_of(daemon, lost)) == {1}


@pytest.mark.parametrize("count, hold_s", [(100_000, 2 * ROUND_S),
                                           pytest.param(1_000_000, 8 * ROUND_S, marks=pytest.mark.slow)])
def test_an_honest_backlog_is_left_alone(make_daemon, node, over_node, tmp_path, count, hold_s):
    """Also when the broker has just restarted and counts nothing, and while handlers hold all that was delivered."""
    daemon, ids = backlog(make_daemon, {**over_node, "worker.max_concurrency": 64, "worker.handler_deadline": "10m"}, count)
    node.keep(over_node)
    # On a busy machine some were not published from memory in time, and so by a take: that counts as a further publish.
    published = read_one(daemon.database, "SELECT sum(publish_count) FROM msg_log")
    written = read_one(daemon.database, "SELECT max(update_time) FROM msg_log")
    gate = tmp_path / "gate"
    gate.touch()
    daemon.environment = {"WAYBILL_FAULT_GATE": str(gate)}
    with daemon:
        eventually(lambda: read_one(daemon.database, "SELECT count(*) FROM msg_log WHERE owner IS NOT NULL"), 30,
                   "handlers hold some")
        node.kill()
        node.up()
        let_pass(hold_s)
        waiting = "FROM msg_log WHERE status = 1 AND owner IS NULL"
        assert read_one(daemon.database, f"SELECT count(*) {waiting}") > count - 1000
        assert read_one(daemon.database, f"SELECT max(update_time) {waiting}") <= written, "no waiting row was written"
        gate.unlink()
        check_all_delivered(daemon, ids, within_s=count / 400)
    assert LOST not in daemon.stderr
    assert read_one(daemon.database, "SELECT sum(publish_count) FROM msg_log") == published, "none was published again"
    assert set(effects_of(daemon, ids)) == {1}
