"""The order of system calls, of the program and of its MariaDB server: nothing is answered or published before the sync of
the redo log that makes its row durable; nor is what another program has committed, which can be seen before that."""

import json
import re
import signal
import subprocess
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from harness.client import SAMPLE
from harness.load import Load
from harness.mariadb_log import MariadbLog
from harness.services import PrivateServices, url_of
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

LEAST = 60
FOREIGN = 40
LINE = re.compile(r"^(\d+) +([0-9.]+) (.*)$")
RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)$")
TOOK = re.compile(r"<([0-9.]+)>$")
STRACE = ["strace", "-f", "-yy", "-ttt", "-T", "-s", "1000000", "-e", "signal=none"]
# So long that who does not wait for a sync is far ahead of it.
SLOW_SYNC = "inject=fdatasync:delay_enter=15000"


@dataclass
class Call:
    name: str
    text: str
    begin: float
    end: float


def read_calls(output):
    """Every call that ended."""
    calls, pending = [], {}
    for line in output.read_text(encoding="ascii", errors="replace").splitlines():
        found = LINE.match(line)
        if not found:
            continue
        thread, at, text = found.groups()
        resumed = RESUMED.match(text)
        if resumed:
            call = pending.pop(thread, None)
            if call:
                call.text += resumed.group(1)
        elif "(" in text:
            call = Call(text.partition("(")[0], text, float(at), float("inf"))
            calls.append(call)
            if text.endswith("<unfinished ...>"):
                pending[thread] = call
        took = TOOK.search(text)
        if took and call:
            call.end = call.begin + float(took.group(1))
    return calls


class RedoLog:
    """When something first stood in the redo log, and when that was synced."""

    def __init__(self, calls):
        of_log = [call for call in calls if "ib_logfile0" in call.text]
        self._writes = [call for call in of_log if call.name == "pwrite64"]
        self._syncs = [call for call in of_log if call.name == "fdatasync"]

    def durable(self, text):
        """When it was; nothing if it was not written, or not in one piece."""
        written = min((write.end for write in self._writes if text in write.text), default=None)
        if written is None:
            return None
        return min((sync.end for sync in self._syncs if sync.begin >= written), default=float("inf"))


class TracedServer(PrivateServices):
    def trace(self, output):
        pid = self.pid("mariadb")
        self._strace = subprocess.Popen(
            [*STRACE, "-o", str(output), "-e", "trace=pwrite64,fdatasync", "-e", SLOW_SYNC, "-p", str(pid)],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert "attached" in self._strace.stderr.readline()

    def untrace(self):
        self._strace.send_signal(signal.SIGINT)
        self._strace.communicate(timeout=30)


def live(make_daemon, names, tmp_path, plant=None):
    """A server and a daemon under strace: mails that are answered, and rows of another program. (calls of the server,
    calls of the daemon, ids answered, ids of the other program, port of the server)"""
    server = TracedServer()
    try:
        server("up", "mariadb")
        log = MariadbLog(server.url("mariadb"), (names["mail.exchange"], names["mail.routing_key"]))
        ours = tmp_path / "ours"
        config = {"message_log.url": log.url, "broker.url": url_of("rabbitmq"), **names}
        with make_daemon(config=config, under=[*STRACE, "-D", "-o", str(ours), "-e",
                                               "trace=sendto,sendmsg,write,writev"]) as daemon:
            if plant:
                log.on_server(plant)
            server.trace(tmp_path / "theirs")
            with Load(daemon.port, clients=4) as load:
                for number in range(FOREIGN):
                    log.insert_now(f"foreign-{number:06}", json.dumps(SAMPLE))
                eventually(lambda: len(load.answered) >= LEAST, 60, "enough is answered")
            eventually(lambda: log.one("SELECT COUNT(*) FROM msg_log WHERE status <> 3") == 0, 120, "all is delivered")
            server.untrace()
            assert daemon.stop() == 0
        return (read_calls(tmp_path / "theirs"), read_calls(ours), load.answered,
                [f"foreign-{number:06}" for number in range(FOREIGN)], urlsplit(log.url).port)
    finally:
        server.end()


def check(calls_of_server, calls, answered, foreign, port):
    """(how many were looked at, problems)"""
    log = RedoLog(calls_of_server)
    sent = [call for call in calls if f"->127.0.0.1:{port}]" not in call.text and call.name != "write"]
    problems, looked_at = [], 0
    for one in [*answered, *foreign]:
        durable = log.durable(one)
        if durable is None:
            continue  # it lay across two writes
        first = min((call.begin for call in sent if one in call.text), default=None)
        assert first is not None, f"{one} was neither answered nor published"
        looked_at += 1
        if first < durable:
            problems.append(f"{one} left {durable - first:.4f} s too early")
    return looked_at, problems


def test_nothing_leaves_before_its_row_is_durable(make_daemon, names, tmp_path):
    life = live(make_daemon, names, tmp_path)
    looked_at, problems = check(*life)
    assert looked_at >= (len(life[2]) + FOREIGN) * 9 // 10
    assert not problems, problems[:5]


def test_the_check_fails_on_a_server_that_does_not_sync(make_daemon, names, tmp_path):
    """A check that cannot fail is none."""
    _, problems = check(*live(make_daemon, names, tmp_path, plant="SET GLOBAL innodb_flush_log_at_trx_commit = 2"))
    assert len(problems) >= LEAST // 2
