"""Which process is meant, also after its number was given to another one; and signals to it with all it has started."""

import json
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

BOOT = Path("/proc/sys/kernel/random/boot_id")
GONE = "XZ"
STOPPED = "Tt"
STOP_S = 5


@dataclass(frozen=True)
class Process:
    """A process of one boot of this machine: numbers come again, but not with the same time of start."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid):
        """The process that has this number now; None if there is none."""
        stat = _read_stat(pid)
        return cls(pid, stat.started, _boot()) if stat else None

    def state(self):
        """The kernel's letter for what it does; None if it has ended, even if nobody has waited for it yet."""
        stat = _read_stat(self.pid)
        same = stat and stat.started == self.started and self.boot == _boot()
        return stat.state if same and not stat.gone() else None

    def alive(self):
        return self.state() is not None

    def stopped(self):
        state = self.state()
        return state is not None and state in STOPPED

    def send(self, number):
        """The signal goes to this very process or to none."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive():
                signal.pidfd_send_signal(handle, number)
        except ProcessLookupError:
            pass
        finally:
            os.close(handle)

    def descendants(self):
        """All that it has started and that still belongs to it, parents first."""
        found, parents = [], {self.pid}
        stats = [stat for stat in map(_read_stat, _pids()) if stat]
        while parents:
            children = [stat for stat in stats if stat.parent in parents]
            found += [Process(stat.pid, stat.started, self.boot) for stat in children]
            parents = {stat.pid for stat in children}
        return found

    def family(self):
        """It and all it has started, itself last. It is stopped, so that it starts no more meanwhile."""
        self.send(signal.SIGSTOP)
        wait_until(lambda: not self.alive() or self.stopped(), STOP_S)
        return [*self.descendants(), self] if self.alive() else []

    def send_to_all(self, number):
        """To it and to all it has started. Returns whom it was sent to."""
        everyone = self.family()
        for process in everyone:
            process.send(number)
        return everyone

    def wait_gone(self, within_s):
        """True once it has ended; False if the time has passed."""
        return wait_until(lambda: not self.alive(), within_s)

    def kill(self, within_s=20):
        """Ends it with all it has started; True once they are gone."""
        return all([process.wait_gone(within_s) for process in self.send_to_all(signal.SIGKILL)])

    def write(self, path):
        path.write_text(json.dumps(asdict(self)) + "\n", encoding="ascii")

    @classmethod
    def read(cls, path):
        """The recorded process, whether or not it is still alive; None if there is no record that makes sense."""
        try:
            told = json.loads(path.read_text(encoding="ascii"))
            return cls(int(told["pid"]), int(told["started"]), str(told["boot"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None


def wait_until(condition, within_s):
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def anyone_in(directory):
    """True if a process that has not ended works in this directory."""
    for pid in _pids():
        try:
            if os.readlink(f"/proc/{pid}/cwd") == str(directory):
                return True
        except OSError:  # it has ended, or is none of ours
            pass
    return False


@dataclass(frozen=True)
class _Stat:
    pid: int
    state: str
    parent: int
    threads: int
    started: int

    def gone(self):
        """Its first thread may have ended before the others, and until the last one has, its files and ports are open."""
        return self.state in GONE and self.threads <= 1


def _read_stat(pid):
    """See proc(5). The name, in brackets, may hold anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return _Stat(pid, fields[0], int(fields[1]), int(fields[17]), int(fields[19]))


def _pids():
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def _boot():
    return BOOT.read_text(encoding="ascii").strip()
