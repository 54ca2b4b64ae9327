"""A database server of a test's own, for what is done to whole servers."""

import subprocess
from pathlib import Path

from harness.services import PrivateServices
from own_database import OwnDatabase


class OwnServer:
    """`kind` is "postgres" or "mariadb". It is up; `database` is the one on it."""

    def __init__(self, kind, **environment):
        self._services = PrivateServices(**environment)
        self._kind = kind
        self._data = Path(self._services.directory) / kind / "data"
        self.up()
        self.database = OwnDatabase(kind, "waybill", self._services.url(kind))

    def up(self):
        self._services("up", self._kind)

    def kill(self):
        self._services("kill", self._kind)

    def copy_data(self, name):
        """While it is down."""
        subprocess.run(["cp", "--archive", self._data, self._data.with_name(f"data.{name}")], check=True)

    def put_data(self, name):
        """A copy in the place of what is there, while it is down; the copy stays."""
        subprocess.run(["rm", "--recursive", self._data], check=True)
        subprocess.run(["cp", "--archive", self._data.with_name(f"data.{name}"), self._data], check=True)

    def end(self):
        self._services.end()
