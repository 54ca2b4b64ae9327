"""The command line: what it prints and the exit codes that scripts rely on."""

import json
import re

import pytest

from harness.log_file import foreign_connection, insert_four_columns
from harness.program import waybill
from harness.scripted_server import scripted_server
from harness.waiting import eventually

DONE, FAILED, USAGE, NOT_FOUND, UNREACHABLE, FORBIDDEN = range(6)
MAIL = json.dumps({"subject": "s", "content": "c", "tos": ["a@example.org"]})


def send(daemon, command, subject="Hello"):
    sent = command(daemon, "send", "--subject", subject, "--content", "World", "--to", "a@example.org", "--json")
    assert sent.returncode == DONE, sent.stderr
    return json.loads(sent.stdout)["data"]["msgId"]


def test_send_and_show(daemon, command):
    message_id = send(daemon, command)
    eventually(lambda: daemon.client().status(message_id) == 3, 5, "consumed")
    shown = command(daemon, "show", message_id)
    assert shown.returncode == DONE
    for step in ("accepted", "recorded", "published", "confirmed", "claimed", "consumed", f"{message_id}.waybill"):
        assert step in shown.stdout
    asked = json.loads(command(daemon, "show", message_id, "--json").stdout)
    assert (asked["id"], asked["status"]["name"]) == (message_id, "consumed")


def test_list_and_stats(daemon, command):
    ids = {send(daemon, command, f"mail {number}") for number in range(3)}
    eventually(lambda: daemon.client().open_count() == 0, 5, "all consumed")
    listed = json.loads(command(daemon, "list", "--status", "consumed", "--json").stdout)
    assert {message["id"] for message in listed["messages"]} == ids
    assert len(json.loads(command(daemon, "list", "--limit", "2", "--json").stdout)["messages"]) == 2
    assert all(one in command(daemon, "list").stdout for one in ids)
    assert json.loads(command(daemon, "stats", "--json").stdout)["states"]["consumed"] == 3
    assert re.search(r"consumed\D*3", command(daemon, "stats").stdout)


def test_cancel_and_retry(make_daemon, command):
    # Only the first publish is skipped: nothing else may drive it before it is cancelled.
    with make_daemon(config={"publish.grace": "60s"}, environment={"WAYBILL_FAULT": "skip_publish"}) as daemon:
        message_id = send(daemon, command)
        assert command(daemon, "cancel", message_id).returncode == DONE
        assert daemon.client().status(message_id) == 7
        assert command(daemon, "cancel", message_id).returncode == DONE, "it is what was asked for"
        assert command(daemon, "retry", message_id).returncode == DONE
        assert daemon.client().status(message_id) != 7, "it may be as far as consumed by now"


def test_a_final_message_cannot_be_cancelled_or_retried(daemon, command):
    message_id = send(daemon, command)
    eventually(lambda: daemon.client().status(message_id) == 3, 5, "consumed")
    for what in (("cancel",), ("retry",), ("resolve", "--outcome", "retry")):
        refused = command(daemon, what[0], message_id, *what[1:])
        assert refused.returncode == FORBIDDEN, refused.stderr
        assert "consumed" in refused.stderr
    assert command(daemon, "retry", message_id, "--again").returncode == DONE


@pytest.mark.parametrize("arguments, code", [
    (("show", "no-such-id"), NOT_FOUND), (("retry", "no-such-id"), NOT_FOUND), (("cancel", "no-such-id"), NOT_FOUND),
    (("show",), USAGE), (("list", "--status", "lost"), USAGE), (("list", "--limit", "0"), USAGE),
    (("send", "--subject", "x"), USAGE), (("fly",), USAGE), (("show", "x", "--no-such-option"), USAGE),
    (("send", "--subject", "x", "--content", "y", "--to", "nobody"), FAILED),
])
def test_exit_codes(daemon, command, arguments, code):
    ended = command(daemon, *arguments)
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.strip()


def test_a_server_that_is_not_there(tmp_path):
    ended = waybill("stats", "--server", "http://127.0.0.1:1", cwd=tmp_path)
    assert ended.returncode == UNREACHABLE
    assert "127.0.0.1:1" in ended.stderr


V1, CLASSIC = '{"error":{"code":"%s","message":"m","fields":[]}}', '{"code":-1,"msg":"m","data":{"reason":"%s"}}'
SEND = ("send", "--subject", "x", "--content", "y", "--to", "a@example.org", "--idempotency-key", "k7")


@pytest.mark.parametrize("status, reason", [(503, "in_doubt"), (None, None)])
def test_what_may_have_happened_is_told_with_what_to_do(tmp_path, status, reason):
    def said(form, *arguments):
        with scripted_server(status, (form % reason).encode() if reason else b"") as url:
            ended = waybill(*arguments, "--server", url, cwd=tmp_path)
        assert ended.returncode == UNREACHABLE
        return ended.stderr

    told = said(CLASSIC, *SEND)
    assert "may have been accepted" in told and "--idempotency-key k7" in told
    for verb in (("cancel", "77"), ("retry", "77"), ("retry", "77", "--again"), ("resolve", "77", "--outcome", "done"),
                 ("reschedule", "77", "--at", "2026-01-31T08:00:00Z")):
        told = said(V1, *verb)
        assert "`waybill show 77`" in told and "repeat the command" in told
        assert "key" not in told.lower(), "these have none"


def test_what_certainly_did_not_happen_is_told_so(tmp_path):
    for form, arguments, nothing in ((CLASSIC, SEND, "was not accepted"), (V1, ("cancel", "77"), "Nothing was changed")):
        with scripted_server(503, (form % "unavailable").encode()) as url:
            ended = waybill(*arguments, "--server", url, cwd=tmp_path)
        assert ended.returncode == UNREACHABLE
        assert nothing in ended.stderr
        assert "may have" not in ended.stderr


@pytest.mark.parametrize("arguments", [("help",), ("--help",), ("help", "send"), ("send", "--help"), ("version",)])
def test_help_and_version(tmp_path, arguments):
    ended = waybill(*arguments, cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (DONE, "")
    assert ended.stdout.strip()


def test_config_check_and_show(tmp_path):
    (tmp_path / "waybill.toml").write_text('[http]\nlisten = "127.0.0.1:1234"\n', encoding="utf-8")
    assert waybill("config", "check", cwd=tmp_path).returncode == DONE
    shown = waybill("config", "show", cwd=tmp_path, WAYBILL_CFG_WORKER__LEASE="20s").stdout
    assert re.search(r"http\.listen\b.*127\.0\.0\.1:1234.*waybill\.toml:2", shown)
    assert re.search(r"worker\.lease\b.*20s.*WAYBILL_CFG_WORKER__LEASE", shown)
    assert re.search(r"publish\.grace\b.*2s.*default", shown)


def test_secrets_are_not_shown(tmp_path):
    (tmp_path / "tokens").write_text("a-token-of-enough-length\n", encoding="utf-8")
    shown = waybill("config", "show", cwd=tmp_path, WAYBILL_CFG_HTTP__TOKEN_FILE=str(tmp_path / "tokens"))
    assert shown.returncode == DONE
    assert "a-token-of-enough-length" not in shown.stdout + shown.stderr


def test_offline_commands_refuse_while_a_daemon_holds_the_log(make_daemon, tmp_path):
    daemon = make_daemon()
    offline = {"WAYBILL_CFG_DATA__DIR": str(daemon.data)}
    assert waybill("list", "--offline", cwd=tmp_path, **offline).returncode == NOT_FOUND
    with daemon:
        message_id = daemon.client().accepted()
        eventually(lambda: daemon.client().status(message_id) == 3, 5, "consumed")
        refused = waybill("show", message_id, "--offline", cwd=tmp_path, **offline)
        assert refused.returncode == FORBIDDEN
        assert str(daemon.process.pid) in refused.stderr, "it says who holds it"
        assert daemon.stop() == 0
    shown = waybill("show", message_id, "--offline", "--json", cwd=tmp_path, **offline)
    assert json.loads(shown.stdout)["id"] == message_id
    assert waybill("retry", message_id, "--offline", cwd=tmp_path, **offline).returncode == FORBIDDEN
    assert waybill("retry", message_id, "--again", "--offline", cwd=tmp_path, **offline).returncode == DONE
    with daemon:
        eventually(lambda: daemon.client().stats()["states"]["consumed"] == 1, 5, "what was replayed offline is driven")


def test_bad_rows_are_shown_as_they_are(daemon, command):
    with foreign_connection(daemon.database) as connection:
        insert_four_columns(connection, "odd \x1b[31m id", MAIL)
    shown = eventually(lambda: (s := command(daemon, "list")).stdout and s, 5, "it is listed")
    assert "\x1b" not in shown.stdout, "no row may write to the terminal"
