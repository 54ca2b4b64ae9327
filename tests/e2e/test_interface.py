"""The HTTP interface as documented: what a client may rely on."""

import email
import email.policy
import json
import re

import pytest

from harness.client import SAMPLE
from harness.daemon import Daemon
from harness.waiting import eventually

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
FIELDS = {"id", "status", "exchange", "routing_key", "queue", "try_count", "attempt", "lapse_count", "unknown_count",
          "publish_count", "create_time", "update_time", "next_try_time", "times", "result", "last_error", "owner",
          "headers", "events", "recipients"}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("interface")) as running:
        yield running


@pytest.fixture
def client(daemon):
    return daemon.client()


def consumed(client, message_id):
    return eventually(lambda: (m := client.message(message_id))["status"]["code"] == 3 and m, 10, "consumed")


def test_an_accepted_mail_is_answered_in_the_classic_form(client):
    answer = client.send()
    assert answer.status_code == 200
    body = answer.json()
    assert (body["code"], body["msg"]) == (0, "成功")
    assert re.fullmatch(r"\d+", body["data"]["msgId"]), "64-bit ids are strings"


def test_a_trail_has_every_field(client):
    message = consumed(client, client.accepted())
    assert FIELDS <= message.keys()
    assert message["status"] == {"name": "consumed", "code": 3}
    assert (message["exchange"], message["routing_key"], message["queue"]) == \
        ("mail.exchange", "mail.routing.key", "mail.queue")
    assert TIME.match(message["create_time"]) and TIME.match(message["times"]["consume_time"])
    assert message["next_try_time"] is None and message["owner"] is None
    assert message["events"] == [], "the happy path writes none"
    assert message["recipients"] == [], "a Maildir records none"
    assert "body" not in message


def test_the_body_is_shown_if_asked_for(client):
    message_id = client.accepted(subject="Betreff: Grüße", content="Zeile\n邮件")
    answer = client.get(f"/v1/messages/{message_id}?body=1").json()
    assert json.loads(answer["body"]) == {"msgId": message_id, "subject": "Betreff: Grüße", "content": "Zeile\n邮件",
                                          "tos": ["someone@example.org"]}


@pytest.mark.parametrize("tos", [
    "a@example.org", "a@example.org,b@example.org", "a@example.org; b@example.org", ["a@example.org", "b@example.org"],
    " a@example.org ,, b@example.org;", "a@example.org,A@example.org,a@example.org",
])
def test_recipients_in_every_form(client, daemon, tos):
    message = consumed(client, client.accepted(tos=tos, subject="Grüße", content="Inhalt"))
    with open(message["result"], "rb") as file:
        mail = email.message_from_binary_file(file, policy=email.policy.default)
    wanted = re.findall(r"[^\s,;\[\]']+@[^\s,;\[\]']+", str(tos))
    delivered = [address.addr_spec for address in mail["To"].addresses]
    assert {one.lower() for one in delivered} == {one.lower() for one in wanted}
    assert len(delivered) == len({one for one in delivered})
    assert (mail["Subject"], mail.get_content().strip()) == ("Grüße", "Inhalt")
    assert message["id"] in mail["Message-ID"]


def test_lists_are_newest_first_and_limited(client):
    ids = [client.accepted() for _ in range(3)]
    listed = [message["id"] for message in client.get("/v1/messages?limit=3").json()["messages"]]
    assert listed == ids[::-1]
    consumed(client, ids[-1])
    by_name = client.get("/v1/messages?status=consumed&limit=1000").json()["messages"]
    by_number = client.get("/v1/messages?status=3&limit=1000").json()["messages"]
    assert ids[-1] in {message["id"] for message in by_name} and len(by_name) <= len(by_number)
    assert client.get("/v1/messages?status=dead").json()["messages"] == []


def test_statistics_count_by_state(client):
    consumed(client, client.accepted())
    eventually(lambda: client.open_count() == 0, 10, "all is delivered")
    stats = client.stats()
    assert set(stats["states"]) == {"sending", "sent", "send_failed", "consumed", "consume_failed", "dead",
                                    "outcome_unknown", "cancelled"}
    assert stats["states"]["consumed"] >= 1
    assert (stats["lapse_count"], stats["unknown_count"], stats["oldest_open"]) == (0, 0, None)


def test_health_and_readiness(client):
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json()["ready"] is True


def test_several_requests_share_a_connection(client):
    for _ in range(5):
        assert client.send().headers.get("Connection", "keep-alive").lower() != "close"


def test_one_chunked_request_is_as_good_as_one_with_a_length(client):
    answer = client.post("/mail/send/v2", data=iter([json.dumps(SAMPLE).encode()]),
                         headers={"Content-Type": "application/json; charset=utf-8"})
    assert answer.status_code == 200, answer.text
