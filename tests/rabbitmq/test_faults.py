"""The broker fails in every way a broker can, under load: all that was accepted is delivered, and nothing is repeated."""

import json
import os
import random
import threading
from datetime import datetime

import pytest

from harness.client import mail_message
from harness.journal import Journal
from harness.load import Load
from harness.log_file import read_one
from harness.tcp_gate import TO_CLIENT, TO_SERVER, TcpGate
from harness.waiting import eventually
from own_node import check_all_delivered, let_pass, more_answered, more_delivered

CONSUMED, SEND_FAILED = 3, 2
CLIENTS = 2
LOST = "the broker lost messages"
PUBLISHING_LOST, PUBLISHING_AGAIN = "publishing was interrupted", "the broker is ready"
CONSUMING_LOST, CONSUMING_AGAIN = "consuming was interrupted", "consuming again"


def told_again(daemon, what):
    """A condition: it wrote that once more from now on."""
    before = daemon.stderr.count(what)
    return lambda: daemon.stderr.count(what) > before


def delivered_now(daemon):
    """Waits until a mail of now has come through: all is well again."""
    client = daemon.client()
    one = client.accepted()
    eventually(lambda: client.status(one) == CONSUMED, 30, "a mail of now is delivered")


def repeated(daemon):
    """How many effects the log itself calls possible repetitions."""
    return read_one(daemon.database, "SELECT sum(lapse_count + unknown_count) FROM msg_log")


@pytest.mark.parametrize("kills", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_a_broker_is_killed_and_starts_again(make_daemon, node, over_node, kills):
    with make_daemon(config=over_node) as daemon:
        node.keep(over_node)
        with Load(daemon.port, 1) as load:
            for _ in range(kills):
                more_delivered(daemon)
                node.kill()
                more_answered(load)  # intake does not need the broker
                node.up()
            more_delivered(daemon)
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_a_broker_stands_still(make_daemon, node, over_node, seconds):
    with make_daemon(config=over_node) as daemon:
        with Load(daemon.port, CLIENTS) as load:
            more_delivered(daemon)
            node("stop", "rabbitmq")
            let_pass(seconds)
            more_answered(load)
            node("cont", "rabbitmq")
            more_delivered(daemon)
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0


ALARM_SET = "rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []}), erlang:system_time(millisecond)."
ALARM_CLEARED = "rabbit_alarm:clear_alarm({resource_limit, memory, node()})."
TOLD_S = 2  # half a second is what it gives a broker that is only out of breath; the rest is for a busy machine


def test_an_alarm_of_the_broker_is_told_at_once_and_stops_nothing_else(make_daemon, node, over_node):
    with make_daemon(config={**over_node, "log.format": "json"}) as daemon:
        def told(what):
            return next((event for event in map(json.loads, daemon.stderr.splitlines()) if event["message"] == what), None)

        with Load(daemon.port, CLIENTS) as load:
            more_delivered(daemon)
            since = int(node.evaluate(ALARM_SET)) / 1000
            blocked = eventually(lambda: told("the broker takes no more for now"), 10, "it is told")
            assert "short of resources" in blocked["reason"]
            assert datetime.fromisoformat(blocked["time"]).timestamp() - since < TOLD_S
            more_answered(load, 500)
            republished = read_one(daemon.database, "SELECT sum(publish_count > 1) FROM msg_log")
            node.evaluate(ALARM_CLEARED)
            more_delivered(daemon)
        assert not load.refused
        assert republished < 100, "what came while it was blocked waits in the log"
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0


def remove_exchange(channel, names):
    channel.exchange_delete(names["mail.exchange"])


def remove_binding(channel, names):
    channel.queue_unbind(names["mail.queue"], names["mail.exchange"], names["mail.routing_key"])


@pytest.mark.parametrize("remove, code", [(remove_exchange, "404 NOT_FOUND"), (remove_binding, "312 NO_ROUTE")])
def test_what_is_removed_while_publishing_is_declared_again(make_daemon, node, over_node, remove, code):
    with make_daemon(config={**over_node, "publish.backoff_max": "2s"}) as daemon:
        with Load(daemon.port, CLIENTS) as load, node.channel() as channel:
            for _ in range(3):
                delivered_now(daemon)
                met = told_again(daemon, code)
                remove(channel, over_node)
                eventually(met, 20, f"it meets {code}")
            delivered_now(daemon)
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0
    assert "no connection to the broker" not in daemon.stderr
    assert " error " not in daemon.stderr


def test_a_topology_that_is_refused_later_is_told_once(make_daemon, node, over_node):
    """The broker is not there at the start; when it comes, it has another queue of that name."""
    with node.channel() as channel:
        channel.queue_declare(over_node["mail.queue"], durable=True)
    node.wait_on_disk([over_node["mail.queue"]])
    node.kill()
    daemon = make_daemon(config=over_node)
    daemon.start()
    eventually(daemon.listens, 30, "it serves without a broker")
    node.up()
    refused = "the broker refused the topology"
    eventually(lambda: refused in daemon.stderr, 20, "it is told")
    let_pass(5)
    assert daemon.stderr.count(refused) == 1
    with node.channel() as channel:
        channel.queue_delete(over_node["mail.queue"])
    delivered_now(daemon)
    assert daemon.stop() == 0


def test_a_queue_that_is_deleted_while_publishing_comes_back_and_what_it_swallowed_too(make_daemon, node, over_node,
                                                                                       tmp_path):
    """Confirmed messages that wait in it are gone with it; later ones that come out are the evidence."""
    gate = tmp_path / "gate"
    gate.touch()
    with make_daemon(config=over_node, environment={"WAYBILL_FAULT_GATE": str(gate)}) as daemon:
        client = daemon.client()
        with Load(daemon.port, CLIENTS) as load, node.channel() as channel:
            eventually(lambda: client.stats()["states"]["sent"] > 600, 30, "a backlog of more than is delivered at once")
            met = told_again(daemon, "the broker ended a subscription")
            swallowed = channel.queue_delete(over_node["mail.queue"]).method.message_count
            before = list(load.answered)
            eventually(met, 20, "the subscription is gone")
            gate.unlink()
            delivered_now(daemon)
            journal = Journal(daemon.journal)
            eventually(lambda: all(journal.effects()[one] for one in before), 90, "what was swallowed is delivered")
        assert swallowed > 0
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0
    assert LOST in daemon.stderr


def test_a_full_queue_that_rejects_is_waited_for(make_daemon, node, over_node, tmp_path):
    """The limit is an operator's policy: the program does not know of it."""
    gate = tmp_path / "gate"
    gate.touch()
    queue = over_node["mail.queue"]
    node.control("rabbitmq", "set_policy", "full", f"^{queue}$".replace(".", "[.]"),
                 '{"max-length": 300, "overflow": "reject-publish"}', "--apply-to", "queues")
    with make_daemon(config={**over_node, "publish.backoff_max": "2s"},
                     environment={"WAYBILL_FAULT_GATE": str(gate)}) as daemon:
        with Load(daemon.port, CLIENTS) as load:
            failed = "SELECT count(*) FROM msg_log WHERE last_error LIKE '%nacked%'"
            eventually(lambda: read_one(daemon.database, failed) > 0, 20, "some are nacked")
            more_answered(load, 500)
            gate.unlink()
            more_delivered(daemon, 500)
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0
    node.control("rabbitmq", "clear_policy", "full")


@pytest.fixture
def gate(node):
    with TcpGate(node.port()) as made:
        yield made


@pytest.fixture
def through_gate(over_node, gate, node):
    return {**over_node, "broker.url": over_node["broker.url"].replace(f":{node.port()}", f":{gate.port}")}




def test_connections_are_cut_again_and_again(make_daemon, through_gate, gate):
    with make_daemon(config=through_gate) as daemon:
        with Load(daemon.port, CLIENTS) as load:
            for _ in range(5):
                more_delivered(daemon)
                told = [told_again(daemon, one) for one in (PUBLISHING_LOST, CONSUMING_LOST, PUBLISHING_AGAIN,
                                                            CONSUMING_AGAIN)]
                gate.cut()
                eventually(lambda: all(each() for each in told), 20, "both ends are told, and that it goes on")
            more_delivered(daemon)
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0


def half_open(gate):
    gate.blackhole()


def stand_still_inside_a_frame(gate):
    gate.stall(TO_CLIENT, after=3)  # a frame's head has seven bytes


def deaf_broker(gate):
    gate.blackhole(TO_SERVER)


@pytest.mark.parametrize("break_it", [half_open, stand_still_inside_a_frame,
                                      pytest.param(deaf_broker, marks=pytest.mark.slow)])
def test_a_silent_network_is_noticed_and_left(make_daemon, through_gate, gate, break_it):
    with make_daemon(config=through_gate) as daemon:
        with Load(daemon.port, 1) as load:
            more_delivered(daemon)
            lost = told_again(daemon, PUBLISHING_LOST), told_again(daemon, CONSUMING_LOST)
            break_it(gate)
            eventually(lambda: all(each() for each in lost), 45, "both connections are given up")
            more_answered(load)
            gate.heal()
            more_delivered(daemon)
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0


def test_a_network_of_single_bytes_delivers(make_daemon, through_gate, gate):
    gate.fragment(size=1, pause_s=0)
    with make_daemon(config={**through_gate, "publish.grace": "20s", "publish.confirm_deadline": "9s"}) as daemon:
        client = daemon.client()
        answered = [client.accepted(subject=f"mail {number}") for number in range(30)]
        check_all_delivered(daemon, answered)
        assert repeated(daemon) == 0
        assert read_one(daemon.database, "SELECT max(publish_count) FROM msg_log") == 1


def test_a_broker_that_is_wiped_in_the_middle_gets_everything_again(make_daemon, node, over_node):
    with make_daemon(config=over_node) as daemon:
        with Load(daemon.port, 1) as load:
            more_delivered(daemon)
            node("wipe", "rabbitmq")
            node.up()
            delivered_now(daemon)
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0


class Restarts(threading.Thread):
    """Kills the node and starts it again until end()."""

    def __init__(self, node):
        super().__init__()
        self.count = 0
        self._node = node
        self._ended = threading.Event()
        self._failure = None

    def run(self):
        try:
            while not self._ended.is_set():
                self._node.kill()
                self._node.up()
                self.count += 1
        except Exception as failure:  # told by end()
            self._failure = failure

    def end(self):
        self._ended.set()
        self.join()
        if self._failure:
            raise self._failure


RESTARTED_AT_LEAST_EVERY = 8  # lives


@pytest.mark.parametrize("lives", [8, pytest.param(30, marks=pytest.mark.slow)])
def test_waybill_is_killed_while_the_broker_restarts(make_daemon, node, over_node, lives):
    seed = int(os.environ.get("WAYBILL_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"seed: WAYBILL_SEED={seed}")
    chance = random.Random(seed)
    daemon = make_daemon(config={**over_node, "worker.crash_limit": 0})
    answered = []
    with daemon:
        node.keep(over_node)
        delivered_now(daemon)
        daemon.kill()
    restarts = Restarts(node)
    restarts.start()
    lived = 0
    try:
        # On a busy machine a restart takes longer than many a life.
        while restarts.is_alive() and (lived < lives or restarts.count < lives / RESTARTED_AT_LEAST_EVERY):
            daemon.start()
            eventually(daemon.listens, 30, "it listens, with and without a broker")
            with Load(daemon.port, 1) as load:
                more_answered(load, 20)
                let_pass(chance.uniform(0, 2))
                daemon.kill()
            answered += load.answered
            lived += 1
    finally:
        restarts.end()
    with daemon:
        check_all_delivered(daemon, answered)


def mails(client, exchange, routing_key):
    """Twenty of them on a route; their ids."""
    return [one["id"] for one in client.post_messages(
        [mail_message(exchange=exchange, routing_key=routing_key)] * 20).json()]


def test_one_percent_to_a_missing_exchange_costs_the_others_nothing(make_daemon, node, over_node):
    missing = over_node["mail.exchange"] + ".missing"
    good = mail_message(exchange=over_node["mail.exchange"], routing_key="key")
    bad = mail_message(exchange=missing, routing_key="key")
    with make_daemon(config={**over_node, "publish.backoff_max": "2s"}) as daemon:
        client = daemon.client()
        answered = [[one["id"] for one in client.post_messages([good] * 99 + [bad]).json()] for _ in range(30)]
        lost_ones = [ids[-1] for ids in answered]
        eventually(lambda: client.stats()["states"]["consumed"] == 30 * 99, 30, "all the others are consumed")
        assert read_one(daemon.database, "SELECT max(publish_count) FROM msg_log WHERE status = 3") == 1, "none was in doubt"
        assert client.open_count() == len(lost_ones)
        tried = client.message(lost_ones[0])
        assert tried["status"]["code"] == SEND_FAILED
        assert "404 NOT_FOUND - no exchange" in tried["last_error"]
        assert PUBLISHING_LOST not in daemon.stderr
        with node.channel() as channel:
            channel.exchange_declare(missing, "direct", durable=True)
            channel.queue_bind(over_node["mail.queue"], missing, "key")
        check_all_delivered(daemon, [one for ids in answered for one in ids])
        assert repeated(daemon) == 0


def test_what_was_not_published_is_delivered_without_help(make_daemon, over_node):
    with make_daemon(config={**over_node, "publish.grace": "10s"}, environment={"WAYBILL_FAULT": "skip_publish"}) as daemon:
        daemon.wait_publishing()
        ids = mails(daemon.client(), over_node["mail.exchange"], "key")
        let_pass(0.5)  # long enough for a publish that should not be there to show
        assert {daemon.client().status(one) for one in ids} == {0}
        assert daemon.stop() == 0
    daemon.environment = {}
    with daemon:
        check_all_delivered(daemon, ids)
        assert repeated(daemon) == 0


@pytest.mark.parametrize("exchange, key, code", [(".missing", "key", "404"), ("", "unbound", "312")])
def test_what_cannot_be_published_is_told_and_delivered_once_there_is_a_way(make_daemon, node, over_node, exchange,
                                                                            key, code):
    exchange = over_node["mail.exchange"] + exchange
    with make_daemon(config={**over_node, "publish.backoff_max": "2s"}) as daemon:
        client = daemon.client()
        ids = mails(client, exchange, key)
        failed = eventually(lambda: (seen := client.message(ids[0]))["status"]["code"] == SEND_FAILED and seen, 10,
                            "it is told")
        assert code in failed["last_error"]
        delivered_now(daemon)  # other routes go on
        with node.channel() as channel:
            channel.exchange_declare(exchange, "direct", durable=True)
            channel.queue_bind(over_node["mail.queue"], exchange, key)
        check_all_delivered(daemon, ids)
        assert repeated(daemon) == 0
