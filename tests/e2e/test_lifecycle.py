"""Starting, stopping, and what stands in the way of a start: one clear sentence each."""

import json
import os
import signal
import socket
import subprocess

import pytest

from harness.journal import effects
from harness.log_file import read_rows
from harness.program import PROGRAM, clean_environment, waybill
from harness.strace import injecting
from harness.waiting import eventually

USAGE = 2


def one_sentence(text):
    """What was written besides log lines: exactly one line."""
    lines = [line for line in text.strip().splitlines() if line]
    return len(lines) == 1 and lines[0]


def refused(daemon):
    """Starts it; it must end by itself. (exit code, what it wrote)."""
    daemon.start()
    return daemon.wait(), daemon.stderr


def test_a_stop_waits_for_what_has_begun_and_gives_back_the_rest(make_daemon, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    daemon = make_daemon(environment={"WAYBILL_FAULT_GATE": str(gate)})
    with daemon:
        client = daemon.client()
        ids = [client.accepted() for _ in range(40)]
        eventually(lambda: sum(client.message(one)["owner"] is not None for one in ids) >= 4, 5, "handlers run")
        daemon.signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            daemon.wait(0.5)
        gate.unlink()
        assert daemon.wait() == 0
    rows = read_rows(daemon.database)
    assert len(rows) == 40
    assert all(row["owner"] is None for row in rows), "nothing is left claimed"
    assert all(row["lapse_count"] == 0 for row in rows)
    done = {row["msg_id"] for row in rows if row["status"] == 3}
    assert effects(daemon.journal) == {one: 1 for one in done}

    with daemon:
        client = daemon.client()
        eventually(lambda: client.open_count() == 0, 10, "the rest is delivered")
        assert effects(daemon.journal) == {one: 1 for one in ids}
        assert client.stats()["lapse_count"] == 0


def test_a_stop_does_not_wait_longer_than_its_grace(make_daemon, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    daemon = make_daemon(environment={"WAYBILL_FAULT_GATE": str(gate)}, config={"shutdown.grace": "1s", "worker.lease": "5m"})
    with daemon:
        message_id = daemon.client().accepted()
        eventually(lambda: daemon.client().message(message_id)["owner"], 5, "its handler runs")
        assert daemon.stop(within_s=60) == 0, "the gate would hold the handler for longer"
        assert "lapse" not in daemon.stderr, "all was given back"
        assert "serve: stopped clean=true" in daemon.stderr
    gate.unlink()
    with daemon:
        eventually(lambda: daemon.client().status(message_id) == 3, 5, "delivered by the next life, without a lease to wait for")
        assert effects(daemon.journal) == {message_id: 1}


def test_a_stop_tells_how_many_attempts_it_leaves_to_lapse(make_daemon, tmp_path):
    """Two mails hang in the Maildir, after their effects began: these cannot be given back."""
    daemon = make_daemon(config={"shutdown.grace": "1s"})
    with daemon:
        assert daemon.stop() == 0
    output = tmp_path / "strace"
    daemon.under = injecting(output, "fsync:delay_enter=12000000", daemon.maildir / "new")
    with daemon:
        client = daemon.client()
        ids = [client.accepted() for _ in range(2)]
        eventually(lambda: all(client.message(one)["owner"] for one in ids) and
                   output.read_text(encoding="ascii").count("fsync(") == 2, 20, "both effects have begun")
        assert daemon.stop() == 0
    assert "warning serve: attempts did not end within shutdown.grace: they will lapse attempts=2" in daemon.stderr
    assert "serve: stopped clean=false" in daemon.stderr
    assert sum(row["effect_begun"] for row in read_rows(daemon.database)) == 2


def test_no_request_is_lost_by_a_stop(make_daemon):
    daemon = make_daemon()
    with daemon:
        client = daemon.client()
        ids = [client.accepted() for _ in range(300)]
        assert daemon.stop() == 0
    with daemon:
        eventually(lambda: daemon.client().open_count() == 0, 20, "all is delivered")
        assert effects(daemon.journal) == {one: 1 for one in ids}


def test_a_port_in_use_is_told(make_daemon):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = refused(make_daemon(config={"http.listen": f"127.0.0.1:{port}"}))
    assert code != 0
    assert str(port) in one_sentence(said)


def test_a_second_instance_is_refused_and_told_of_the_first(daemon, make_daemon):
    second = make_daemon("second", config={"data.dir": daemon.data})
    code, said = refused(second)
    assert code != 0
    assert str(daemon.process.pid) in one_sentence(said)
    assert daemon.client().accepted()


def test_a_lock_of_a_dead_process_does_not_stand_in_the_way(make_daemon):
    daemon = make_daemon()
    with daemon:
        daemon.kill()
    with daemon:
        assert daemon.client().accepted()


def in_mount_namespace(script, cwd):
    """Runs a shell script where it may mount; nothing of it is seen outside."""
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    return subprocess.run([*unshare, "bash", "-euc", script], cwd=cwd, env=clean_environment(), capture_output=True,
                          text=True, timeout=60, check=False)


def test_a_read_only_file_system_is_told(tmp_path):
    (tmp_path / "data").mkdir()
    done = in_mount_namespace(
        f"mount -t tmpfs -o ro none data; WAYBILL_CFG_DATA__DIR=data exec {PROGRAM} serve --listen 127.0.0.1:0", tmp_path)
    assert done.returncode not in (0, 32), "32 is mount's own failure"
    assert "data" in one_sentence(done.stderr)


def test_a_file_system_that_turned_read_only_is_told(make_daemon):
    daemon = make_daemon()
    with daemon:
        daemon.client().accepted()
        assert daemon.stop() == 0
    done = in_mount_namespace(
        f"mount --bind data data; mount -o remount,ro,bind data; cd data; "
        f"WAYBILL_CFG_DATA__DIR=. exec {PROGRAM} serve --listen 127.0.0.1:0", daemon.directory)
    assert done.returncode not in (0, 32)
    assert one_sentence(done.stderr)


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at " * 100, b"\0" * 8192])
def test_a_file_that_is_no_log_is_told_and_left_alone(make_daemon, content):
    daemon = make_daemon()
    daemon.data.mkdir()
    daemon.database.write_bytes(content)
    code, said = refused(daemon)
    assert code != 0
    assert "waybill.db" in one_sentence(said)
    assert daemon.database.read_bytes() == content


@pytest.mark.parametrize("toml, told", [
    ("[http]\nlisten = 7\n", "waybill.toml:2"),
    ("[http]\nlistn = '127.0.0.1:1'\n", "listn"),
    ("[worker]\nlease = '0s'\n", "worker.lease"),
    ("[worker\n", "waybill.toml:1"),
    ("[http]\nlisten = '0.0.0.0:8420'\n", "http.token_file"),
    ("[broker]\nurl = 'carrier-pigeon'\n", "carrier-pigeon"),
    ("[publish]\ngrace = '1s'\nconfirm_deadline = '900ms'\n", "confirm_deadline"),
])
def test_a_wrong_configuration_is_told(tmp_path, toml, told):
    (tmp_path / "waybill.toml").write_text(toml, encoding="utf-8")
    for command in (("serve",), ("config", "check")):
        ended = waybill(*command, cwd=tmp_path)
        assert ended.returncode == USAGE
        assert told in ended.stderr
    assert not (tmp_path / "var").exists(), "nothing is made before the configuration is right"


@pytest.mark.parametrize("variable, known", [("WAYBILL_FAULT", "after_append_commit"),
                                             ("WAYBILL_FAULT_TRACE", "before_ack")])
def test_an_unknown_fault_point_refuses_the_start(make_daemon, variable, known):
    code, said = refused(make_daemon(environment={variable: "nowhere"}))
    assert code == USAGE
    assert variable in said and "nowhere" in said and known in said


def test_fault_points_are_announced(make_daemon):
    with make_daemon(environment={"WAYBILL_FAULT": "before_ack:1000000"}) as daemon:
        assert "FAULT INJECTION IS ON" in daemon.stderr


def test_tokens_are_asked_for(make_daemon, tmp_path):
    (tmp_path / "tokens").write_text("a-token-of-enough-length\n", encoding="utf-8")
    daemon = make_daemon(config={"http.token_file": tmp_path / "tokens"})
    with daemon:
        client = daemon.client()
        assert client.get("/healthz").status_code == 200
        assert client.send().status_code == 401
        assert client.get("/v1/stats").status_code == 401
        for token, status in (("a-token-of-enough-length", 200), ("another-token-of-length!", 401)):
            answer = client.post("/mail/send/v2", json=json.loads('{"subject":"s","content":"c","tos":"a@example.org"}'),
                                 headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == status


def test_an_older_copy_of_the_log_is_refused_however_often_it_is_tried(make_daemon, tmp_path):
    daemon = make_daemon()
    for _ in range(2):
        with daemon:
            daemon.client().accepted()
            assert daemon.stop() == 0
    older = daemon.database.read_bytes()
    for _ in range(3):
        with daemon:
            assert daemon.stop() == 0
    newer = daemon.database.read_bytes()
    daemon.database.write_bytes(older)
    for _ in range(5):
        code, said = refused(daemon)
        assert code != 0
        assert "older copy" in said
        asked = waybill("list", "--offline", cwd=tmp_path, WAYBILL_CFG_DATA__DIR=str(daemon.data))
        assert asked.returncode != 0 and "older copy" in asked.stderr
    daemon.database.write_bytes(newer)
    with daemon:
        assert daemon.stop() == 0


def test_mails_of_a_queue_that_was_renamed_are_delivered(make_daemon, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    daemon = make_daemon(environment={"WAYBILL_FAULT_GATE": str(gate)})
    with daemon:
        ids = [daemon.client().accepted() for _ in range(30)]
        eventually(lambda: daemon.client().stats()["states"]["sent"] >= 10, 10, "mails wait in the queue")
        daemon.kill()
    gate.unlink()
    daemon.config["mail.queue"] = "renamed.queue"
    with daemon:
        client = daemon.client()
        eventually(lambda: client.open_count() == 0, 30, "all are delivered")
        assert set(effects(daemon.journal)) == set(ids)


def test_output_that_cannot_be_written_is_a_failure():
    with open("/dev/full", "w", encoding="utf-8") as full:
        ended = subprocess.run([str(PROGRAM), "config", "show", "--json"], stdout=full, stderr=subprocess.PIPE,
                               check=False, env=clean_environment())
    assert ended.returncode == 1
    assert b"cannot write the output" in ended.stderr
