"""POST /v1/messages: one message, an array, or one a line; each is answered in its place."""

import base64
import json
from datetime import datetime, timedelta, timezone

import pytest

from harness.client import SAMPLE, mail_message
from harness.crowd import post_at_once
from harness.daemon import Daemon
from harness.journal import effects
from harness.log_file import read_rows
from harness.waiting import eventually

CONSUMED = 3
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("bulk"), config={"http.answer_deadline": "60s"}) as running:
        yield running


@pytest.fixture
def client(daemon):
    return daemon.client()


def answers_of(response):
    """One answer for each message, whatever the form."""
    if response.headers["Content-Type"] == "application/x-ndjson":
        assert response.text.endswith("\n")
        return [json.loads(line) for line in response.text.splitlines()]
    answers = response.json()
    return answers if isinstance(answers, list) else [answers]


def count(client):
    return sum(client.stats()["states"].values())


def at(**ahead):
    return (datetime.now(timezone.utc) + timedelta(**ahead)).isoformat()


def test_one_message_is_answered_by_itself(client):
    response = client.post_messages(mail_message())
    assert response.status_code == 200
    answer = response.json()
    assert answer["status"] == {"name": "sending", "code": 0} and answer["duplicate"] is False
    eventually(lambda: client.status(answer["id"]) == CONSUMED, 10, "delivered")


@pytest.mark.parametrize("lines", [False, True])
def test_answers_come_in_the_order_of_the_messages(client, lines):
    ids = [f"order-{lines}-{number}" for number in range(1000)]
    response = client.post_messages([mail_message(id=one) for one in ids], lines=lines)
    assert response.status_code == 200
    assert [answer["id"] for answer in answers_of(response)] == ids
    eventually(lambda: client.status(ids[-1]) == CONSUMED, 20, "delivered")


def test_every_field_is_kept(client):
    when = at(days=300)
    sent = {"id": "all-fields", "exchange": "ex", "routing_key": "key ü", "body": "text ü", "content_type": "text/plain",
            "headers": {"b": "2", "a": ""}, "deliver_at": when, "retry": {"attempts": 4, "delays_ms": [1, 20, 300]}}
    assert client.post_messages(sent).status_code == 200
    kept = client.get("/v1/messages/all-fields?body=1").json()
    for field in ("id", "exchange", "routing_key", "body", "content_type", "headers"):
        assert kept[field] == sent[field]
    assert kept["retry_policy"] == "list 4 1,20,300"
    assert abs(datetime.fromisoformat(kept["not_before"]) - datetime.fromisoformat(when)) < timedelta(milliseconds=2)
    assert kept["publish_count"] == 0, "it waits"


@pytest.mark.parametrize("field, value, body", [
    ("body", "plain ü", "plain ü".encode()),
    ("body", "", b""),
    ("body", "nul \0 inside", b"nul \0 inside"),
    ("body", {"a": [1, 2.50, "ü\n", None, True], "b": {}}, '{"a":[1,2.5,"ü\\n",null,true],"b":{}}'.encode()),
    ("body", [], b"[]"),
    ("body", 7, b"7"),
    ("body", None, b"null"),
    ("body_base64", base64.b64encode(bytes(range(256))).decode(), bytes(range(256))),
], ids=lambda value: repr(value)[:20])
def test_bodies_of_every_kind_come_back(client, field, value, body):
    message = {"exchange": "", "routing_key": "nowhere", field: value, "deliver_at": at(days=1)}
    text = json.dumps(message, ensure_ascii=False).encode()
    answer = client.post("/v1/messages", data=text, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200, answer.text
    kept = client.get(f"/v1/messages/{answer.json()['id']}?body=1").json()
    got = kept["body"].encode() if "body" in kept else base64.b64decode(kept["body_base64"])
    assert got == body
    assert kept["body_bytes"] == len(body)


def test_a_known_id_is_a_duplicate_or_a_conflict(client):
    first = mail_message(id="known")
    other = mail_message(id="known", body={**SAMPLE, "subject": "another"})
    elsewhere = mail_message(id="known", routing_key="another")
    assert client.post_messages(first).json()["duplicate"] is False
    eventually(lambda: client.status("known") == CONSUMED, 10, "delivered")
    again = client.post_messages(first)
    assert (again.status_code, again.json()) == (
        200, {"id": "known", "status": {"name": "consumed", "code": 3}, "duplicate": True})
    for conflict in (other, elsewhere):
        refused = client.post_messages(conflict)
        assert refused.status_code == 409
        assert refused.json()["error"]["code"] == "conflict"
    mixed = client.post_messages([first, other, mail_message(id="fresh"), elsewhere, mail_message(id="fresh")])
    assert mixed.status_code == 200
    kinds = [answer.get("duplicate", answer.get("error", {}).get("code")) for answer in mixed.json()]
    assert kinds == [True, "conflict", False, "conflict", True]
    assert client.post_messages([other, elsewhere]).status_code == 409


def test_a_bad_message_refuses_only_itself(client):
    before = count(client)
    response = client.post_messages([mail_message(id="good-1"), {}, mail_message(headers={"x-waybill-log": "x"}), 7,
                                     mail_message(id="waybill.mine"), mail_message(id="good-2")])
    assert response.status_code == 200
    answers = response.json()
    assert [answers[0]["id"], answers[5]["id"]] == ["good-1", "good-2"]
    named = [[field["field"] for field in answer["error"]["fields"]] for answer in answers[1:5]]
    assert named == [["[1].exchange", "[1].routing_key", "[1].body"], ["[2].headers.x-waybill-log"], ["[3]"], ["[4].id"]]
    assert count(client) == before + 2


def test_a_bad_line_refuses_only_itself(client):
    lines = [json.dumps(mail_message(id="line-1")), '{"exchange":', "", "[]", json.dumps(mail_message(id="line-5"))]
    response = client.post("/v1/messages", data="\r\n".join(lines).encode(), headers=NDJSON)
    assert response.status_code == 200
    answers = answers_of(response)
    assert [answer.get("id", answer.get("error", {}).get("fields", [{}])[0].get("field")) for answer in answers] == \
        ["line-1", "[1]", "[2]", "line-5"]


LONG = "x" * 256
GOOD = json.dumps(mail_message()).encode()


@pytest.mark.parametrize("body, field", [
    (b"", "body"), (b"x", "body"), (b"[" + GOOD, "[1]"), (b"[" + GOOD + b",]", "[1]"), (b'"text"', "body"),
    (b"[" * 100_000, "[0]"), (b"[" + GOOD + b'," ' + b"]", "[1]"), (b"[" + GOOD + b',{"a":"\\ud800"}]', "[1]"),
    (GOOD + GOOD, "body"), (b"\xef\xbb\xbf" + GOOD, "body"),
    (b"[" + b",".join([b"{}"] * 1001) + b"]", "[1000]"), (b"[" + b"1," * 100_000 + b"1]", "[1000]"),
], ids=lambda value: repr(value)[:30])
def test_what_cannot_be_read_is_refused_as_a_whole(client, body, field):
    before = count(client)
    response = client.post("/v1/messages", data=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400, response.text
    error = response.json()["error"]
    assert error["message"]
    assert body == b"" or [one["field"] for one in error["fields"]] == [field]
    assert count(client) == before


@pytest.mark.parametrize("message, field", [
    (mail_message(exchange=None), "exchange"), (mail_message(exchange=LONG), "exchange"),
    (mail_message(exchange="a\0b"), "exchange"), (mail_message(routing_key=7), "routing_key"),
    (mail_message(routing_key="a\nb"), "routing_key"), (mail_message(id=""), "id"), (mail_message(id="a\tb"), "id"),
    (mail_message(id="ü" * 156), "id"), (mail_message(id=7), "id"), (mail_message(body_base64=""), "body_base64"),
    (mail_message(headers=[]), "headers"), (mail_message(headers={"a": 1}), "headers.a"),
    (mail_message(headers={"": "1"}), "headers"), (mail_message(headers={"X-Waybill-Key": "1"}), "headers.X-Waybill-Key"),
    (mail_message(headers={str(one): "" for one in range(65)}), "headers"),
    (mail_message(headers={"a": "x" * 40_000}), "headers"),
    (mail_message(deliver_at="soon"), "deliver_at"), (mail_message(deliver_at=1_800_000_000), "deliver_at"),
    (mail_message(deliver_at="9999-12-31T23:59:59Z"), "deliver_at"),
    (mail_message(retry={}), "retry"), (mail_message(retry={"attempts": 0, "delay_ms": 1}), "retry"),
    (mail_message(retry="often"), "retry"), (mail_message(cc="x"), "cc"),
], ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else value)
def test_a_bad_field_is_named(client, message, field):
    before = count(client)
    alone = client.post_messages(message)
    assert alone.status_code == 400
    assert [one["field"] for one in alone.json()["error"]["fields"]] == [field]
    among = client.post_messages([message])
    assert among.status_code == 400
    assert [one["field"] for one in among.json()[0]["error"]["fields"]] == [f"[0].{field}"]
    assert count(client) == before


@pytest.mark.parametrize("raw, field", [
    (b'"body":"b","body":"c"', "body"), (b'"body":"b","exchange":"f"', "exchange"),
    (b'"body":"b","headers":{"a":"1","a":"2"}', "headers.a"), (b'"body":"\xff"', "body"),
    (b'"body":{"a":"\xc3\x28"}', "body"), (b'"body":"b","id":"\xed\xa0\x80"', "id"),
], ids=lambda value: repr(value)[:40])
def test_repeated_fields_and_bytes_that_are_no_text_are_refused(client, raw, field):
    message = b'{"exchange":"e","routing_key":"k",' + raw + b"}"
    response = client.post("/v1/messages", data=b"[" + message + b"," + GOOD + b"]",
                           headers={"Content-Type": "application/json"})
    assert response.status_code == 200
    refused, accepted = response.json()
    assert [one["field"] for one in refused["error"]["fields"]] == [f"[0].{field}"]
    assert "id" in accepted


@pytest.mark.parametrize("content_type", ["text/plain", "application/jsonl", None])
def test_another_content_type_is_refused(client, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    assert client.post("/v1/messages", data=GOOD, headers=headers).status_code == 415


def test_a_key_makes_a_repeated_batch_the_same_messages(client):
    batch = [mail_message(body={**SAMPLE, "subject": f"mail {number}"}) for number in range(100)]
    first = answers_of(client.post_messages(batch, key="batch", lines=True))
    again = answers_of(client.post_messages(batch, key="batch", lines=True))
    as_array = answers_of(client.post_messages(batch, key="batch"))
    assert [one["id"] for one in again] == [one["id"] for one in first] == [one["id"] for one in as_array]
    assert not any(one["duplicate"] for one in first)
    assert all(one["duplicate"] for one in again + as_array)
    longer = answers_of(client.post_messages(batch + batch[:1], key="batch"))
    assert [one["duplicate"] for one in longer] == [True] * 100 + [False]
    changed = client.post_messages([mail_message(body="other"), batch[1]], key="batch").json()
    assert changed[0]["error"]["code"] == "key_reused" and changed[1]["id"] == first[1]["id"]
    assert client.post_messages([mail_message(body="other")], key="batch").status_code == 422


def test_a_key_for_many_leaves_room_for_the_index(client):
    assert client.post_messages([mail_message()], key="k" * 250).status_code == 200
    assert client.post_messages([mail_message()], key="k" * 251).status_code == 400
    assert client.post_messages(mail_message(), key="k" * 255).status_code == 200


def test_identical_batches_at_once_are_stored_once(daemon, client):
    batch = [mail_message(body={**SAMPLE, "subject": f"crowd {number}"}) for number in range(100)]
    before = count(client)
    answers = post_at_once(daemon.port, "/v1/messages", [({"Idempotency-Key": "crowd"}, batch)] * 30)
    assert {answer.status for answer in answers} == {200}
    ids = {tuple(one["id"] for one in answer.body) for answer in answers}
    assert len(ids) == 1
    assert sum(not one["duplicate"] for answer in answers for one in answer.body) == 100
    assert count(client) == before + 100


def test_a_batch_comes_into_force_when_it_is_due(client):
    soon = datetime.now(timezone.utc) + timedelta(seconds=1.5)
    answers = client.post_messages([mail_message(deliver_at=soon.isoformat()), mail_message(deliver_at=at(days=-400)),
                                    mail_message(deliver_at=at(days=367)), mail_message(deliver_at=at(days=365))]).json()
    assert [one["field"] for one in answers[2]["error"]["fields"]] == ["[2].deliver_at"]
    eventually(lambda: client.status(answers[1]["id"]) == CONSUMED, 5, "what was due long ago is delivered at once")
    delivered = eventually(lambda: (m := client.message(answers[0]["id"]))["status"]["code"] == CONSUMED and m, 10,
                           "delivered when due")
    assert datetime.fromisoformat(delivered["times"]["consume_time"]) >= soon
    assert client.status(answers[3]["id"]) == 0


def test_the_retry_policy_of_a_message_is_its_own(client):
    answers = client.post_messages([mail_message(exchange="", routing_key="mail.queue", body="no mail", retry={
        "attempts": 2, "delay_ms": 1})]).json()
    eventually(lambda: client.status(answers[0]["id"]) == 5, 10, "a body that is no mail is dead at once")


def test_everything_that_was_accepted_is_delivered_once(make_daemon):
    with make_daemon("all") as daemon:
        client = daemon.client()
        ids = []
        for number in range(10):
            batch = [mail_message(body={**SAMPLE, "subject": f"{number}.{one}"}) for one in range(500)]
            ids += [answer["id"] for answer in answers_of(client.post_messages(batch, lines=number % 2 == 0))]
        eventually(lambda: client.open_count() == 0, 60, "all is delivered", every_s=0.1)
        assert effects(daemon.journal) == {one: 1 for one in ids}


def test_one_batch_is_one_flush(make_daemon):
    """A thousand messages are durable together: all of them have the time of one commit, or of two."""
    with make_daemon("flush") as daemon:
        batch = [mail_message(deliver_at=at(days=1)) for _ in range(1000)]
        assert daemon.client().post_messages(batch, lines=True).status_code == 200
        times = {row["create_time"] for row in read_rows(daemon.database, "create_time")}
        assert len(times) <= 4, times
