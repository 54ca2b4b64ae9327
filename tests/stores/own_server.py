"""A database server of a test's own, for what is done to whole servers."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from harness.services import PrivateServices
from own_database import OwnDatabase


class OwnServer:
    """`kind` is "postgres" or "mariadb". It is up; `database` is the one on it. `own_clock`: set_clock() works."""

    def __init__(self, kind, own_clock=False):
        self._services = PrivateServices()
        self.kind = kind
        self._data = Path(self._services.directory) / kind / "data"
        self._clock = Path(self._services.directory) / "clock"
        if own_clock:
            self._services.environment["WAYBILL_SERVICES_CLOCK"] = str(self._clock)
            self.set_clock(0)
        self.up()
        self.database = OwnDatabase(kind, "waybill", self._services.url(kind))

    def up(self):
        self._services("up", self.kind)

    def kill(self):
        self._services("kill", self.kind)

    def set_clock(self, ahead_s):
        """Its wall clock steps to so many seconds before the true time, for all of its processes at once."""
        fresh = self._clock.with_name("clock.new")
        fresh.write_text(f"{ahead_s:+d}\n", encoding="ascii")
        fresh.chmod(0o644)
        fresh.rename(self._clock)

    def copy_data(self, name):
        """While it is down."""
        subprocess.run(["cp", "--archive", self._data, self._data.with_name(f"data.{name}")], check=True)

    def put_data(self, name):
        """A copy in the place of what is there, while it is down; the copy stays."""
        subprocess.run(["rm", "--recursive", self._data], check=True)
        subprocess.run(["cp", "--archive", self._data.with_name(f"data.{name}"), self._data], check=True)

    def encrypt(self, certificate, key):
        """It is started again with this certificate, and takes no connection in the clear."""
        files = self._data / "server.crt", self._data / "server.key"
        owner = self._data.stat()
        for source, file in zip((certificate, key), files):
            shutil.copy(source, file)
            os.chmod(file, 0o600)
            os.chown(file, owner.st_uid, owner.st_gid)
        if self.kind == "postgres":
            self._services.control("postgres", "-c", "ALTER SYSTEM SET ssl = on")
            rules = self._data / "pg_hba.conf"
            rules.write_text(re.sub("^host ", "hostssl ", rules.read_text(encoding="utf-8"), flags=re.MULTILINE),
                             encoding="utf-8")
        else:
            config = self._data.with_name("config")
            config.write_text("[mariadbd]\nrequire_secure_transport=on\nssl_cert={}\nssl_key={}\n".format(*files),
                              encoding="utf-8")
            config.chmod(0o644)
            self._services.environment["WAYBILL_MARIADB_CONFIG"] = str(config)
        self.kill()
        self.up()

    def end(self):
        self._services.end()
