"""What all servers have in common: how they are started, awaited, signalled and ended."""

import glob
import os
import signal
import subprocess
from pathlib import Path

from services_lib.directory import Place, port_is_free
from services_lib.problem import Problem
from services_lib.processes import Process, wait_until

SCRIPTS = Path(__file__).resolve().parent.parent
READY_S = 200  # a RabbitMQ starts in five on an idle machine; beside several builds it took more than a hundred
END_S = 60
LOG_LINES = 15
PLAIN_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
CLOCK_LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"


def clock_environment():
    """For a server whose wall clock is the one that the file WAYBILL_SERVICES_CLOCK sets, looked at with each reading:
    `+3600` is an hour ahead. Its monotonic clock stays true, as it does when somebody sets a machine's clock."""
    file = os.environ.get("WAYBILL_SERVICES_CLOCK")
    if not file:
        return {}
    library = glob.glob(CLOCK_LIBRARY)
    if not library:
        raise Problem(f"WAYBILL_SERVICES_CLOCK needs {CLOCK_LIBRARY}: scripts/bootstrap test installs it")
    return {"LD_PRELOAD": library[0], "FAKETIME_TIMESTAMP_FILE": file, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}


class Service:
    """One private server. A kind says how it is made, started and reached."""

    purpose = ""      # of scripts/bootstrap: what must be installed
    user = ""         # of the package: runs the server when we are root
    variable = ""     # names the URL for programs
    port_names = ("port",)
    end_signal = signal.SIGTERM

    def __init__(self, base, name):
        self.name = name
        self.place = Place(base, name, self.user)

    # What a kind says. `ports` is by the names of port_names.

    def prepare(self, ports):
        """Makes what it needs to start: idempotent, and what an interrupted call leaves is never taken for whole."""
        raise NotImplementedError

    def command(self, ports):
        raise NotImplementedError

    def environment(self, ports):
        del ports
        return PLAIN_ENVIRONMENT

    def answers(self, ports):
        """True if it serves clients."""
        raise NotImplementedError

    def url_at(self, ports):
        raise NotImplementedError

    def control(self, ports, arguments):
        """(command, environment) of its own tool for people: rabbitmqctl, psql, mariadb."""
        raise NotImplementedError

    def start_process(self, ports):
        """Starts it and leaves the record."""
        log = self._fresh_log()
        with log.open("ab") as sink:
            process = subprocess.Popen(
                self.command(ports), cwd=self.place.data, env={**self.environment(ports), **clock_environment()},
                stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True,
                **self.place.as_user())
        Process.of(process.pid).write(self.place.record)

    def after_end(self):
        """Called when it has ended for good."""

    # The verbs.

    def process(self):
        """The server's process if it is alive."""
        process = Process.read(self.place.record)
        return process if process and process.alive() else None

    def up(self):
        """Starts it unless it runs, and returns when it is ready; True if it was started."""
        with self.place.locked():
            if not self.place.borrowed():
                self.place.for_borrowers.unlink(missing_ok=True)
            return self.up_locked()

    def up_for_borrowers(self):
        """As up; what this has started is ended by the last of those who borrow it."""
        with self.place.locked():
            if self.process():
                return self.up_locked()
            self.place.for_borrowers.touch()
            return self.up_locked()

    def give_back(self, borrowed):
        """Ends it if it was started for borrowers and this was the last one. `borrowed` is from place.borrow()."""
        if self.place.is_last(borrowed):
            with self.place.locked():
                if self.place.for_borrowers.exists():
                    self.down_locked()
                    self.place.for_borrowers.unlink()
        borrowed.close()

    def up_locked(self):
        running = self.process()
        if running:
            if running.stopped():
                running.send_to_all(signal.SIGCONT)
            if self._wait_ready(may_end=True):
                return False
            self.after_end()
        self._install()
        self.place.check_user()
        ports = self.place.ports(self.port_names, self.fixed_ports())
        self._check_ports(ports)
        self.place.remember(ports)
        self.prepare(ports)
        self.start_process(ports)
        self._wait_ready()
        return True

    def down(self):
        if not self.place.directory.exists():
            return
        with self.place.locked():
            self.down_locked()

    def down_locked(self):
        """Asks it to end, and insists if it does not."""
        running = self.process()
        if running:
            running.send(self.end_signal)
            running.send_to_all(signal.SIGCONT)
            if not running.wait_gone(END_S):
                self._kill(running)
        self.place.record.unlink(missing_ok=True)
        self.after_end()

    def kill(self):
        if not self.process():
            return
        with self.place.locked():
            running = self.process()
            if running:
                self._kill(running)

    def wipe(self):
        if not self.place.directory.exists():
            return
        with self.place.locked():
            running = self.process()
            if running:
                self._kill(running)
            self.down_locked()
            self.place.wipe()

    def stop(self):
        everyone = self._must_run().send_to_all(signal.SIGSTOP)
        if not wait_until(lambda: all(process.stopped() or not process.alive() for process in everyone), END_S):
            raise Problem(f"{self.name} did not stop within {END_S} s")

    def cont(self):
        self._must_run().send_to_all(signal.SIGCONT)

    def status(self):
        running = self.process()
        if not running:
            return "down"
        return f"{'stopped' if running.stopped() else 'running'}  pid {running.pid}  {self.url()}"

    def url(self):
        return self.url_at(self._ports())

    def variables(self):
        """What programs are told about it; it must run."""
        self._must_run()
        return {self.variable: self.url()}

    def control_command(self, arguments):
        """(command, environment, user) of its own tool."""
        self._must_run()
        return (*self.control(self._ports(), arguments), self.place.as_user())

    # Inside.

    def fixed_ports(self):
        """Those that the environment fixes: WAYBILL_RABBITMQ_PORT and the like."""
        variable = f"WAYBILL_{self.name.upper()}_PORT"
        text = os.environ.get(variable, "")
        if not text:
            return {}
        if not text.isdigit() or not 0 < int(text) < 65536:
            raise Problem(f"{variable} must be a port, 1 to 65535, not '{text}'")
        return {self.port_names[0]: int(text)}

    def _ports(self):
        return self.place.ports(self.port_names)

    def _check_ports(self, ports):
        for name in self.port_names:
            if not port_is_free(ports[name]):
                raise Problem(f"port {ports[name]} of {self.name} is taken by another program; end that, or remove "
                              f"{self.place.directory / 'ports'} to get other ports")

    def _install(self):
        # Its own output goes to stderr: what we print on stdout is read by scripts.
        if subprocess.run([str(SCRIPTS / "bootstrap"), self.purpose], stdout=2, check=False).returncode != 0:
            raise Problem(f"{self.name} is not installed")

    def _fresh_log(self):
        """The log of this life; that of the one before is kept."""
        if self.place.log.exists():
            self.place.log.replace(self.place.log.with_name("log.former"))
        return self.place.log

    def _wait_ready(self, may_end=False):
        """True when it serves. False if it has ended instead and may: it was about to end when it was found."""
        ports = self._ports()
        try:
            ready = wait_until(lambda: not self.process() or self.answers(ports), READY_S)
            ended = not self.process()
        except BaseException:
            self._give_up()
            raise
        if ended and may_end:
            return False
        if ended or not ready:
            self._give_up()
            what = "ended at its start" if ended else f"was not ready after {READY_S} s"
            raise Problem(f"{self.name} {what}; {self.place.log} ends with:\n{self._log_end()}")
        return True

    def _give_up(self):
        running = self.process()
        if running:
            self._kill(running)
        self.after_end()

    def _kill(self, running):
        if not running.kill():
            raise Problem(f"{self.name} (pid {running.pid}) did not end after SIGKILL")

    def _must_run(self):
        running = self.process()
        if not running:
            raise Problem(f"{self.name} is not running; start it with: scripts/services up {self.name}")
        return running

    def _log_end(self):
        lines = self.place.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES:])
