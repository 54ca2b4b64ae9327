"""`waybill serve` as a child: a free port, a data directory of its own, ended by its own pid only."""

import signal
import subprocess

from harness.client import Client
from harness.program import PROGRAM, as_variable, clean_environment
from harness.waiting import eventually

START_S = 60
STOP_S = 60


class Daemon:
    """One instance. `config` is by key (`mail.journal`); `environment` is for fault points. Restart it with start()."""

    def __init__(self, directory, config=None, environment=None, under=()):
        self.directory = directory
        self.data = directory / "data"
        self.database = self.data / "waybill.db"
        self.journal = self.data / "mail.journal"
        self.maildir = self.data / "mail"
        self.config = {"data.dir": self.data, "http.listen": "127.0.0.1:0", "mail.journal": self.journal,
                       **(config or {})}
        self.environment = dict(environment or {})
        self.under = list(under)  # a command that the program is started by, such as strace
        self.process = None
        self._port_file = directory / "port"
        self._stderr = directory / "stderr"

    def __enter__(self):
        self.start()
        self.wait_ready()
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def port(self):
        return int(self._port_file.read_text(encoding="utf-8").rpartition(":")[2])

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def stderr(self):
        """What this life wrote so far; nothing before the first."""
        return "" if self.process is None else self._stderr.read_text(encoding="utf-8", errors="replace")

    def client(self):
        return Client(self.url)

    def start(self):
        """Starts a new life; the former must have ended."""
        assert self.process is None or self.process.poll() is not None
        self._port_file.unlink(missing_ok=True)
        variables = {as_variable(key): str(value) for key, value in self.config.items()}
        with self._stderr.open("w", encoding="utf-8") as stderr:
            self.process = subprocess.Popen(
                [*self.under, str(PROGRAM), "serve", "--port-file", str(self._port_file)], cwd=self.directory,
                env=clean_environment(**variables, **self.environment), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=stderr)

    def listens(self):
        """True once it has told where."""
        return self._port_file.exists() and self._port_file.read_text(encoding="utf-8").endswith("\n")

    def wait_ready(self, within_s=START_S):
        def ready():
            assert self.process.poll() is None, f"ended with {self.process.returncode} at start: {self.stderr}"
            return self.listens() and self.client().get("/readyz").status_code == 200
        eventually(ready, within_s, "the daemon is ready")

    def wait_publishing(self, within_s=START_S):
        """Until then what it accepts is due at once, and published by a take."""
        eventually(lambda: "the broker is ready" in self.stderr, within_s, "it publishes")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, within_s=STOP_S):
        """Its exit code, once it has ended."""
        return self.process.wait(timeout=within_s)

    def stop(self, within_s=STOP_S):
        """Asks it to end as a service manager does; returns its exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(within_s)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """Whatever happened, nothing is left running."""
        if self.process is not None and self.process.poll() is None:
            self.kill()
