"""One Idempotency-Key, one mail."""

import pytest

from harness.client import SAMPLE
from harness.crowd import post_at_once
from harness.journal import effects
from harness.waiting import eventually

CONSUMED = 3


@pytest.fixture
def patient_daemon(make_daemon):
    """For crowds: on a busy machine the last ones wait longer than answers may usually take."""
    with make_daemon(config={"http.answer_deadline": "60s"}) as running:
        yield running


def test_a_thousand_identical_requests_at_once_are_one_mail(patient_daemon):
    daemon = patient_daemon
    answers = post_at_once(daemon.port, "/mail/send/v2", [({"Idempotency-Key": "the-one"}, SAMPLE)] * 1000)
    assert {answer.status for answer in answers} == {200}
    ids = {answer.body["data"]["msgId"] for answer in answers}
    assert len(ids) == 1
    client = daemon.client()
    message_id = ids.pop()
    eventually(lambda: client.status(message_id) == CONSUMED, 10, "it is delivered")
    assert sum(client.stats()["states"].values()) == 1
    assert effects(daemon.journal) == {message_id: 1}


def test_a_key_with_another_body_is_refused(daemon):
    client = daemon.client()
    first = client.send(key="k", subject="one")
    other = client.send(key="k", subject="two")
    again = client.send(key="k", subject="one")
    assert (first.status_code, other.status_code, again.status_code) == (200, 422, 200)
    assert other.json()["code"] == 201
    assert first.json()["data"]["msgId"] == again.json()["data"]["msgId"]
    assert sum(client.stats()["states"].values()) == 1


def test_the_answer_outlives_a_restart(make_daemon):
    daemon = make_daemon()
    with daemon:
        first = daemon.client().send(key="k").json()["data"]["msgId"]
        daemon.kill()
    with daemon:
        assert daemon.client().send(key="k").json()["data"]["msgId"] == first
        assert daemon.client().send(key="k", subject="other").status_code == 422


def test_a_refused_request_does_not_use_up_its_key(daemon):
    client = daemon.client()
    assert client.send(key="k", tos="nobody").status_code == 400
    assert client.send(key="k").status_code == 200


def test_different_keys_are_different_mails(patient_daemon):
    answers = post_at_once(patient_daemon.port, "/mail/send/v2",
                           [({"Idempotency-Key": f"key-{number}"}, SAMPLE) for number in range(200)])
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["data"]["msgId"] for answer in answers}) == 200


def test_a_key_that_is_too_long_is_refused(daemon):
    assert daemon.client().send(key="k" * 256).status_code == 400
    assert daemon.client().send(key="k" * 255).status_code == 200
