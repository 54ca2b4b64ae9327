"""The broker fails in every way a broker can, under load: all that was accepted is delivered, and nothing is repeated."""

import json
import random
import signal
import time
from datetime import datetime

import pytest

from harness.client import mail_message
from harness.load import Load
from harness.log_file import read_one
from harness.tcp_gate import TO_CLIENT, TO_SERVER, TcpGate
from harness.waiting import eventually
from own_node import check_all_delivered, more_answered

CONSUMED, SEND_FAILED = 3, 2
CLIENTS = 2


def repeated(daemon):
    """How many effects the log itself calls possible repetitions."""
    return read_one(daemon.database, "SELECT sum(lapse_count + unknown_count) FROM msg_log")


@pytest.mark.parametrize("kills", [2, pytest.param(6, marks=pytest.mark.slow)])
def test_a_broker_is_killed_and_starts_again(make_daemon, node, over_node, kills):
    with make_daemon(config=over_node) as daemon:
        node.wait_on_disk(over_node)
        with Load(daemon.port, CLIENTS) as load:
            for _ in range(kills):
                more_answered(load)
                node.kill()
                more_answered(load)  # intake does not need the broker
                node.up()
            more_answered(load)
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0


@pytest.mark.parametrize("seconds", [5, pytest.param(60, marks=pytest.mark.slow)])
def test_a_broker_stands_still(make_daemon, node, over_node, seconds):
    with make_daemon(config=over_node) as daemon:
        with Load(daemon.port, CLIENTS) as load:
            more_answered(load)
            node("stop", "rabbitmq")
            ends = time.monotonic() + seconds
            eventually(lambda: time.monotonic() > ends, seconds, "it stood still long enough")
            more_answered(load)
            node("cont", "rabbitmq")
            more_answered(load)
        assert not load.refused
        check_all_delivered(daemon, load.answered)
        assert repeated(daemon) == 0
