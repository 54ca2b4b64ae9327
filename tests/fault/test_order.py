"""The order of system calls of an instance on SQLite (harness/order.py)."""

import subprocess
from pathlib import Path

import pytest

from harness.daemon import Daemon
from harness.load import Load
from harness.order import check_acks, check_answers
from harness.strace import read_calls, tracing
from harness.waiting import eventually

PLANT = Path(__file__).resolve().parent / "plant_no_sync.c"
LEAST = 100  # answers of each form


def live(directory, *under, **environment):
    """A short life under load in both forms, traced: (its calls, what it wrote to stderr)."""
    output = directory / "strace"
    # Without lapses nothing is delivered twice, and each delivery is acknowledged for its own finish.
    daemon = Daemon(directory, under=[*tracing(output), *under], config={"worker.lease": "60s", "publish.grace": "60s"},
                    environment={"WAYBILL_FAULT_TRACE": "before_ack", **environment})
    with daemon:
        with Load(daemon.port, clients=4) as mails, Load(daemon.port, clients=2, batch=10) as batches:
            eventually(lambda: min(len(mails.answered), len(batches.answered)) >= LEAST, 60, "enough is answered")
        assert not mails.refused and not batches.refused
        eventually(lambda: daemon.client().open_count() == 0, 120, "all is delivered")
        assert daemon.stop() == 0
    return read_calls(output), daemon.stderr


@pytest.fixture(scope="module")
def sound_life(tmp_path_factory):
    return live(tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
def life_without_syncs(tmp_path_factory):
    """Planted from outside: the program asks for its syncs, and they come to nothing."""
    directory = tmp_path_factory.mktemp("planted")
    library = directory / "plant.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-o", str(library), str(PLANT), "-ldl"], check=True)
    calls, said = live(directory, "-E", f"LD_PRELOAD={library}")
    assert "planted: nothing is synced" in said
    return calls, said


def test_each_answer_follows_the_sync_of_its_row(sound_life):
    answers, problems = check_answers(sound_life[0])
    assert answers >= 2 * LEAST
    assert not problems, problems[:5]


def test_each_ack_follows_the_sync_of_its_finish(sound_life):
    calls, said = sound_life
    assert "FAULT INJECTION IS ON: every pass of before_ack is told" in said
    acks, problems = check_acks(calls)
    assert acks >= 2 * LEAST
    assert not problems, problems[:5]


@pytest.mark.parametrize("check", [check_answers, check_acks])
def test_the_check_fails_when_nothing_is_synced(life_without_syncs, check):
    """A check that cannot fail is none."""
    count, problems = check(life_without_syncs[0])
    assert count >= 2 * LEAST
    assert len(problems) > count / 2


def test_the_check_fails_when_an_ack_before_the_commit_is_planted(tmp_path):
    calls, said = live(tmp_path, WAYBILL_FAULT="ack_before_commit")
    assert "FAULT INJECTION IS ON: ack_before_commit" in said
    acks, problems = check_acks(calls)
    assert acks >= 2 * LEAST
    assert len(problems) > acks / 2


AS_STRACE = {
    "write wal 11": '1 pwrite64(3</d/w.db-wal>, "\\0\\00111\\0", 5, 0) = 5',
    "write finish 11": '1 pwrite64(3</d/w.db-wal>, "\\0\\0/new/11.waybill\\0", 5, 0) = 5',
    "write finish 12": '1 pwrite64(3</d/w.db-wal>, "\\0\\0/new/12.waybill\\0", 5, 0) = 5',
    "sync wal": "1 fdatasync(3</d/w.db-wal>) = 0",
    "sync other": "1 fdatasync(4</d/mail.journal>) = 0",
    "sync wal begins": "1 fdatasync(3</d/w.db-wal> <unfinished ...>",
    "sync wal ends": "1 <... fdatasync resumed>) = 0",
    "send 11": '2 sendto(5<socket:[1]>, "HTTP/1.1 200 OK\\r\\n\\r\\n{\\"data\\":{\\"msgId\\":\\"11\\"}}", 9, 0, NULL, 0) = 9',
    "send [11]": '2 sendto(5<socket:[1]>, "HTTP/1.1 200 OK\\r\\n\\r\\n[{\\"id\\":\\"11\\",\\"status\\":{}}]", 9, 0, NULL, 0) = 9',
    "deliver 11": '3 write(2</d/stderr>, "fault point before_ack: delivery 1/1 11\\n", 9) = 9',
    "deliver 12": '3 write(2</d/stderr>, "fault point before_ack: delivery 1/2 12\\n", 9) = 9',
    "ack 11": '3 write(2</d/stderr>, "fault point before_ack: ack 1/1\\n", 9) = 9',
    "ack both": '3 write(2</d/stderr>, "fault point before_ack: ack 1/2 multiple\\n", 9) = 9',
}


@pytest.mark.parametrize("lines, problem", [
    (['write wal 11', 'sync wal', 'send 11'], None),
    (['write wal 11', 'sync wal', 'send [11]'], None),
    (['write wal 11', 'send 11', 'sync wal'], "synced"),
    (['write wal 11', 'send [11]', 'sync wal'], "synced"),
    (['sync wal', 'write wal 11', 'send 11'], "synced"),
    (['send 11', 'write wal 11', 'sync wal'], "written"),
    (['write wal 11', 'sync other', 'send 11'], "synced"),
    (['write wal 11', 'sync wal begins', 'send 11', 'sync wal ends'], "synced"),
    (['write wal 11', 'sync wal begins', 'sync wal ends', 'send 11'], None),
])
def test_the_check_of_answers_itself(tmp_path, lines, problem):
    assert_found(tmp_path, lines, check_answers, 1, problem)


@pytest.mark.parametrize("lines, acks, problem", [
    (['deliver 11', 'write finish 11', 'sync wal', 'ack 11'], 1, None),
    (['deliver 11', 'write finish 11', 'ack 11', 'sync wal'], 1, "synced"),
    (['deliver 11', 'ack 11', 'write finish 11', 'sync wal'], 1, "written"),
    (['write wal 11', 'sync wal', 'deliver 11', 'ack 11'], 1, "written"),
    (['deliver 11', 'sync wal begins', 'write finish 11', 'sync wal ends', 'ack 11'], 1, "synced"),
    (['deliver 11', 'deliver 12', 'write finish 11', 'write finish 12', 'sync wal', 'ack both'], 2, None),
    (['deliver 11', 'deliver 12', 'write finish 12', 'sync wal', 'ack both'], 2, "written"),
    (['deliver 11', 'deliver 12', 'write finish 11', 'sync wal', 'ack 11'], 1, None),
])
def test_the_check_of_acknowledgements_itself(tmp_path, lines, acks, problem):
    assert_found(tmp_path, lines, check_acks, acks, problem)


def assert_found(tmp_path, lines, check, count, problem):
    output = tmp_path / "strace"
    output.write_text("\n".join(AS_STRACE[line] for line in lines) + "\n", encoding="ascii")
    counted, problems = check(read_calls(output))
    assert counted == count
    assert (problem is None and not problems) or (problem is not None and problem in problems[0])
