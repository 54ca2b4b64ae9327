"""The servers of one test run: started once, for the first job that asks, and gone afterwards."""

import os
from pathlib import Path

import pytest

from runner import servers as servers_module
from runner.servers import Servers
from services_lib.problem import Problem


class StandIn:
    def __init__(self, base, name):
        self.base, self.name, self.variable = base, name, f"WAYBILL_{name.upper()}"
        self.calls = []

    def up(self):
        self.calls.append("up")
        if self.name == "mariadb":
            raise Problem("mariadb ended at its start")
        (self.base / self.name).mkdir()
        return True

    def wipe(self):
        self.calls.append("wipe")

    def variables(self):
        return {self.variable: f"{self.name}://there"}


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
    assert servers.variables(()) == {}
    servers.stop()
    assert made == {}


def test_each_is_started_once_and_gone_at_the_end(made):
    servers = Servers()
    told = servers.variables(("rabbitmq",))
    base = Path(told["WAYBILL_SERVICES_DIR"])
    assert told["WAYBILL_RABBITMQ"] == "rabbitmq://there" and base.is_dir()
    assert servers.variables(("rabbitmq", "postgres"))["WAYBILL_POSTGRES"] == "postgres://there"
    assert [server.calls for server in made.values()] == [["up"], ["up"]]
    servers.stop()
    assert [server.calls for server in made.values()] == [["up", "wipe"], ["up", "wipe"]]
    assert not base.exists()


def test_one_that_the_environment_gives_is_left_alone(made, monkeypatch):
    monkeypatch.setenv("WAYBILL_RABBITMQ", "amqp://elsewhere")
    servers = Servers()
    assert "WAYBILL_RABBITMQ" not in servers.variables(("rabbitmq",))
    servers.stop()
    assert made["rabbitmq"].calls == []


def test_one_that_does_not_start_is_said_for_every_job_that_needs_it(made):
    servers = Servers()
    for _ in range(2):
        with pytest.raises(Problem, match="mariadb ended at its start"):
            servers.variables(("mariadb",))
    servers.stop()
    assert made["mariadb"].calls == ["up", "wipe"]
    assert not [name for name in os.listdir("/var/tmp") if name == made["mariadb"].base.name]
