"""scripts/services on a stand-in server: what is started, remembered and signalled, and what is said when it fails."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading

import pytest

from services_lib import service as service_module
from services_lib.directory import PORTS, port_is_free
from services_lib.problem import Problem
from services_lib.processes import Process, wait_until
from services_lib.service import SCRIPTS, Service

SERVER = """
import socket, subprocess, sys
child = ["sleep", "600"] if sys.argv[2] == "leaves a child" else ["cat"]
child = subprocess.Popen(child, stdin=subprocess.PIPE)
if sys.argv[2] == "fails": sys.exit("no such luck")
if sys.argv[2] == "hangs": child.wait()
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True: listening.accept()[0].sendall(b"x")
"""


class StandIn(Service):
    variable = "WAYBILL_STANDIN"
    behaviour = "serves"
    installed = 0

    def prepare(self, ports):
        self.place.make_own(self.place.data)

    def command(self, ports):
        return [sys.executable, "-c", SERVER, str(ports["port"]), self.behaviour]

    def answers(self, ports):
        try:
            with socket.create_connection(("127.0.0.1", ports["port"]), timeout=1) as connection:
                return connection.recv(1) == b"x"
        except OSError:
            return False

    def url_at(self, ports):
        return f"standin://127.0.0.1:{ports['port']}"

    def _install(self):
        self.installed += 1


@pytest.fixture
def server(tmp_path):
    made = StandIn(tmp_path / "base", "standin")
    yield made
    made.wipe()


@pytest.fixture
def stranger():
    """A process that none of our records means."""
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()


def services(*arguments, base, **environment):
    return subprocess.run([str(SCRIPTS / "services"), *arguments], capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "WAYBILL_SERVICES_DIR": str(base), **environment})


def test_a_server_is_started_once_and_found_again(server, tmp_path):
    assert server.up()
    first = server.process()
    assert not server.up()
    again = StandIn(tmp_path / "base", "standin")
    assert (again.process(), again.url(), server.installed) == (first, server.url(), 1)
    assert again.variables() == {"WAYBILL_STANDIN": server.url()}


@pytest.mark.parametrize("end", ["kill", "down", "wipe"])
def test_an_ended_server_comes_back_where_it_was(server, end):
    server.up()
    running, url = server.process(), server.url()
    getattr(server, end)()
    getattr(server, end)()
    assert not running.alive()
    assert server.process() is None and server.status() == "down"
    assert server.place.data.exists() == (end != "wipe")
    assert server.up()
    assert server.url() == url and server.process() != running


@pytest.mark.parametrize("end", ["kill", "wipe"])
def test_nothing_that_a_server_has_started_outlives_a_kill(server, end):
    server.behaviour = "leaves a child"
    server.up()
    children = server.process().descendants()
    assert children
    getattr(server, end)()
    assert not any(child.alive() for child in children)


def test_a_stopped_server_stands_still_with_all_it_has_started_until_it_is_continued(server):
    server.up()
    running = server.process()
    server.stop()
    assert all(process.stopped() for process in [running, *running.descendants()])
    assert server.status().startswith("stopped  pid ")
    server.cont()
    assert wait_until(lambda: not any(process.stopped() for process in [running, *running.descendants()]), 5)
    server.stop()
    assert not server.up()
    assert server.process() == running and not running.stopped()
    server.stop()
    server.down()
    assert not running.alive()


def test_two_at_once_start_one_server(server, tmp_path):
    started = []
    starters = [threading.Thread(target=lambda: started.append(StandIn(tmp_path / "base", "standin").up()))
                for _ in range(4)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join()
    assert sorted(started) == [False, False, False, True]


def record(base, **fields):
    """Leaves the record of a process as if a server had been started by it."""
    place = base / "postgres"
    place.mkdir(parents=True)
    (place / "ports").write_text('{"port": 1}', encoding="ascii")
    (place / "process").write_text(json.dumps(fields), encoding="ascii")


@pytest.mark.parametrize("other", [{"started": 1}, {"boot": "another"}])
@pytest.mark.parametrize("verb", ["kill", "down", "wipe"])
def test_a_number_that_another_process_has_now_is_not_signalled(tmp_path, stranger, verb, other):
    now = Process.of(stranger.pid)
    record(tmp_path / "base", **{"pid": now.pid, "started": now.started, "boot": now.boot, **other})
    assert services(verb, "postgres", base=tmp_path / "base").returncode == 0
    assert "postgres  down" in services("status", "postgres", base=tmp_path / "base").stdout
    assert stranger.poll() is None


def test_the_same_record_with_the_right_time_of_start_is_meant(tmp_path, stranger):
    now = Process.of(stranger.pid)
    record(tmp_path / "base", pid=now.pid, started=now.started, boot=now.boot)
    assert services("kill", "postgres", base=tmp_path / "base").returncode == 0
    assert stranger.wait(timeout=5) == -signal.SIGKILL


def test_a_torn_record_means_no_process(tmp_path):
    (tmp_path / "process").write_text('{"pid": 1', encoding="ascii")
    assert Process.read(tmp_path / "process") is None


def test_an_ended_process_that_nobody_waited_for_is_not_alive():
    ended = subprocess.Popen(["true"])
    process = Process.of(ended.pid)
    assert process.wait_gone(5)
    assert os.path.exists(f"/proc/{ended.pid}")
    ended.wait()


LEADERLESS = """
import ctypes, platform, socket, threading
listening = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=listening.accept).start()
print(listening.getsockname()[1], flush=True)
SYS_EXIT = {"x86_64": 60, "aarch64": 93}[platform.machine()]
ctypes.CDLL(None).syscall(SYS_EXIT, 0)  # of this thread alone
"""


def test_a_process_lives_as_long_as_the_last_of_its_threads():
    """One that is killed while a thread of it waits for the disk holds its ports until that thread has ended."""
    with subprocess.Popen([sys.executable, "-c", LEADERLESS], stdout=subprocess.PIPE, text=True) as process:
        try:
            port = int(process.stdout.readline())
            meant = Process.of(process.pid)
            assert wait_until(lambda: meant.state() in (None, "Z"), 5)
            assert meant.alive()
            assert not port_is_free(port)
            assert meant.kill()
            assert port_is_free(port)
        finally:
            process.kill()


def test_free_ports_are_not_those_that_the_kernel_gives_to_clients(server):
    server.up()
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as range_of_clients:
        assert PORTS.stop <= int(range_of_clients.read().split()[0])
    assert int(server.url().rpartition(":")[2]) in PORTS


def test_a_port_can_be_fixed_and_stays_fixed(server, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    monkeypatch.setenv("WAYBILL_STANDIN_PORT", str(port))
    server.up()
    server.kill()
    monkeypatch.delenv("WAYBILL_STANDIN_PORT")
    server.up()
    assert server.url() == f"standin://127.0.0.1:{port}"


def test_a_port_that_is_taken_is_named_and_not_remembered(server, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("WAYBILL_STANDIN_PORT", str(port))
        with pytest.raises(Problem, match=f"port {port} of standin is taken"):
            server.up()
        monkeypatch.delenv("WAYBILL_STANDIN_PORT")
        server.up()
        assert not server.url().endswith(f":{port}")


def test_a_port_that_is_none_is_refused(server, monkeypatch):
    monkeypatch.setenv("WAYBILL_STANDIN_PORT", "65536")
    with pytest.raises(Problem, match="WAYBILL_STANDIN_PORT must be a port, 1 to 65535, not '65536'"):
        server.up()


def test_a_server_that_ends_at_its_start_is_quoted(server):
    server.behaviour = "fails"
    with pytest.raises(Problem, match="standin ended at its start; .*log ends with:\nno such luck"):
        server.up()


def test_a_server_that_is_about_to_end_is_started_again(server, monkeypatch):
    server.up()
    dying = server.process()

    def answers(ports):
        if dying.alive():
            dying.kill()
            return False
        return StandIn.answers(server, ports)
    monkeypatch.setattr(server, "answers", answers)
    assert server.up()
    assert server.process() and server.process() != dying


def test_a_server_that_never_answers_is_ended(server, monkeypatch):
    monkeypatch.setattr(service_module, "READY_S", 0.3)
    server.behaviour = "hangs"
    with pytest.raises(Problem, match="standin was not ready after 0.3 s"):
        server.up()
    assert server.process() is None


def test_the_last_borrower_ends_what_was_started_for_borrowers(server, tmp_path):
    other = StandIn(tmp_path / "base", "standin")
    first, second = server.place.borrow(), other.place.borrow()
    assert server.up_for_borrowers()
    assert not other.up_for_borrowers()
    server.give_back(first)
    assert server.process()
    server.kill()
    server.up()
    other.give_back(second)
    assert server.process() is None


def test_what_was_up_before_is_left_up_by_borrowers(server):
    server.up()
    borrowed = server.place.borrow()
    assert not server.up_for_borrowers()
    server.give_back(borrowed)
    assert server.process()


def test_what_a_killed_borrower_left_is_kept_by_up_and_ended_by_the_next_borrower(server):
    server.up_for_borrowers()
    server.give_back(server.place.borrow())
    assert server.process() is None
    server.up_for_borrowers()
    server.up()
    server.give_back(server.place.borrow())
    assert server.process()


@pytest.mark.parametrize("arguments, said", [
    (["start", "rabbitmq"], "unknown verb 'start'; there are up, down,"),
    (["up"], "say what to up: rabbitmq, postgres,"),
    (["up", "oracle"], "unknown server 'oracle'; there are rabbitmq, postgres,"),
    (["ctl"], "say what to ctl:"),
])
def test_a_wrong_command_is_one_sentence(tmp_path, arguments, said):
    done = services(*arguments, base=tmp_path / "base")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


@pytest.mark.parametrize("verb", ["stop", "cont", "env", "ctl"])
def test_what_needs_a_running_server_says_how_to_start_one(tmp_path, verb):
    done = services(verb, "postgres", base=tmp_path / "base")
    assert (done.returncode, done.stderr) == (
        1, "services: postgres is not running; start it with: scripts/services up postgres\n")


def test_a_directory_that_others_can_write_is_refused(tmp_path):
    base = tmp_path / "base"
    base.mkdir()
    base.chmod(0o777)
    done = services("up", "postgres", base=base)
    assert done.returncode == 1 and "must be a directory of your own that others cannot write" in done.stderr


@pytest.mark.parametrize("arguments, said", [
    (["postgres", "true"], "say which servers, then -- and the command"),
    (["postgres", "--"], "a command after it"),
    (["--", "true"], "a server before the --"),
    (["oracle", "--", "true"], "unknown server 'oracle', there are rabbitmq, postgres,"),
])
def test_a_wrong_command_of_with_services_is_one_sentence(arguments, said):
    done = subprocess.run([str(SCRIPTS / "with-services"), *arguments], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1
