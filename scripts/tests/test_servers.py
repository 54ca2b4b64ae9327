"""The servers of one test run: started once, for the first job that asks, and gone afterwards."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from runner import servers as servers_module
from runner.servers import Servers
from services_lib.problem import Problem
from services_lib.processes import Process


class StandIn:
    """Its process is a sleeper, recorded as that of a server."""

    def __init__(self, base, name):
        self.base, self.name, self.variable = base, name, f"WAYBILL_{name.upper()}"
        self.started = []

    def up(self):
        self.started.append(start_recorded(self.base / self.name))
        if self.name == "mariadb":
            raise Problem("mariadb ended at its start")
        return True

    def variables(self):
        return {self.variable: f"{self.name}://there"}


def start_recorded(directory):
    directory.mkdir(parents=True)
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    Process.of(process.pid).write(directory / "process")
    return process


@pytest.fixture
def made(monkeypatch):
    """Every server that was asked for, by name."""
    known = {}

    class StandInCatalog:
        def __init__(self, base):
            self.base = base

        def services(self, names):
            return [known.setdefault(name, StandIn(self.base, name)) for name in names]

    monkeypatch.setattr(servers_module, "Catalog", StandInCatalog)
    for name in ("rabbitmq", "postgres", "mariadb"):
        monkeypatch.delenv(f"WAYBILL_{name.upper()}", raising=False)
    return known


def test_a_job_that_needs_none_starts_none(made):
    servers = Servers()
    (base,) = servers.variables(()).values()
    servers.stop()
    assert made == {} and not Path(base).exists()


def test_each_is_started_once_and_gone_at_the_end(made):
    servers = Servers()
    told = servers.variables(("rabbitmq",))
    base = Path(told["WAYBILL_SERVICES_DIR"])
    assert told["WAYBILL_RABBITMQ"] == "rabbitmq://there" and base.is_dir()
    assert servers.variables(("rabbitmq", "postgres"))["WAYBILL_POSTGRES"] == "postgres://there"
    assert [len(server.started) for server in made.values()] == [1, 1]
    left_by_a_killed_test = start_recorded(base / "of-one-test" / "rabbitmq")
    servers.stop()
    for process in [left_by_a_killed_test, *(server.started[0] for server in made.values())]:
        assert process.wait(timeout=5) == -signal.SIGKILL
    assert not base.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system, here or in a test")
def test_what_a_killed_test_has_mounted_is_gone_at_the_end(made):
    servers = Servers()
    base = Path(servers.variables(())["WAYBILL_SERVICES_DIR"])
    small = base / "of-one-test" / "a small disk"
    small.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", str(small)], check=True)
    (small / "file").touch()
    servers.stop()
    assert not base.exists()


def test_one_that_the_environment_gives_is_left_alone(made, monkeypatch):
    monkeypatch.setenv("WAYBILL_RABBITMQ", "amqp://elsewhere")
    servers = Servers()
    assert "WAYBILL_RABBITMQ" not in servers.variables(("rabbitmq",))
    servers.stop()
    assert made["rabbitmq"].started == []


def test_one_that_does_not_start_is_said_for_every_job_that_needs_it(made):
    servers = Servers()
    for _ in range(2):
        with pytest.raises(Problem, match="mariadb ended at its start"):
            servers.variables(("mariadb",))
    servers.stop()
    (process,) = made["mariadb"].started
    assert process.wait(timeout=5) == -signal.SIGKILL
    assert not made["mariadb"].base.exists()
