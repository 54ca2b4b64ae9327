"""What cannot work is said in one sentence; what may come right is waited for."""

import re

import pytest

from harness.program import waybill
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

USAGE = 2


def serve(tmp_path, url, *more):
    return waybill("serve", "--broker", url, "--data", tmp_path / "data", "--listen", "127.0.0.1:0", *more, cwd=tmp_path)


def told(ended):
    """The one sentence, without the name in front."""
    lines = [line for line in ended.stderr.splitlines() if line.startswith("waybill: ")]
    assert len(lines) == 1, ended.stderr
    return lines[0]


def test_a_wrong_password_is_said(tmp_path, broker_url):
    ended = serve(tmp_path, re.sub(r"//[^@]*@", "//guest:wrong@", broker_url))
    assert ended.returncode == USAGE
    assert "refused user 'guest': wrong user or password" in told(ended)
    assert "wrong@" not in ended.stderr


def test_a_wrong_vhost_is_said(tmp_path, broker_url):
    ended = serve(tmp_path, broker_url + "/nowhere")
    assert ended.returncode == USAGE
    assert "vhost 'nowhere'" in told(ended)


def test_a_plain_port_that_is_spoken_tls_to_is_said(tmp_path, broker_url):
    ended = serve(tmp_path, broker_url.replace("amqp://", "amqps://"))
    assert ended.returncode == USAGE
    assert "does not speak TLS there: write amqp://" in told(ended)


def test_a_queue_of_another_type_is_said(tmp_path, broker_url, names, make_daemon):
    with make_daemon(config={"broker.url": broker_url, "broker.queue_type": "classic", **names}) as daemon:
        assert daemon.stop() == 0
    keys = [word for key, value in names.items() for word in ("--set", f"{key}={value}")]
    ended = serve(tmp_path, broker_url, *keys)
    assert ended.returncode == USAGE
    assert f"queue '{names['mail.queue']}' exists with other properties" in told(ended)
    assert "received 'quorum' but current is 'classic'" in told(ended)


def test_a_broker_that_is_not_there_stops_nothing(make_daemon, names):
    with make_daemon(config={"broker.url": "amqp://127.0.0.1:1,127.0.0.1:2", **names}) as daemon:
        client = daemon.client()
        one = client.accepted()
        assert client.status(one) == 0
        eventually(lambda: "Connection refused" in daemon.stderr, 10, "the reason is told")
        assert daemon.stop() == 0
