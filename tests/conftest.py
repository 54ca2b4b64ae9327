"""Fixtures of the black-box tests."""

import pytest

from harness.daemon import Daemon
from harness.program import waybill


@pytest.fixture
def make_daemon(tmp_path):
    """Makes daemons that end with the test. Started ones must be waited for by the test."""
    made = []

    def make(name="one", **options):
        directory = tmp_path / name
        directory.mkdir(exist_ok=True)
        made.append(Daemon(directory, **options))
        return made[-1]

    yield make
    for daemon in made:
        daemon.end()


@pytest.fixture
def daemon(make_daemon):
    """A daemon with the defaults, ready."""
    with make_daemon() as running:
        yield running


@pytest.fixture
def command(tmp_path):
    """Runs one client command of the program against a daemon."""
    def run(daemon, *arguments, **more):
        return waybill(*arguments, "--server", daemon.url, cwd=tmp_path, **more)
    return run
