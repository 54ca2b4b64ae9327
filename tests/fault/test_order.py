"""The order of system calls: an answer leaves only after the sync that makes its row durable."""

import re
import subprocess
from pathlib import Path

import pytest

from harness.load import Load
from harness.strace import read_calls, tracing
from harness.waiting import eventually

PLANT = Path(__file__).resolve().parent / "plant_sync_off.c"
ANSWERED = re.compile(r'\\"msgId\\":\\"(\d+)\\"')


def violations(calls):
    """Of every answered id: was its row written to the write-ahead log, and synced, before the answer was sent?"""
    written = {}  # id -> end of the first write to the WAL that carries it
    synced = [call for call in calls if call.name in ("fdatasync", "fsync") and "-wal>" in call.text]
    problems, answers = [], 0
    wal_writes = [call for call in calls if call.name in ("pwrite64", "write") and "-wal>" in call.text]
    for call in calls:
        if call.name not in ("sendto", "sendmsg", "write", "writev") or "HTTP/1.1 200" not in call.text:
            continue
        for message_id in ANSWERED.findall(call.text):
            answers += 1
            if message_id not in written:
                written[message_id] = next((write.end for write in wal_writes if message_id in write.text), None)
            end_of_write = written[message_id]
            if end_of_write is None or end_of_write > call.begin:
                problems.append(f"{message_id} was answered before it was written")
            elif not any(end_of_write < sync.begin and sync.end < call.begin for sync in synced):
                problems.append(f"{message_id} was answered before it was synced")
    return answers, problems


def trace(daemon, output):
    """The calls of a short life under load."""
    with daemon:
        with Load(daemon.port, clients=8) as load:
            eventually(lambda: len(load.answered) >= 100, 60, "enough is answered")
        eventually(lambda: daemon.client().open_count() == 0, 60, "all is delivered")
        assert daemon.stop() == 0
    return read_calls(output)


def test_each_answer_follows_the_sync_of_its_row(make_daemon, tmp_path):
    output = tmp_path / "strace"
    answers, problems = violations(trace(make_daemon(under=tracing(output)), output))
    assert answers >= 100
    assert not problems, problems[:5]


def test_the_check_fails_when_synchronous_off_is_planted(make_daemon, tmp_path):
    """The pragma is planted from outside, after the program has asserted its own: a check that cannot fail is none."""
    library, output = tmp_path / "plant.so", tmp_path / "strace"
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(library), str(PLANT), "-ldl"], check=True)
    daemon = make_daemon(under=[*tracing(output), "-E", f"LD_PRELOAD={library}"])
    answers, problems = violations(trace(daemon, output))
    assert "planted synchronous=OFF" in daemon.stderr
    assert answers >= 100
    assert len(problems) > answers / 2


@pytest.mark.parametrize("lines, problem", [
    (['write wal 11', 'sync wal', 'send 11'], None),
    (['write wal 11', 'send 11', 'sync wal'], "synced"),
    (['sync wal', 'write wal 11', 'send 11'], "synced"),
    (['send 11', 'write wal 11', 'sync wal'], "written"),
    (['write wal 11', 'sync other', 'send 11'], "synced"),
    (['write wal 11', 'sync wal begins', 'send 11', 'sync wal ends'], "synced"),
    (['write wal 11', 'sync wal begins', 'sync wal ends', 'send 11'], None),
])
def test_the_check_itself(tmp_path, lines, problem):
    as_strace = {
        "write wal 11": '1 pwrite64(3</d/w.db-wal>, "\\0\\00111\\0", 5, 0) = 5',
        "sync wal": "1 fdatasync(3</d/w.db-wal>) = 0",
        "sync other": "1 fdatasync(4</d/mail.journal>) = 0",
        "sync wal begins": "1 fdatasync(3</d/w.db-wal> <unfinished ...>",
        "sync wal ends": "1 <... fdatasync resumed>) = 0",
        "send 11": '2 sendto(5<socket:[1]>, "HTTP/1.1 200 OK\\r\\n\\r\\n{\\"data\\":{\\"msgId\\":\\"11\\"}}", 9, 0, NULL, 0) = 9',
    }
    output = tmp_path / "strace"
    output.write_text("\n".join(as_strace[line] for line in lines) + "\n", encoding="ascii")
    answers, problems = violations(read_calls(output))
    assert answers == 1
    assert (problem is None and not problems) or (problem is not None and problem in problems[0])
