"""./run, as a newcomer meets it."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
import requests

from harness.client import Client
from harness.postfix import smtp_sink
from harness.program import ROOT, children_of, clean_environment, is_running
from harness.waiting import eventually

BUILD_S = 600  # if the program was not built yet
END_S = 60


def run(*arguments):
    return subprocess.run([str(ROOT / "run"), *map(str, arguments)], cwd="/", env=clean_environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_S, check=False)


def delivered(done):
    """The file that it says the mail became."""
    assert done.returncode == 0, done.stderr
    return re.search(r"^delivered: (.*)$", done.stdout, re.MULTILINE).group(1)


def test_once_delivers_one_mail_and_the_next_run_finds_it(tmp_path):
    done = run("--once", "--data", tmp_path / "data")
    with open(delivered(done), encoding="utf-8") as mail:
        assert "Subject: Greetings from Waybill" in mail.read()
    assert done.stdout.rstrip().splitlines()[-1].startswith("delivered: ")
    for step in ("accepted", "recorded", "published", "confirmed", "claimed", "consumed"):
        assert re.search(rf"^{step}\s+(\S+Z|-)", done.stdout, re.MULTILINE), step

    again = run("--once", "--data", tmp_path / "data")
    assert delivered(again) != delivered(done)
    assert re.search(r"^consumed\s+2$", again.stdout, re.MULTILINE), "the first run's mail is counted too"


def test_once_sends_its_mail_through_a_relay(tmp_path):
    with smtp_sink("-c") as port:
        done = run("--once", "--data", tmp_path / "data", "--smtp", f"smtp://127.0.0.1:{port}", "--from", "me@example.org",
                   "--to", "you@example.org")
    assert delivered(done).startswith(f"127.0.0.1:{port}: 250 2.0.0")
    assert not (tmp_path / "data" / "mail").exists()


class Serving:
    """./run in the background, serving until it is told to end. Whatever happens, nothing of it is left running."""

    def __init__(self, directory, *arguments, under=(), stdout=None, **environment):
        self._output = directory / "output"
        with self._output.open("w", encoding="utf-8") as file:
            self.process = subprocess.Popen(
                [*under, str(ROOT / "run"), "--data", str(directory / "data"), *arguments], stdin=subprocess.DEVNULL,
                env=clean_environment(**environment), stdout=stdout or file, stderr=file)
        self.server = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in [self.process.pid, self.server or self._find_server()]:
            if pid and is_running(pid):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    @property
    def output(self):
        return self._output.read_text(encoding="utf-8", errors="replace")

    def _find_server(self):
        """The pid of its child that is the program, and nothing that the script itself runs for a moment."""
        if self.process.poll() is not None:
            return None
        for child in children_of(self.process.pid):
            try:
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"/waybill") and words[1] == b"serve":
                return child
        return None

    def wait_for_server(self):
        def found():
            assert self.process.poll() is None, self.output
            return self._find_server()
        self.server = eventually(found, BUILD_S, "the server runs", every_s=0.05)

    def wait_until_it_serves(self):
        """The URL that it tells."""
        self.wait_for_server()
        def told():
            assert self.process.poll() is None, self.output
            return re.search(r"^serving on (http://\S+), until Ctrl-C$", self.output, re.MULTILINE)
        return eventually(told, BUILD_S, "it serves", every_s=0.05)[1]

    def check_end(self, code, within_s=END_S):
        assert self.process.wait(within_s) == code, self.output
        assert not is_running(self.server), "the server has ended too"


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_it_serves_until_it_is_told_to_end(tmp_path, number, code):
    with Serving(tmp_path, "--port", "0") as run_:
        url = run_.wait_until_it_serves()
        assert Client(url).get("/healthz").status_code == 200
        run_.process.send_signal(number)
        run_.check_end(code)


def test_a_second_signal_ends_it_at_once(tmp_path):
    gate = tmp_path / "gate"
    environment = {"WAYBILL_FAULT_GATE": str(gate), "WAYBILL_CFG_SHUTDOWN__GRACE": "10m"}
    with Serving(tmp_path, "--port", "0", **environment) as run_:
        client = Client(run_.wait_until_it_serves())
        gate.touch()
        message_id = client.accepted()
        eventually(lambda: client.message(message_id)["owner"], 20, "its handler waits at the gate")
        run_.process.send_signal(signal.SIGINT)
        eventually(lambda: not answers(client), 20, "it takes no requests any more")
        assert is_running(run_.server), "it waits for the handler"
        run_.process.send_signal(signal.SIGINT)
        run_.check_end(130)


def answers(client):
    try:
        return client.get("/healthz").status_code == 200
    except requests.ConnectionError:
        return False


def test_a_signal_during_the_start_leaves_no_server(tmp_path):
    with Serving(tmp_path, "--port", "0") as run_:
        run_.wait_for_server()
        run_.process.send_signal(signal.SIGINT)
        run_.check_end(130)


def test_its_server_ends_also_when_it_is_killed(tmp_path):
    with Serving(tmp_path, "--port", "0") as run_:
        run_.wait_until_it_serves()
        run_.process.kill()
        run_.process.wait()
        eventually(lambda: not is_running(run_.server), 20, "the server has ended too")


def test_under_nohup_it_outlives_its_terminal(tmp_path):
    with Serving(tmp_path, "--port", "0", under=["nohup"]) as run_:
        client = Client(run_.wait_until_it_serves())
        for pid in (run_.process.pid, run_.server):
            os.kill(pid, signal.SIGHUP)
        eventually(lambda: client.accepted(), 20, "it serves on")
        run_.process.send_signal(signal.SIGTERM)
        run_.check_end(143)


def test_without_a_reader_of_its_output_it_ends(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as pipe, Serving(tmp_path, "--port", "0", stdout=pipe) as run_:
        run_.wait_for_server()
        assert run_.process.wait(BUILD_S) != 0
        assert not is_running(run_.server)


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("host", ["127.0.0.2"] + ["[::1]"] * has_ipv6())
def test_the_configured_address_and_token_are_used(tmp_path, host):
    tokens = tmp_path / "tokens"
    tokens.write_text("a-token-of-enough-length\n", encoding="utf-8")
    environment = {"WAYBILL_CFG_HTTP__LISTEN": f"{host}:0", "WAYBILL_CFG_HTTP__TOKEN_FILE": str(tokens)}
    others = {"WAYBILL_SERVER": "http://127.0.0.1:1", "WAYBILL_TOKEN_FILE": "/nowhere"}
    with Serving(tmp_path, **environment, **others) as run_:
        url = run_.wait_until_it_serves()
        assert url.startswith(f"http://{host}:")
        assert Client(url).get("/v1/stats").status_code == 401
        eventually(lambda: f"--server {url} --token-file FILE" in run_.output, 20, "it shows how to go on")
        run_.process.send_signal(signal.SIGINT)
        run_.check_end(130)


def test_a_port_in_use_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("--port", port, "--data", tmp_path / "data")
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(port) in done.stderr


@pytest.mark.parametrize("place, arguments", [("tree", ("--once",)), ("data", ("--once", "--data", "data"))])
def test_a_read_only_file_system_is_told(tmp_path, place, arguments):
    """With a mount of its own: root ignores modes."""
    data = tmp_path / "data"
    data.mkdir()
    read_only = ROOT if place == "tree" else data
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    script = f"mount --bind {read_only} {read_only}; mount -o remount,ro,bind {read_only}; exec {ROOT}/run \"$@\""
    done = subprocess.run([*unshare, "bash", "-euc", script, "run", *arguments], cwd=tmp_path, env=clean_environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BUILD_S, check=False)
    assert done.returncode not in (0, 32), "32 is mount's own failure"
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert str(read_only) in done.stderr


@pytest.mark.parametrize("arguments", [("--twice",), ("--port",), ("--port", "x"), ("--data",), ("--broker",), ("once",)])
def test_a_wrong_argument_is_told(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "--once, --data DIR, --port N, --log LOG, --broker BROKER, --smtp URL, --from ADDRESS and --to ADDRESS" in done.stderr
