"""`waybill send --file batch.ndjson`: a file of messages, whole and exactly once."""

import json
import re
import signal
import subprocess

import pytest

from harness.client import SAMPLE, mail_message
from harness.journal import effects
from harness.log_file import read_one
from harness.program import PROGRAM, clean_environment, waybill
from harness.waiting import eventually

DONE, FAILED, USAGE, NOT_FOUND, UNREACHABLE, FORBIDDEN = range(6)


def line(number, **fields):
    return json.dumps(mail_message(body={**SAMPLE, "subject": f"mail {number}"}, **fields))


@pytest.fixture
def batch(tmp_path):
    """Writes a file of lines and returns its path."""
    def write(lines, name="batch.ndjson"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path
    return write


def test_a_file_is_sent_and_reported(daemon, command, batch):
    path = batch([line(number) for number in range(2500)])
    sent = command(daemon, "send", "--file", path, deadline_s=120)
    assert (sent.returncode, sent.stdout) == (DONE, "accepted: 2500, accepted before: 0, refused: 0\n")
    key = re.search(r"--idempotency-key (cli-[0-9a-f]{32})", sent.stderr).group(1)
    again = command(daemon, "send", "--file", path, "--idempotency-key", key, "--json", deadline_s=120)
    assert json.loads(again.stdout) == {"errors": [], "accepted": 0, "duplicates": 2500, "refused": 0, "complete": True}
    client = daemon.client()
    eventually(lambda: client.open_count() == 0, 60, "all is delivered", every_s=0.1)
    assert len(effects(daemon.journal)) == 2500


def test_refused_lines_are_told_by_number(daemon, command, batch):
    path = batch([line(1), "", "{}", line(4), "nonsense", line(6, id="waybill.x")], "batch.jsonl")
    sent = command(daemon, "send", "--file", path, "--idempotency-key", "k")
    assert sent.returncode == FAILED
    assert sent.stdout == "accepted: 2, accepted before: 0, refused: 3\n"
    told = sent.stderr.splitlines()
    assert told[0].startswith("line 3: exchange: is missing; routing_key: is missing; body: is missing")
    assert told[1].startswith("line 5: the line: is not valid JSON") and told[2].startswith("line 6: id: ")
    as_json = json.loads(command(daemon, "send", "--file", path, "--idempotency-key", "k", "--json").stdout)
    assert [one["line"] for one in as_json["errors"]] == [3, 5, 6]
    assert (as_json["accepted"], as_json["duplicates"]) == (0, 2)


def test_lines_come_from_stdin_too(daemon, tmp_path):
    sent = waybill("send", "--ndjson", "--file", "-", "--server", daemon.url, cwd=tmp_path,
                   text=line(1) + "\n" + line(2))
    assert (sent.returncode, sent.stdout) == (DONE, "accepted: 2, accepted before: 0, refused: 0\n")


def test_large_lines_are_cut_into_requests_that_the_server_takes(make_daemon, command, batch):
    with make_daemon(config={"http.max_body": "64KiB"}) as daemon:
        path = batch([line(number, headers={"fill": "x" * 9_000}) for number in range(40)] +
                     [json.dumps(mail_message(body="y" * 70_000))])
        sent = command(daemon, "send", "--file", path, "--idempotency-key", "k")
        assert sent.stdout == "accepted: 40, accepted before: 0, refused: 1\n"
        assert sent.stderr.startswith("line 41: the body is larger than 65536 bytes")
        again = command(daemon, "send", "--file", path, "--idempotency-key", "k")
        assert again.stdout == "accepted: 0, accepted before: 40, refused: 1\n"


def test_what_a_killed_run_began_is_completed_exactly(make_daemon, batch, tmp_path):
    """The server dies in the middle and comes back; the sender is killed, too, and run again."""
    daemon = make_daemon(config={"http.listen": "127.0.0.1:0"})
    path = batch([line(number) for number in range(20_000)])
    with daemon:
        sender = subprocess.Popen([str(PROGRAM), "send", "--file", str(path), "--idempotency-key", "k", "--server",
                                   daemon.url], cwd=tmp_path, env=clean_environment(), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        eventually(lambda: sum(daemon.client().stats()["states"].values()) >= 3000, 30, "some are accepted")
        sender.send_signal(signal.SIGKILL)
        sender.wait()
        daemon.kill()
    with daemon:
        sent = waybill("send", "--file", path, "--idempotency-key", "k", "--server", daemon.url, cwd=tmp_path,
                       deadline_s=240)
        assert sent.returncode == DONE, sent.stderr
        accepted, before = map(int, re.match(r"accepted: (\d+), accepted before: (\d+), refused: 0\n",
                                             sent.stdout).groups())
        assert accepted + before == 20_000 and before >= 3000
        assert read_one(daemon.database, "SELECT count(*) FROM msg_log") == 20_000


def test_a_server_that_is_not_there(batch, tmp_path):
    path = batch([line(1)])
    process = subprocess.Popen([str(PROGRAM), "send", "--file", str(path), "--server", "http://127.0.0.1:1"],
                               cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    _, told = process.communicate(timeout=120)
    assert process.returncode == UNREACHABLE
    assert "no server answers at http://127.0.0.1:1" in told and "--idempotency-key cli-" in told


def test_wrong_uses_are_told(daemon, command, batch):
    path = batch([line(1)])
    for arguments in (("--ndjson",), ("--file", path, "--subject", "x"), ("--file", "missing.ndjson"),
                      ("--file", path, "--idempotency-key", "k" * 201)):
        assert command(daemon, "send", *arguments).returncode == USAGE
