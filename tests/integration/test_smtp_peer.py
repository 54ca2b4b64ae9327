"""`waybill serve` before a relay that refuses, closes, hangs, dribbles or answers too late, at every verb: the mail arrives,
and twice only if its row counts an outcome that nobody knows."""

from contextlib import ExitStack

import pytest

from harness.scripted_relay import scripted_relay
from harness.waiting import eventually

VERBS = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", ".")
LATER = {"CONNECT": "421 4.3.2 not now\r\n", "EHLO": "421 4.3.2 not now\r\n", "MAIL": "451 4.3.0 later\r\n",
         "RCPT": "450 4.2.1 busy\r\n", "DATA": "451 4.3.0 later\r\n", ".": "451 4.3.0 later\r\n"}
CLOSING = {verb: "421 4.3.2 shutting down\r\n" for verb in VERBS}
CONFIG = {"mail.from": "a@example.test", "mail.allowed_from": "@example.test", "worker.retry": "fixed 5 50",
          "mail.smtp.connect_timeout": "1s", "mail.smtp.command_timeout": "1s", "mail.smtp.dot_timeout": "1s"}


@pytest.fixture
def serve_to(make_daemon):
    def serve(relay, name="one"):
        return make_daemon(name, config={**CONFIG, "mail.smtp.relays": relay.url})
    return serve


def consumed(client, message_id):
    return eventually(lambda: (found := client.message(message_id))["status"]["name"] == "consumed" and found, 30,
                      "the mail is delivered")


@pytest.mark.parametrize("kind, texts, in_doubt", [
    ("say", LATER, False), ("say", CLOSING, False), ("close", {}, True), ("hang", {}, True), ("dribble", {}, True),
    ("late", {}, True)], ids=["later", "closing", "close", "hang", "dribble", "late"])
def test_a_fault_at_any_verb_repeats_nothing_that_is_not_counted(serve_to, kind, texts, in_doubt):
    """One service for each verb, all at once."""
    with ExitStack() as held:
        relays = {verb: held.enter_context(scripted_relay((verb, kind, texts.get(verb, "")))) for verb in VERBS}
        daemons = {verb: serve_to(relay, name=f"at{number}") for number, (verb, relay) in enumerate(relays.items())}
        for daemon in daemons.values():
            daemon.start()
        for daemon in daemons.values():
            daemon.wait_ready()
        ids = {verb: daemon.client().accepted(tos="b@example.test") for verb, daemon in daemons.items()}
        for verb, relay in relays.items():
            message = consumed(daemons[verb].client(), ids[verb])
            assert relay.met(), f"nobody came to {verb}"
            unknown = 1 if verb == "." and in_doubt else 0
            assert (message["unknown_count"], message["lapse_count"]) == (unknown, 0), (verb, message)
            assert len(relay.given()) == 1 + unknown, verb
            assert all(f"<{ids[verb]}@".encode() in content for content in relay.given())


def test_a_connection_that_is_ended_while_it_idles_costs_the_next_mail_nothing(serve_to):
    with scripted_relay() as relay, serve_to(relay) as daemon:
        client = daemon.client()
        consumed(client, client.accepted(tos="b@example.test"))
        relay.say_to_idle("421 4.4.2 idle for too long\r\n")
        message = consumed(client, client.accepted(tos="b@example.test"))
        assert (message["attempt"], message["try_count"], message["unknown_count"]) == (1, 0, 0)
        assert (len(relay.given()), relay.connections) == (2, 2)


def test_the_answer_that_came_too_late_is_no_other_mails(serve_to):
    """The mail after it is refused for ever; the late 250 before must not make it a delivered one."""
    with scripted_relay((".", "late", ""), ("RCPT", "say", "550 5.1.1 no such user\r\n")) as relay, serve_to(relay) as daemon:
        client = daemon.client()
        first = client.accepted(tos="b@example.test")
        eventually(lambda: relay.met() or client.message(first)["status"]["name"] == "dead", 30, "both faults are met")
        dead = eventually(lambda: (found := client.message(first))["status"]["name"] == "dead" and found, 30, "it is refused")
        assert dead["unknown_count"] == 1 and "550 5.1.1" in dead["last_error"]
        assert len(relay.given()) == 1
