"""Where the servers live: one directory for all, one in it for each, with its ports and the record of its process."""

import contextlib
import fcntl
import json
import os
import random
import shutil
import socket
import stat
import subprocess
from pathlib import Path

from services_lib.problem import Problem
from services_lib.processes import Process, wait_until

# Below the range from which the kernel gives ports to clients, so that a port is still free after a restart.
PORTS = range(20000, 32000)


def base_directory():
    return Path(os.environ.get("WAYBILL_SERVICES_DIR") or f"/var/tmp/waybill-{os.getuid()}").absolute()


def open_base(base):
    """Makes it, and makes sure that nobody else can put things there: we signal the processes that it names."""
    try:
        base.mkdir(parents=True, exist_ok=True)
        found = base.lstat()
    except OSError as error:
        raise Problem(f"{base} cannot be made a directory for servers: {error.strerror}") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & stat.S_IWOTH:
        raise Problem(f"{base} must be a directory of your own that others cannot write; set WAYBILL_SERVICES_DIR to one")
    base.chmod(0o711)  # the servers' own users pass through


def end_all(base):
    """Kills every server that is recorded in this directory or in one below it that is a base of its own."""
    for record in [*base.glob("*/process"), *base.glob("*/*/process")]:
        process = Process.read(record)
        if process and not process.kill():
            raise Problem(f"process {process.pid}, recorded in {record}, did not end after SIGKILL")


class Place:
    """The directory of one server. `data` and what is in it belong to the server's user, the rest to us."""

    def __init__(self, base, name, user):
        self.base = base
        self.name = name
        self.user = user if os.getuid() == 0 else None  # None: as ourselves
        self.directory = base / name
        self.data = self.directory / "data"
        self.log = self.directory / "log"
        self.record = self.directory / "process"
        self.for_borrowers = self.directory / "for_borrowers"  # exists if the last borrower shall end it
        self._ports = self.directory / "ports"

    def make(self):
        open_base(self.base)
        self.directory.mkdir(exist_ok=True)
        self.directory.chmod(0o711)

    def check_user(self):
        """The server's user must be able to come here."""
        if self.user and self.run(["test", "-x", str(self.directory)]).returncode != 0:
            raise Problem(f"the user {self.user}, who runs {self.name}, cannot enter {self.directory}: "
                          "set WAYBILL_SERVICES_DIR to a directory that all may pass through")

    def make_own(self, path):
        """A directory that belongs to the server's user."""
        path.mkdir(mode=0o700, exist_ok=True)
        self.give(path)

    def give(self, path):
        if self.user:
            shutil.chown(path, self.user, self.user)

    def write_own(self, path, text, mode=0o600):
        """A file that belongs to the server's user."""
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(text)
        self.give(path)

    def as_user(self):
        """For subprocess: who runs the server's programs."""
        return {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}

    def run(self, command, *, environment=None, **more):
        """Runs a program to its end as the server's user."""
        return subprocess.run(command, cwd="/", env=environment, check=False, **self.as_user(), **more)

    def ports(self, names, fixed=None):
        """The ports by name: those given, else those remembered, else free ones."""
        try:
            ports = {name: int(port) for name, port in json.loads(self._ports.read_text(encoding="ascii")).items()}
        except FileNotFoundError:
            ports = {}
        ports.update(fixed or {})
        missing = [name for name in names if name not in ports]
        return {**ports, **dict(zip(missing, free_ports(len(missing))))}

    def remember(self, ports):
        self._ports.write_text(json.dumps(ports) + "\n", encoding="ascii")

    @contextlib.contextmanager
    def locked(self, within_s=300):
        """One at a time starts or ends this server."""
        self.make()
        with (self.directory / "lock").open("w", encoding="ascii") as file:
            if not wait_until(lambda: _try_lock(file, fcntl.LOCK_EX), within_s):
                raise Problem(f"{self.name} is being started or ended by someone else since {within_s} s")
            yield

    def borrowed(self):
        """True while someone holds what borrow() gave."""
        with (self.directory / "borrowers").open("w", encoding="ascii") as file:
            return not _try_lock(file, fcntl.LOCK_EX)

    def borrow(self, within_s=300):
        """Says that we use the server, until the file that is returned is closed or we end, however that comes."""
        self.make()
        file = (self.directory / "borrowers").open("w", encoding="ascii")
        if not wait_until(lambda: _try_lock(file, fcntl.LOCK_SH), within_s):
            raise Problem(f"{self.name} is being ended by someone else since {within_s} s")
        return file

    @staticmethod
    def is_last(borrowed):
        """True if nobody else has borrowed it; nobody can until the file is closed."""
        return _try_lock(borrowed, fcntl.LOCK_EX)

    def wipe(self):
        """Removes the data. The ports stay: a wiped server comes back where it was."""
        for path in (self.data, *self.directory.glob("data.*")):
            if path.exists():
                shutil.rmtree(path)


def _try_lock(file, kind):
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    found = []
    for port in random.sample(PORTS, len(PORTS)):
        if len(found) == count:
            return found
        if port_is_free(port):
            found.append(port)
    if len(found) < count:
        raise Problem(f"there are no {count} free ports between {PORTS.start} and {PORTS.stop}")
    return found
