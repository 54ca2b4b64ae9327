"""`/openapi.json`: it is what it says it is, and the server does what it says."""

import json
import signal

import jsonschema
import pytest

from harness.daemon import Daemon
from harness.openapi import DOCUMENT, OAS_SCHEMA, Description
from harness.openapi_scenario import (CLASSIC, MAIL, MESSAGE, Asker, change_many, change_one, crowd, dawdle, look, refuse_at_the_door,
                                      send_mails, send_messages)
from harness.program import waybill
from harness.waiting import eventually

TEXT = DOCUMENT.read_text(encoding="utf-8")
DESCRIPTION = Description(TEXT)
TOKEN = "a-token-of-enough-length"
# A first request that is still in flight, and a clock that has jumped, are brought about nowhere here.
NOT_SEEN = {("sendClassicMail", 409), ("sendMails", 409), ("prune", 409)}


def with_a_held_message(directory):
    """A daemon, not started, whose log has a message that waits for a person; (daemon, id)."""
    (directory / "tokens").write_text(TOKEN + "\n", encoding="utf-8")
    daemon = Daemon(directory, config={"worker.unknown": "hold"}, environment={"WAYBILL_FAULT": "during_effect"})
    daemon.start()
    daemon.wait_ready()
    held = daemon.client().accepted()
    assert daemon.wait() == -signal.SIGKILL
    daemon.environment = {}
    daemon.config["http.token_file"] = directory / "tokens"
    return daemon, held


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory):
    """All that was asked and answered."""
    daemon, held = with_a_held_message(tmp_path_factory.mktemp("openapi"))
    with daemon:
        asker, stranger = Asker(DESCRIPTION, daemon.port, TOKEN), Asker(DESCRIPTION, daemon.port)
        eventually(lambda: asker.ask("showMessage", path_id=held).json()["on_hold"], 20, "held")
        for part in (send_mails, send_messages, change_many, refuse_at_the_door):
            part(asker)
        look(asker, held)
        change_one(asker, held)
        for operation_id in filter(DESCRIPTION.needs_token, DESCRIPTION.operations):
            stranger.ask(operation_id)  # 401
    said = asker.exchanges + stranger.exchanges
    for name, part, config in (("hasty", dawdle, {"http.body_deadline": "100ms"}),
                               ("narrow", crowd, {"http.max_connections": 1, "http.idle_deadline": "10m"})):
        with Daemon(tmp_path_factory.mktemp(name), config=config) as daemon:
            asker = Asker(DESCRIPTION, daemon.port)
            part(asker)
            said += asker.exchanges
    return said


def test_the_document_is_openapi_3_1():
    schema = json.loads(OAS_SCHEMA.read_text(encoding="utf-8"))
    errors = jsonschema.Draft202012Validator(schema).iter_errors(json.loads(TEXT))
    assert not [f"{error.json_path}: {error.message[:200]}" for error in errors]
    for name, described in DESCRIPTION.document["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(described)
        assert set(described.get("required", ())) <= set(described.get("properties", described.get("required", ()))), name


def test_every_reference_leads_somewhere_and_every_component_is_used():
    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            node = list(node.values())
        for item in node if isinstance(node, list) else []:
            yield from references(item)

    components = DESCRIPTION.document["components"]
    known = {f"#/components/{kind}/{name}" for kind in components if kind != "securitySchemes" for name in components[kind]}
    assert set(references(DESCRIPTION.document)) == known


def test_what_it_shows_fits_its_own_schemas():
    def media_types(node):
        if isinstance(node, dict):
            yield from node["content"].items() if isinstance(node.get("content"), dict) else ()
            node = list(node.values())
        for item in node if isinstance(node, list) else []:
            yield from media_types(item)

    shown = 0
    for content_type, media in media_types(DESCRIPTION.document):
        if not isinstance(media, dict) or "schema" not in media:
            continue  # a field that is named so
        for example in media.get("examples", {}).values():
            body = example["value"] if content_type != "application/json" else json.dumps(example["value"])
            assert not DESCRIPTION.problems_of_body({content_type: media}, content_type, body.encode()), body
            shown += 1
    assert shown > 20


def test_it_is_served_to_everybody_as_it_is_written(exchanges):
    answers = [one.answer for one in exchanges if one.operation_id == "openapi" and one.answer.status == 200]
    assert [answer.body.decode() for answer in answers] == [TEXT]


def test_it_names_the_version_of_the_program(tmp_path):
    version = json.loads(waybill("version", "--json", cwd=tmp_path).stdout)["version"]
    assert DESCRIPTION.document["info"]["version"] == version


@pytest.mark.parametrize("operation_id", DESCRIPTION.operations)
def test_every_answer_is_described_and_every_described_answer_is_given(exchanges, operation_id):
    mine = [one for one in exchanges if one.operation_id == operation_id]
    for one in mine:
        assert not DESCRIPTION.problems_of_answer(one), (one, one.answer)
    expected = {status for status in DESCRIPTION.statuses(operation_id) if (operation_id, status) not in NOT_SEEN}
    assert {one.answer.status for one in mine} == expected


@pytest.mark.parametrize("operation_id", DESCRIPTION.operations)
def test_what_the_server_takes_is_what_is_described(exchanges, operation_id):
    mine = [one for one in exchanges if one.operation_id == operation_id and one.answer.status == 200]
    for one in mine:
        several = one.body.startswith(b"[") or one.content_type == "application/x-ndjson"
        if not (several and b'"error"' in one.answer.body):  # then some of them were refused
            assert not DESCRIPTION.problems_of_request(one), one


@pytest.mark.parametrize("operation_id, body", [
    ("sendClassicMail", {**CLASSIC, "cc": "b@example.org"}), ("sendClassicMail", {**CLASSIC, "subject": ""}),
    ("sendClassicMail", {**CLASSIC, "subject": "a\nb"}), ("sendClassicMail", {**CLASSIC, "tos": {}}), ("sendClassicMail", {}),
    ("sendMails", {**MAIL, "unknown": 1}), ("sendMails", {**MAIL, "subject": "a\nb"}), ("sendMails", {**MAIL, "tags": ["t"] * 21}),
    ("sendMails", {**MAIL, "attachments": [{"content": "AA=="}]}), ("sendMails", {**MAIL, "attachments": [{"filename": "a"}]}),
    ("sendMails", {**MAIL, "list_unsubscribe": "http://example.org"}), ("sendMails", {"to": "a@example.org"}), ("sendMails", {"text": "t"}),
    ("sendMails", {**MAIL, "from": {"name": "N"}}), ("sendMails", {**MAIL, "send_at": 7}), ("sendMails", []), ("sendMails", [MAIL] * 501),
    ("sendMessages", {**MESSAGE, "unknown": 1}), ("sendMessages", {**MESSAGE, "body_base64": "AA=="}), ("sendMessages", {"body": 1}),
    ("sendMessages", {**MESSAGE, "id": "waybill.1"}), ("sendMessages", {**MESSAGE, "id": "x" * 156}), ("sendMessages", []),
    ("sendMessages", {**MESSAGE, "headers": {"X-Waybill-Id": "1"}}), ("sendMessages", {**MESSAGE, "headers": {"a": 1}}),
    ("sendMessages", {**MESSAGE, "retry": {"attempts": 3}}), ("sendMessages", {**MESSAGE, "retry": {"attempts": 0, "delay_ms": 1}}),
    ("sendMessages", {**MESSAGE, "retry": {"attempts": 3, "delay_ms": 86_400_001}}), ("sendMessages", {**MESSAGE, "retry": "never"}),
    ("sendMessages", {**MESSAGE, "content_type": None}), ("sendMessages", [{**MESSAGE, "exchange": "x" * 256}]),
    ("resolveMessage", {"outcome": "perhaps"}), ("resolveMessage", {}), ("rescheduleMessage", {}), ("retryMessage", {"again": 1}),
    ("cancelMessage", {"again": True}), ("retryMessages", {"limit": 0}), ("retryMessages", {"limit": 10_001}),
    ("retryMessages", {"status": "sent"}), ("retryMessages", {"rate": -1}), ("cancelMessages", {}), ("cancelMessages", {"dry_run": True}),
    ("cancelMessages", {"status": "dead"}), ("cancelMessages", {"queue": "q", "again": True}), ("prune", {}), ("prune", {"older_than": "7w"}),
    ("prune", {"older_than": "7d", "limit": 100_001}),
], ids=lambda value: value if isinstance(value, str) else json.dumps(value)[:60])
def test_what_is_described_as_wrong_is_refused(described_daemon, operation_id, body):
    asker = Asker(DESCRIPTION, described_daemon.port)
    assert asker.ask(operation_id, body, path_id="any").status == 400
    assert DESCRIPTION.problems_of_request(asker.exchanges[0])


@pytest.fixture(scope="module")
def described_daemon(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("refusals")) as running:
        yield running
