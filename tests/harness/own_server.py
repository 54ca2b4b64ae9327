"""A database server of a test's own, for what is done to whole servers."""

import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from harness.program import children_of
from harness.services import PrivateServices
from harness.shared_database import MAIL_ROUTE


class OwnServer(ABC):
    """It is up; `database` is the one that it comes with. `own_clock`: set_clock() works."""

    DATABASE: type
    WRITE_AHEAD_LOG: str  # is in the names of its files
    UNSYNCED: str  # what a daemon says of it while it does not sync

    def __init__(self, own_clock=False):
        self._services = PrivateServices()
        self.kind = self.DATABASE.KIND
        self.directory = Path(self._services.directory)
        self.data = self.directory / self.kind / "data"
        self._clock = self.directory / "clock"
        if own_clock:
            self._services.environment["WAYBILL_SERVICES_CLOCK"] = str(self._clock)
            self.set_clock(0)
        self.up()
        self.database = self.DATABASE("waybill", self._services.url(self.kind))

    def create_database(self, route=MAIL_ROUTE):
        return self.DATABASE.create(self._services.url(self.kind), route)

    @property
    def port(self):
        return urlsplit(self.database.url).port

    @property
    def pid(self):
        return self._services.pid(self.kind)

    def processes(self):
        """The server's own number and those of all that it has started."""
        return [self.pid, *children_of(self.pid)]

    def up(self):
        self._services("up", self.kind)

    def kill(self):
        self._services("kill", self.kind)

    def pause(self):
        """Its processes stop where they are, until go_on()."""
        self._services("stop", self.kind)

    def go_on(self):
        self._services("cont", self.kind)

    def revive(self):
        """Makes it well again, whatever the last test left."""
        self._services.run("cont", self.kind)  # fails if it does not run, and then there is nothing to continue
        self.up()

    def end(self):
        self._services.end()

    def set_clock(self, ahead_s):
        """Its wall clock steps to so many seconds before the true time, for all of its processes at once."""
        fresh = self._clock.with_name("clock.new")
        fresh.write_text(f"{ahead_s:+d}\n", encoding="ascii")
        fresh.chmod(0o644)
        fresh.rename(self._clock)

    def copy_data(self, name):
        """While it is down."""
        subprocess.run(["cp", "--archive", self.data, self.data.with_name(f"data.{name}")], check=True)

    def put_data(self, name):
        """A copy in the place of what is there, while it is down; the copy stays."""
        subprocess.run(["rm", "--recursive", self.data], check=True)
        subprocess.run(["cp", "--archive", self.data.with_name(f"data.{name}"), self.data], check=True)

    def encrypt(self, certificate, key):
        """It is started again with this certificate, and takes no connection in the clear."""
        files = self.data / "server.crt", self.data / "server.key"
        owner = self.data.stat()
        for source, file in zip((certificate, key), files):
            shutil.copy(source, file)
            os.chmod(file, 0o600)
            os.chown(file, owner.st_uid, owner.st_gid)
        self.set_up_tls(*files)
        self.kill()
        self.up()

    @abstractmethod
    def set_up_tls(self, certificate, key):
        """From its next start on it has this certificate."""

    @abstractmethod
    def without_syncs(self):
        """A context in which it answers a commit without having synced it."""

    @abstractmethod
    def small_disk(self, database):
        """A context in which what is in this database is on a file system of 64 MiB; gives its directory."""

    @contextmanager
    def mounted(self, place):
        """A file system of 64 MiB, of the server's user. Only root may do that."""
        place.mkdir(exist_ok=True)
        owner = self.data.stat()
        options = f"size=64m,uid={owner.st_uid},gid={owner.st_gid},mode=700"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=True)
        try:
            yield place
        finally:
            subprocess.run(["umount", "--lazy", str(place)], check=True)
