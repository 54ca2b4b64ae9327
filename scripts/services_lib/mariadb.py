"""A MariaDB server of its own, durable at each commit (innodb_flush_log_at_trx_commit=1). WAYBILL_MARIADB_CONFIG names a
file of further options, which the server's user can read (TLS, for example)."""

import os
import socket
import subprocess

from services_lib.problem import Problem
from services_lib.service import PLAIN_ENVIRONMENT, Service

NAME = "waybill"
PASSWORD = "waybill"
PROTOCOL = 10

FIRST_STATEMENTS = f"""\
CREATE DATABASE IF NOT EXISTS {NAME} CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS '{NAME}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';
GRANT ALL PRIVILEGES ON *.* TO '{NAME}'@'127.0.0.1' WITH GRANT OPTION;
"""


class MariaDb(Service):
    purpose = "mariadb"
    user = "mysql"
    variable = "WAYBILL_MARIADB"

    def prepare(self, ports):
        self.place.write_own(self._statements(), FIRST_STATEMENTS)
        if self.place.data.exists():
            return
        made = self.place.directory / "data.new"
        self.place.make_own(made)
        done = self.place.run(["mariadb-install-db", "--no-defaults", f"--datadir={made}", "--skip-test-db",
                               "--auth-root-authentication-method=socket"], environment=PLAIN_ENVIRONMENT, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            raise Problem(f"{self.name}: mariadb-install-db failed:\n{done.stdout.strip()}")
        made.rename(self.place.data)

    def command(self, ports):
        more = os.environ.get("WAYBILL_MARIADB_CONFIG")
        defaults = f"--defaults-file={more}" if more else "--no-defaults"
        return ["/usr/sbin/mariadbd", defaults, f"--datadir={self.place.data}", f"--tmpdir={self.place.data}",
                "--bind-address=127.0.0.1", f"--port={ports['port']}", "--socket=", "--skip-name-resolve",
                f"--pid-file={self.place.data / 'pid'}", f"--init-file={self._statements()}",
                "--innodb-flush-log-at-trx-commit=1", "--character-set-server=utf8mb4"]

    def answers(self, ports):
        """True once it greets: a server that cannot serve yet sends an error instead, or nothing."""
        try:
            with socket.create_connection(("127.0.0.1", ports["port"]), timeout=5) as connection:
                return connection.recv(5)[4:] == bytes([PROTOCOL])
        except OSError:
            return False

    def url_at(self, ports):
        return f"mariadb://{NAME}:{PASSWORD}@127.0.0.1:{ports['port']}/{NAME}"

    def control(self, ports, arguments):
        return ["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={ports['port']}", f"--user={NAME}",
                f"--password={PASSWORD}", NAME, *arguments], PLAIN_ENVIRONMENT

    def _statements(self):
        return self.place.directory / "first.sql"
