"""A PostgreSQL server of its own, with the durable defaults (fsync, full_page_writes, synchronous_commit are on)."""

import signal
import subprocess
from pathlib import Path

from services_lib.problem import Problem
from services_lib.processes import anyone_in, wait_until
from services_lib.service import END_S, PLAIN_ENVIRONMENT, Service

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
NAME = "waybill"
PASSWORD = "waybill"


class Postgres(Service):
    purpose = "postgres"
    user = "postgres"
    variable = "WAYBILL_POSTGRES"
    end_signal = signal.SIGINT  # does not wait for its clients

    def prepare(self, ports):
        if self.place.data.exists():
            self._forget_the_dead()
            return
        made = self.place.directory / "data.new"
        self.place.make_own(made)
        password = self.place.directory / "password"
        self.place.write_own(password, PASSWORD + "\n")
        self._make("initdb", "--pgdata", str(made), "--username", NAME, "--pwfile", str(password), "--auth",
                   "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions")
        self._make("postgres", "--single", "-D", str(made), "postgres", said=f"CREATE DATABASE {NAME}\n")
        made.rename(self.place.data)

    def command(self, ports):
        return [str(PROGRAMS / "postgres"), "-D", str(self.place.data), "-p", str(ports["port"]),
                "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="]

    def answers(self, ports):
        asked = [str(PROGRAMS / "pg_isready"), "--quiet", "--host", "127.0.0.1", "--port", str(ports["port"])]
        return subprocess.run(asked, env=PLAIN_ENVIRONMENT, check=False).returncode == 0

    def url_at(self, ports):
        return f"postgres://{NAME}:{PASSWORD}@127.0.0.1:{ports['port']}/{NAME}"

    def control(self, ports, arguments):
        return [str(PROGRAMS / "psql"), self.url_at(ports), *arguments], PLAIN_ENVIRONMENT

    def _forget_the_dead(self):
        """PostgreSQL takes a killed server for a running one as long as nobody has waited for its process, which in a
        container may be for ever. Those it had started end by themselves."""
        if not wait_until(lambda: not anyone_in(self.place.data), END_S):
            raise Problem(f"processes of a former {self.name} are still at work in {self.place.data}")
        (self.place.data / "postmaster.pid").unlink(missing_ok=True)

    def _make(self, program, *arguments, said=""):
        made = self.place.run([str(PROGRAMS / program), *arguments], environment=PLAIN_ENVIRONMENT, input=said,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if made.returncode != 0:
            raise Problem(f"{self.name}: {program} failed:\n{made.stdout.strip()}")
