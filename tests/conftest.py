"""Fixtures of the black-box tests."""

import signal

import pytest

from harness.daemon import Daemon
from harness.program import waybill
from harness.services import PrivateServices, url_of


def pytest_configure():
    """A shell starts what it runs in the background deaf to SIGINT, and programs would inherit that from the tests."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def servers_of_the_mark(request):
    """A test whose server is not there has failed, whatever it does with it."""
    for mark in request.node.iter_markers("services"):
        for name in mark.args:
            url_of(name)


@pytest.fixture
def services():
    """Servers of this test alone, for those that kill them."""
    private = PrivateServices()
    yield private
    private.end()


DAEMONS = pytest.StashKey()
LINES_TOLD = 40


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A test that failed tells what its daemons said last."""
    report = (yield).get_result()
    if report.when != "call" or not report.failed:
        return
    for daemon in item.stash.get(DAEMONS, []):
        last = daemon.stderr.splitlines()[-LINES_TOLD:]
        report.sections.append((f"stderr of {daemon.directory.name}", "\n".join(last)))


@pytest.fixture
def make_daemon(request, tmp_path):
    """Makes daemons that end with the test. Started ones must be waited for by the test."""
    made = request.node.stash[DAEMONS] = []

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
