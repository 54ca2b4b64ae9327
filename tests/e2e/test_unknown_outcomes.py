"""An effect that may have happened waits for a person, if the policy says so."""

import signal

import pytest

from harness.journal import effects
from harness.waiting import eventually


@pytest.fixture
def held(make_daemon):
    """A daemon with one mail whose process died in the middle of its effect; (daemon, id)."""
    daemon = make_daemon(config={"worker.unknown": "hold"}, environment={"WAYBILL_FAULT": "during_effect"})
    daemon.start()
    daemon.wait_ready()
    message_id = daemon.client().accepted()
    assert daemon.wait() == -signal.SIGKILL
    daemon.environment = {}
    with daemon:
        eventually(lambda: daemon.client().message(message_id)["on_hold"], 10, "held")
        yield daemon, message_id


def test_it_is_not_tried_again_by_itself(held):
    daemon, message_id = held
    message = daemon.client().message(message_id)
    assert message["status"] == {"name": "outcome_unknown", "code": 6}
    assert (message["attempt"], message["lapse_count"], message["next_try_time"]) == (1, 1, None)
    assert not effects(daemon.journal)


def test_a_person_says_that_it_happened(held, command):
    daemon, message_id = held
    assert command(daemon, "resolve", message_id, "--outcome", "done").returncode == 0
    assert daemon.client().status(message_id) == 3
    assert not effects(daemon.journal)


def test_a_person_says_that_it_did_not(held, command):
    daemon, message_id = held
    assert command(daemon, "resolve", message_id, "--outcome", "retry").returncode == 0
    eventually(lambda: daemon.client().status(message_id) == 3, 5, "delivered")
    assert effects(daemon.journal) == {message_id: 1}


def test_the_interface_takes_the_same_words(held):
    daemon, message_id = held
    client = daemon.client()
    assert client.post(f"/v1/messages/{message_id}/resolve", json={"outcome": "perhaps"}).status_code == 400
    answer = client.post(f"/v1/messages/{message_id}/resolve", json={"outcome": "done"})
    assert (answer.status_code, answer.json()["status"]["code"]) == (200, 3)
    assert client.post(f"/v1/messages/{message_id}/cancel", json={}).status_code == 409
    assert client.post("/v1/messages/no-such-id/retry", json={}).status_code == 404
