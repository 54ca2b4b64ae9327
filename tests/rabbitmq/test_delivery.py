"""Mails over RabbitMQ, and what a client that nobody here wrote sees of it."""

import json

import pika
import pytest

from harness.client import SAMPLE, mail_message
from harness.journal import effects
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

SENT, SEND_FAILED, CONSUMED = 1, 2, 3


def test_mails_are_delivered_once(make_daemon, over_rabbitmq):
    with make_daemon(config=over_rabbitmq) as daemon:
        client = daemon.client()
        ids = [client.accepted(subject=f"mail {number}") for number in range(50)]
        eventually(lambda: all(client.status(one) == CONSUMED for one in ids), 20, "all are consumed")
        assert daemon.stop() == 0
    assert effects(daemon.journal) == {one: 1 for one in ids}


def test_mails_survive_a_restart_of_waybill(make_daemon, over_rabbitmq):
    with make_daemon(config=over_rabbitmq, environment={"WAYBILL_FAULT": "skip_publish"}) as daemon:
        ids = [daemon.client().accepted() for _ in range(20)]
        assert daemon.stop() == 0
    daemon.environment = {}
    with daemon:
        client = daemon.client()
        eventually(lambda: all(client.status(one) == CONSUMED for one in ids), 20, "all are consumed")
    assert effects(daemon.journal) == {one: 1 for one in ids}


def test_a_bad_route_fails_alone(make_daemon, over_rabbitmq, names):
    with make_daemon(config=over_rabbitmq) as daemon:
        client = daemon.client()
        messages = [mail_message(exchange=names["mail.exchange"], routing_key="key"),
                    mail_message(exchange=names["mail.exchange"] + ".missing", routing_key="key"),
                    mail_message(exchange=names["mail.exchange"], routing_key="unbound")] * 10
        answers = client.post_messages(messages).json()
        ids = [answer["id"] for answer in answers]
        good, missing, unbound = ids[0::3], ids[1::3], ids[2::3]
        eventually(lambda: all(client.status(one) == CONSUMED for one in good), 20, "the good ones are consumed")
        eventually(lambda: client.message(missing[0])["status"]["code"] == SEND_FAILED, 10, "a missing exchange fails")
        assert "404" in client.message(missing[0])["last_error"]
        eventually(lambda: client.message(unbound[0])["status"]["code"] == SEND_FAILED, 10, "an unbound key fails")
        assert "312" in client.message(unbound[0])["last_error"]
        assert all(client.message(one)["try_count"] == 0 for one in ids)


def test_another_client_reads_what_we_publish(make_daemon, over_rabbitmq, names, channel):
    with make_daemon(config=over_rabbitmq) as daemon:
        queue = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(queue, names["mail.exchange"], "elsewhere")
        body = {"greeting": "grüß"}
        answer = daemon.client().post_messages([{"id": "an id with ünïcödé", "exchange": names["mail.exchange"],
                                                 "routing_key": "elsewhere", "content_type": "application/json",
                                                 "headers": {"traceparent": "00-1-2-03", "x-mine": "ä"},
                                                 "body": body}]).json()
        got = eventually(lambda: (found := channel.basic_get(queue, auto_ack=True))[0] and found, 10, "it comes")
        _, properties, bytes_ = got
        assert answer[0]["id"] == properties.message_id == "an id with ünïcödé"
        assert properties.content_type == "application/json"
        assert properties.delivery_mode == 2
        assert properties.headers["traceparent"] == "00-1-2-03"
        assert properties.headers["x-mine"] == "ä"
        assert " publish=1 " in properties.headers["x-waybill-mark"]
        assert json.loads(bytes_) == body
        eventually(lambda: daemon.client().status("an id with ünïcödé") == SENT, 10, "it is sent")


def test_another_clients_message_is_adopted(make_daemon, over_rabbitmq, names, channel):
    with make_daemon(config=over_rabbitmq) as daemon:
        channel.confirm_delivery()
        headers = {"x-count": 7, "x-flag": True, "x-nested": {"a": [1, 2]}, "x-text": "grüß"}
        channel.basic_publish(names["mail.exchange"], "key", json.dumps(SAMPLE).encode(), mandatory=True,
                              properties=pika.BasicProperties(message_id="from-elsewhere", headers=headers,
                                                              content_type="application/json", delivery_mode=2))
        client = daemon.client()
        eventually(lambda: (found := client.message("from-elsewhere")) and found["status"]["code"] == CONSUMED, 20,
                   "it is adopted and consumed")
        channel.basic_publish(names["mail.exchange"], "key", json.dumps(SAMPLE).encode(), mandatory=True,
                              properties=pika.BasicProperties(delivery_mode=2))
        eventually(lambda: client.stats()["states"]["dead"] == 1, 20, "one without an id is kept as dead")
    assert effects(daemon.journal) == {"from-elsewhere": 1}


def test_a_shovelled_copy_of_our_own_message_has_no_second_effect(make_daemon, over_rabbitmq, names, channel):
    with make_daemon(config=over_rabbitmq) as daemon:
        elsewhere = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(elsewhere, names["mail.exchange"], "key")
        client = daemon.client()
        one = client.accepted()
        eventually(lambda: client.status(one) == CONSUMED, 20, "it is consumed")
        _, properties, body = eventually(lambda: (found := channel.basic_get(elsewhere, auto_ack=True))[0] and found, 10,
                                         "its copy is elsewhere")
        assert properties.message_id == one
        for _ in range(3):
            channel.basic_publish("", names["mail.queue"], body, properties=properties)
        refused = 'waybill_claims_total{verdict="finished"} 3'
        eventually(lambda: refused in client.get("/metrics").text, 20, "the copies came and were refused")
        assert client.stats()["states"]["consumed"] == sum(client.stats()["states"].values()) == 1
        assert daemon.stop() == 0
        assert channel.queue_declare(names["mail.queue"], passive=True).method.message_count == 0
    assert effects(daemon.journal) == {one: 1}


def test_too_large_a_message_of_another_client_goes_to_the_dead_letters(make_daemon, over_rabbitmq, names, channel):
    with make_daemon(config={**over_rabbitmq, "http.max_mail_body": "1MiB"}) as daemon:
        channel.basic_publish(names["mail.exchange"], "key", b"x" * (3 << 20),
                              properties=pika.BasicProperties(message_id="large", delivery_mode=2))
        got = eventually(lambda: (found := channel.basic_get(names["dead_letter.queue"], auto_ack=True))[0] and found,
                         20, "it is a dead letter")
        assert len(got[2]) == 3 << 20
        page = daemon.client().get("/metrics").text
        assert 'waybill_refused_deliveries_total{fate="rejected"} 1' in page
        one = daemon.client().accepted()
        eventually(lambda: daemon.client().status(one) == CONSUMED, 20, "the next one is handled")


def test_a_queue_that_is_deleted_is_declared_again(make_daemon, over_rabbitmq, names, channel):
    with make_daemon(config=over_rabbitmq) as daemon:
        client = daemon.client()
        first = client.accepted()
        eventually(lambda: client.status(first) == CONSUMED, 20, "it works")
        channel.queue_delete(names["mail.queue"])
        second = client.accepted()
        eventually(lambda: client.status(second) == CONSUMED, 30, "it works again")
    assert effects(daemon.journal) == {first: 1, second: 1}


def test_an_exchange_that_is_deleted_is_declared_again(make_daemon, over_rabbitmq, names, channel):
    with make_daemon(config=over_rabbitmq) as daemon:
        client = daemon.client()
        first = client.accepted()
        eventually(lambda: client.status(first) == CONSUMED, 20, "it works")
        channel.exchange_delete(names["mail.exchange"])
        second = client.accepted()
        eventually(lambda: client.status(second) == CONSUMED, 30, "it works again")
    assert effects(daemon.journal) == {first: 1, second: 1}
