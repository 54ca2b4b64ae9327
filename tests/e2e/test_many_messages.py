"""Lists by filter, and what an operator does to many messages: over HTTP, by command, and offline."""

import json
import pty
import os
import signal
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from harness.client import mail_message
from harness.log_file import read_one
from harness.program import PROGRAM, clean_environment, waybill
from harness.waiting import eventually

DONE, FAILED, USAGE, NOT_FOUND, UNREACHABLE, FORBIDDEN = range(6)
SENDING, CONSUMED, DEAD, CANCELLED = 0, 3, 5, 7


def now(**ahead):
    return (datetime.now(timezone.utc) + timedelta(**ahead)).isoformat()


def accept(client, count, **fields):
    """Ids of messages like mail_message's."""
    response = client.post_messages([mail_message(**fields) for _ in range(count)])
    assert response.status_code == 200, response.text
    return [answer["id"] for answer in response.json()]


def make_dead(client, count):
    """A body that is no mail is refused at once."""
    ids = accept(client, count, body="no mail")
    eventually(lambda: client.stats()["states"]["dead"] >= count, 20, "they are dead")
    return ids


def make_waiting(client, count, **fields):
    return accept(client, count, deliver_at=now(days=1), **fields)


def page_through(client, query, limit):
    """The ids of all pages."""
    ids, cursor = [], None
    while True:
        answer = client.get(f"/v1/messages?{query}&limit={limit}" + (f"&cursor={cursor}" if cursor else "")).json()
        ids += [message["id"] for message in answer["messages"]]
        cursor = answer["next_cursor"]
        if not cursor:
            return ids


def test_pages_give_every_message_once_and_newest_first(daemon):
    client = daemon.client()
    waiting = make_waiting(client, 25)
    external = make_waiting(client, 5, exchange="", routing_key="elsewhere")
    assert page_through(client, "status=sending", 7) == (waiting + external)[::-1]
    assert page_through(client, "queue=mail.queue", 10) == waiting[::-1]
    assert page_through(client, "queue=", 2) == external[::-1]
    assert page_through(client, "status=dead&queue=mail.queue", 10) == []
    assert page_through(client, "queue=unknown", 10) == []


def test_pages_are_not_disturbed_by_what_happens_meanwhile(daemon):
    client = daemon.client()
    first = make_waiting(client, 10)
    page = client.get("/v1/messages?queue=mail.queue&limit=5").json()
    accept(client, 10)
    for message_id in first[:3]:
        assert client.post(f"/v1/messages/{message_id}/cancel").status_code == 200
    rest = client.get(f"/v1/messages?queue=mail.queue&limit=100&cursor={page['next_cursor']}").json()
    assert [one["id"] for one in page["messages"] + rest["messages"]] == first[::-1]


def test_since_is_the_time_of_acceptance(daemon):
    client = daemon.client()
    older = make_waiting(client, 2)
    border = client.message(older[-1])["create_time"]
    eventually(lambda: datetime.now(timezone.utc) > datetime.fromisoformat(border) + timedelta(milliseconds=5), 5,
               "the clock goes on")
    newer = make_waiting(client, 3)
    since = client.message(newer[0])["create_time"]
    assert page_through(client, f"since={since}", 2) == newer[::-1]
    assert page_through(client, f"since={border}", 2) == (older + newer)[::-1]
    assert page_through(client, "since=2100-01-01T00:00:00Z", 2) == []


@pytest.mark.parametrize("query", ["since=yesterday", "since=", "cursor=nonsense", "limit=1001", "queue=%ff", "colour=red"])
def test_a_filter_that_means_nothing_is_refused(daemon, query):
    response = daemon.client().get(f"/v1/messages?{query}")
    assert response.status_code == 400, response.text
    assert response.json()["error"]["message"]


def test_the_dead_are_driven_again_by_filter(daemon):
    client = daemon.client()
    make_dead(client, 30)
    counted = client.post("/v1/messages/retry", json={"dry_run": True})
    assert counted.json() == {"matched": 30, "exact": True}
    assert client.stats()["states"]["dead"] == 30, "a dry run changes nothing"
    some = client.post("/v1/messages/retry", json={"limit": 10}).json()
    assert (some["changed"], some["refused"]) == (10, 0) and some["next_cursor"]
    rest = client.post("/v1/messages/retry", json={"cursor": some["next_cursor"]}).json()
    assert rest == {"changed": 20, "refused": 0, "next_cursor": None}
    again = [one for message in client.get("/v1/messages?limit=1000").json()["messages"]
             for one in client.message(message["id"])["events"] if one["kind"] == "replayed"]
    assert len(again) == 30


def test_a_rate_spreads_them_over_time(daemon):
    client = daemon.client()
    ids = make_dead(client, 6)
    begun = datetime.now(timezone.utc)
    assert client.post("/v1/messages/retry", json={"rate": 5}).json()["changed"] == 6
    eventually(lambda: client.stats()["states"]["dead"] == 6 and
               all(client.message(one)["attempt"] == 2 for one in ids), 20, "all were tried again")
    last = max(datetime.fromisoformat(client.message(one)["update_time"]) for one in ids)
    assert last - begun >= timedelta(seconds=0.95), "the sixth is due a second after the first"


def test_cancel_needs_a_filter_and_withdraws_what_is_open(daemon):
    client = daemon.client()
    make_waiting(client, 20)
    external = make_waiting(client, 5, exchange="", routing_key="elsewhere")
    assert client.post("/v1/messages/cancel", json={}).status_code == 400
    assert client.post("/v1/messages/cancel", json={"status": "dead"}).status_code == 400
    assert client.post("/v1/messages/cancel", json={"queue": "mail.queue", "dry_run": True}).json()["matched"] == 20
    assert client.post("/v1/messages/cancel", json={"queue": "mail.queue"}).json() == \
        {"changed": 20, "refused": 0, "next_cursor": None}
    assert client.stats()["states"]["cancelled"] == 20
    assert {client.status(one) for one in external} == {SENDING}
    assert client.post("/v1/messages/cancel", json={"since": now(days=-1), "status": "sending"}).json()["changed"] == 5


def test_a_message_called_retry_is_shown(daemon):
    client = daemon.client()
    make_waiting(client, 1, id="retry")
    assert client.get("/v1/messages/retry").json()["id"] == "retry"
    assert client.post("/v1/messages/retry/cancel").json()["status"]["code"] == CANCELLED


def test_reschedule(daemon):
    client = daemon.client()
    message_id = make_waiting(client, 1)[0]
    later = now(days=2)
    assert client.post(f"/v1/messages/{message_id}/reschedule", json={"deliver_at": later}).status_code == 200
    kept = datetime.fromisoformat(client.message(message_id)["not_before"])
    assert abs(kept - datetime.fromisoformat(later)) < timedelta(milliseconds=2)
    assert client.post(f"/v1/messages/{message_id}/reschedule", json={"deliver_at": now(days=400)}).status_code == 400
    assert client.post(f"/v1/messages/{message_id}/reschedule", json={"deliver_at": now(days=-1)}).status_code == 200
    eventually(lambda: client.status(message_id) == CONSUMED, 10, "what has passed means now")
    assert client.post(f"/v1/messages/{message_id}/reschedule", json={"deliver_at": later}).status_code == 409
    assert client.post("/v1/messages/none/reschedule", json={"deliver_at": later}).status_code == 404


def test_prune_removes_what_ended(daemon):
    client = daemon.client()
    accept(client, 30)
    eventually(lambda: client.stats()["states"]["consumed"] == 30, 20, "delivered")
    make_dead(client, 3)
    assert client.post("/v1/prune", json={"older_than": "1h"}).json() == {"pruned": 0, "more": False}
    assert client.post("/v1/prune", json={"older_than": "0s", "limit": 10}).json()["pruned"] == 10
    assert client.post("/v1/prune", json={"older_than": "0s"}).json() == {"pruned": 20, "more": False}
    assert client.stats()["states"]["dead"] == 3, "the dead are never pruned"
    assert client.post("/v1/prune", json={}).status_code == 400


def test_the_commands_preview_and_then_do(daemon, command):
    client = daemon.client()
    make_dead(client, 12)
    make_waiting(client, 8)
    preview = command(daemon, "retry", "--status", "dead")
    assert preview.returncode == DONE and preview.stdout.startswith("12 messages match") and "--yes" in preview.stdout
    assert client.stats()["states"]["dead"] == 12
    assert json.loads(command(daemon, "retry", "--status", "dead", "--json").stdout) == {"matched": 12, "exact": True}
    done = command(daemon, "retry", "--status", "dead", "--limit", "5", "--yes", "--json")
    assert json.loads(done.stdout) == {"changed": 5, "refused": 0, "complete": True}
    assert done.stderr == "", "no bar without a terminal"
    eventually(lambda: client.stats()["states"]["dead"] == 12, 10, "they are dead again")
    assert "8 messages match" in command(daemon, "cancel", "--queue", "mail.queue").stdout
    assert command(daemon, "cancel", "--queue", "mail.queue", "--yes").stdout == "cancelled 8 messages\n"
    assert client.stats()["states"]["cancelled"] == 8
    assert "8 cancelled" in command(daemon, "prune", "--older-than", "1d").stdout
    assert client.stats()["states"]["cancelled"] == 8
    assert command(daemon, "prune", "--older-than", "0s", "--limit", "3", "--yes").stdout.startswith("removed 3 messages")
    assert command(daemon, "prune", "--older-than", "0s", "--yes").stdout == "removed 5 messages\n"


def test_list_pages_through_what_one_answer_does_not_hold(daemon, command):
    client = daemon.client()
    ids = []
    for _ in range(3):
        ids += make_waiting(client, 800)
    listed = json.loads(command(daemon, "list", "--limit", "2300", "--json").stdout)
    assert [one["id"] for one in listed["messages"]] == ids[::-1][:2300]
    assert listed["next_cursor"]
    lines = command(daemon, "list", "--limit", "100000", "--queue", "mail.queue", "--ndjson").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids[::-1]
    table = command(daemon, "list", "--limit", "2400", "--since", "1h").stdout.splitlines()
    assert len(table) == 2401 and table[0].startswith("ID")
    assert json.loads(command(daemon, "list", "--status", "dead", "--json").stdout) == \
        {"messages": [], "next_cursor": None}
    assert command(daemon, "list", "--queue", "").stdout == "no messages\n"


def test_a_command_that_is_interrupted_tells_what_it_did(daemon, tmp_path):
    client = daemon.client()
    make_waiting(client, 200)
    process = subprocess.Popen([str(PROGRAM), "cancel", "--status", "sending", "--rate", "10", "--yes", "--server",
                                daemon.url], cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    eventually(lambda: client.stats()["states"]["cancelled"] > 0, 10, "it has begun")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == FAILED
    cancelled = client.stats()["states"]["cancelled"]
    assert 0 < cancelled < 200
    assert out == f"cancelled {cancelled} messages; the rest was left as it is\n"


def test_long_work_shows_a_bar_on_a_terminal(daemon, tmp_path):
    client = daemon.client()
    make_waiting(client, 40)
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        process = subprocess.Popen([str(PROGRAM), "cancel", "--status", "sending", "--rate", "20", "--yes", "--server",
                                    daemon.url], cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE,
                                   stderr=theirs)
        os.close(theirs)
        shown = b""
        try:
            while part := screen.read(4096):
                shown += part
        except OSError:
            pass  # the terminal has lost its last writer
        process.communicate(timeout=60)
    assert process.returncode == DONE
    assert b" of 40 " in shown and shown.endswith(b"\x1b[K")


def test_a_reschedule_by_command(daemon, command):
    message_id = make_waiting(daemon.client(), 1)[0]
    assert command(daemon, "reschedule", message_id, "--at", "tomorrow").returncode == USAGE
    assert command(daemon, "reschedule", message_id, "--at", "2020-01-01T00:00:00Z").returncode == DONE
    eventually(lambda: daemon.client().status(message_id) == CONSUMED, 10, "delivered now")
    assert command(daemon, "reschedule", message_id, "--at", now(days=1)).returncode == FORBIDDEN
    assert command(daemon, "reschedule", "none", "--at", now(days=1)).returncode == NOT_FOUND


def test_all_of_it_offline(make_daemon, tmp_path):
    daemon = make_daemon()
    offline = {"WAYBILL_CFG_DATA__DIR": str(daemon.data)}

    def run(*arguments):
        return waybill(*arguments, "--offline", cwd=tmp_path, **offline)

    with daemon:
        client = daemon.client()
        dead = make_dead(client, 5)
        waiting = make_waiting(client, 800) + make_waiting(client, 400)
        accept(client, 4)
        eventually(lambda: client.stats()["states"]["consumed"] == 4, 10, "delivered")
        assert run("retry", "--status", "dead").returncode == FORBIDDEN, "a daemon holds the log"
        assert daemon.stop() == 0
    assert len(json.loads(run("list", "--status", "sending", "--limit", "5000", "--json").stdout)["messages"]) == 1200
    assert run("retry", "--status", "dead").stdout.startswith("5 messages match")
    assert json.loads(run("retry", "--status", "dead", "--yes", "--json").stdout)["changed"] == 5
    assert run("reschedule", waiting[0], "--at", "2020-01-01T00:00:00Z").returncode == DONE
    assert run("cancel", "--queue", "mail.queue", "--limit", "1000", "--yes").stdout == "cancelled 1000 messages\n"
    assert run("prune", "--older-than", "0s", "--yes").stdout == "removed 1004 messages\n"
    assert read_one(daemon.database, "SELECT count(*) FROM msg_log") == 205
    with daemon:
        client = daemon.client()
        eventually(lambda: all(m is None or m["status"]["code"] in (DEAD, SENDING, CANCELLED)
                               for m in map(client.message, dead)), 10, "what was replayed is driven")
        assert daemon.stop() == 0


def test_metrics_are_a_page_for_a_collector(daemon):
    client = daemon.client()
    accept(client, 3)
    eventually(lambda: client.open_count() == 0, 10, "delivered")
    response = client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4"
    assert "waybill_accepted_total 3\n" in response.text
    assert client.post("/metrics").status_code == 405


def test_metrics_need_a_token_when_there_are_tokens(make_daemon, tmp_path):
    (tmp_path / "tokens").write_text("a-token-of-enough-length\n", encoding="utf-8")
    daemon = make_daemon(config={"http.token_file": tmp_path / "tokens"})
    daemon.start()
    daemon.wait_ready()
    client = daemon.client()
    bearer = {"Authorization": "Bearer a-token-of-enough-length"}
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers=bearer).status_code == 200
    assert client.post("/v1/messages/retry", json={}).status_code == 401
    assert client.post("/v1/messages", json=mail_message()).status_code == 401
    listed = waybill("list", "--server", daemon.url, "--token-file", tmp_path / "tokens", cwd=tmp_path)
    assert listed.returncode == DONE, listed.stderr
