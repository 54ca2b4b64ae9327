"""./run, as a newcomer meets it."""

import os
import re
import signal
import socket
import subprocess

import pytest

from harness.program import ROOT, clean_environment
from harness.waiting import eventually

BUILD_S = 600  # if the program was not built yet


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


def test_it_serves_until_it_is_interrupted(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    output = tmp_path / "output"
    with output.open("w", encoding="utf-8") as file:
        process = subprocess.Popen([str(ROOT / "run"), "--port", str(port), "--data", str(tmp_path / "data")],
                                   env=clean_environment(), stdin=subprocess.DEVNULL, stdout=file,
                                   stderr=subprocess.STDOUT)
    try:
        eventually(lambda: f"serving on http://127.0.0.1:{port}" in output.read_text(encoding="utf-8")
                   and "until Ctrl-C" in output.read_text(encoding="utf-8"), BUILD_S, "it serves", every_s=0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (0, 130)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    finally:
        process.kill()
        process.wait()


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


@pytest.mark.parametrize("arguments", [("--twice",), ("--port",), ("--port", "x"), ("--data",), ("once",)])
def test_a_wrong_argument_is_told(arguments):
    done = run(*arguments)
    assert done.returncode == 2
    assert "--once, --data DIR and --port N" in done.stderr
