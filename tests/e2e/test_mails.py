"""POST /v1/mails, from the request to the file in the Maildir."""

import base64
import email
import email.policy
import json
import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from harness.client import Client
from harness.daemon import Daemon
from harness.waiting import eventually

CONSUMED, CANCELLED = 3, 7
MAIL = {"subject": "季度报告", "text": "Please find it attached.", "to": "Jane Doe <jane@example.org>"}
MIB = 1 << 20


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("mails"), config={"http.answer_deadline": "60s"}) as running:
        yield running


@pytest.fixture
def client(daemon):
    return Client(daemon.url, 60)


def post(client, mails, key=None):
    return client.post("/v1/mails", json=mails, headers={"Idempotency-Key": key} if key else {})


def delivered(client, message_id, deadline_s=20):
    eventually(lambda: client.status(message_id) == CONSUMED, deadline_s, f"mail {message_id} is delivered")
    raw = Path(client.message(message_id)["result"]).read_bytes()
    return raw, email.message_from_bytes(raw, policy=email.policy.SMTP)


def test_a_mail_arrives_as_it_was_asked_for(client):
    image, report = os.urandom(3_000), os.urandom(5_000)
    response = post(client, {
        **MAIL, "html": "<p>见附件 <img src='cid:logo'>", "cc": ["王 <wang@例え.jp>"], "bcc": "hidden@example.org",
        "from": "报告 <reports@example.com>", "reply_to": "answers@example.com", "tags": ["quarterly"], "headers": {"X-Run": "7"},
        "list_unsubscribe": ["https://example.com/u"], "list_unsubscribe_post": True, "metadata": {"customer": "c-1"},
        "attachments": [{"filename": "logo.png", "content_type": "image/png", "content_id": "logo", "content": base64.b64encode(image).decode()},
                        {"filename": "季度报告.pdf", "content_type": "application/pdf", "content": base64.b64encode(report).decode()}]})
    assert response.status_code == 200, response.text
    message_id = response.json()["id"]
    raw, mail = delivered(client, message_id)
    assert mail["Subject"] == MAIL["subject"]
    assert str(mail["To"]) == "Jane Doe <jane@example.org>"
    assert [box.addr_spec for box in mail["Cc"].addresses] == ["wang@xn--r8jz45g.jp"]
    assert [(box.addr_spec, box.display_name) for box in mail["From"].addresses] == [("reports@example.com", "报告")]
    assert mail["Message-ID"] == f"<{message_id}@waybill.example.com>"
    assert mail["X-Run"] == "7" and mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert b"hidden@" not in raw and b"quarterly" not in raw
    assert mail.get_body(("plain",)).get_content().strip() == MAIL["text"]
    assert {part.get_filename(): part.get_payload(decode=True) for part in mail.walk() if part.get_filename()} == {
        "logo.png": image, "季度报告.pdf": report}
    body = json.loads(client.get(f"/v1/messages/{message_id}", params={"body": 1}).json()["body"])
    assert body["mail_version"] == 2 and body["tags"] == ["quarterly"] and body["metadata"] == {"customer": "c-1"}


def test_many_are_answered_each_in_its_place(client):
    mails = [{**MAIL, "subject": f"s{number}"} for number in range(500)]
    mails[7] = {**MAIL, "to": ["fine@example.org", "nobody"]}
    response = post(client, mails, key="many")
    assert response.status_code == 200
    answers = response.json()
    assert len(answers) == 500
    assert [field["field"] for field in answers.pop(7)["error"]["fields"]] == ["[7].to[1]"]
    eventually(lambda: all(client.status(answer["id"]) == CONSUMED for answer in answers[::50]), 30, "all are delivered")
    mails[7] = MAIL
    again = post(client, mails, key="many").json()
    assert again.pop(7)["duplicate"] is False
    assert [answer["id"] for answer in again] == [answer["id"] for answer in answers]
    assert all(answer["duplicate"] for answer in again)


def test_a_mail_for_later_can_still_be_withdrawn(client):
    later = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    message_id = post(client, {**MAIL, "send_at": later}).json()["id"]
    assert client.message(message_id)["not_before"] is not None
    assert client.post(f"/v1/messages/{message_id}/cancel").status_code == 200
    assert client.status(message_id) == CANCELLED


def test_the_largest_mail_passes_and_a_larger_one_is_refused(client):
    content = os.urandom(1 * MIB) * 25
    attachment = {"filename": "large.bin", "content": base64.b64encode(content[:-8]).decode()}
    mail = {"to": "a@example.org", "text": "12345678", "attachments": [attachment]}
    response = post(client, mail, key="large")
    assert response.status_code == 200, response.text
    message_id = response.json()["id"]
    _, read = delivered(client, message_id, 60)
    assert next(read.iter_attachments()).get_payload(decode=True) == content[:-8]
    assert post(client, mail, key="large").json() == {"id": message_id, "status": {"name": "consumed", "code": 3}, "duplicate": True}

    refused = post(client, {**mail, "text": "123456789"})
    assert refused.status_code == 400
    assert f"at most {25 * MIB} are right" in refused.text
    assert client.post("/v1/mails", data=b" " * (36 * MIB + 1), headers={"Content-Type": "application/json"}).status_code == 413
    assert client.post("/mail/send/v2", data=b" " * (2 * MIB), headers={"Content-Type": "application/json"}).status_code == 413
    # A small mail right after it is not held up.
    delivered(client, post(client, MAIL).json()["id"])


def test_a_large_mail_survives_a_crash_before_it_is_delivered(make_daemon):
    daemon = make_daemon(config={"http.answer_deadline": "60s"}, environment={"WAYBILL_FAULT": "before_effect"})
    daemon.start()
    daemon.wait_ready()
    content = os.urandom(20 * MIB)
    response = post(Client(daemon.url, 60), {"to": "a@example.org", "attachments": [
        {"filename": "a.bin", "content": base64.b64encode(content).decode()}]})
    assert response.status_code == 200, response.text
    daemon.wait()
    daemon.environment = {}
    daemon.start()
    daemon.wait_ready()
    _, read = delivered(Client(daemon.url, 60), response.json()["id"], 60)
    assert read.get_payload(decode=True) == content
