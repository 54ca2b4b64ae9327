"""MariaDB as other programs see it, by PyMySQL, and a server of a test's own."""

from contextlib import closing, contextmanager
from datetime import timedelta
from urllib.parse import unquote, urlsplit

import pymysql

from harness.own_server import OwnServer
from harness.shared_database import SharedDatabase

WAIT_S = 10
ANSWER_S = 60
# Their numbers, which the driver leaves to its users.
NO_SUCH_SESSION = 1094
WAITED_TOO_LONG, DEADLOCK = 1205, 1213


class MariadbDatabase(SharedDatabase):
    KIND = "mariadb"
    TITLE = "MariaDB"
    OPTIONS = "CHARACTER SET utf8mb4"
    SCHEMA = "DATABASE()"
    NOW = CLOCK = "UTC_TIMESTAMP(3)"
    WHOLE_SECOND = "UTC_TIMESTAMP()"
    NAMED = "`{}`"
    ALL_RIGHTS = ("GRANT ALL PRIVILEGES ON {}.*",)
    CREATE_USER = "CREATE USER {} IDENTIFIED BY '{}'"
    Problem = Refused = pymysql.MySQLError
    Denied = pymysql.OperationalError

    @staticmethod
    def connect_to(url):
        place = urlsplit(url)
        return pymysql.connect(host=place.hostname, port=place.port, user=unquote(place.username),
                               password=unquote(place.password), database=place.path[1:], charset="utf8mb4",
                               connect_timeout=WAIT_S, read_timeout=ANSWER_S, write_timeout=ANSWER_S)

    @staticmethod
    def commit_each(connection):
        connection.autocommit(True)

    @staticmethod
    def account(name):
        return f"'{name}'@'127.0.0.1'"

    def drop_user(self, name):
        self.execute(f"DROP USER {self.account(name)}")

    def drop_database(self):
        self.administer(f"DROP DATABASE IF EXISTS {self.name}")

    @staticmethod
    def ago(**age):
        return f"UTC_TIMESTAMP(3) - INTERVAL {timedelta(**age).total_seconds()} SECOND"

    @staticmethod
    def wait_for_locks(cursor, seconds):
        cursor.execute(f"SET innodb_lock_wait_timeout = {seconds}")

    def end_sessions(self):
        with self.transaction() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
            for (session,) in cursor.fetchall():
                try:
                    cursor.execute(f"KILL {session}")
                except pymysql.MySQLError as problem:
                    if problem.args[0] != NO_SUCH_SESSION:  # it has ended by itself
                        raise

    @contextmanager
    def lock_table(self):
        with closing(self.connect()) as stranger, stranger.cursor() as cursor:
            cursor.execute("LOCK TABLES msg_log WRITE")
            yield

    @contextmanager
    def read_only(self):
        self.administer("SET GLOBAL read_only = 1")
        try:
            yield
        finally:
            self.administer("SET GLOBAL read_only = 0")

    @staticmethod
    def was_chosen(problem):
        return problem.args[0] in (WAITED_TOO_LONG, DEADLOCK)


class MariadbServer(OwnServer):
    DATABASE = MariadbDatabase
    WRITE_AHEAD_LOG = "ib_logfile0"
    UNSYNCED = "innodb_flush_log_at_trx_commit=2"

    def set_up_tls(self, certificate, key):
        config = self.data.with_name("config")
        config.write_text(f"[mariadbd]\nrequire_secure_transport=on\nssl_cert={certificate}\nssl_key={key}\n",
                          encoding="utf-8")
        config.chmod(0o644)
        self._services.environment["WAYBILL_MARIADB_CONFIG"] = str(config)

    @contextmanager
    def without_syncs(self):
        def turn(at_commit, every_s):
            self.database.administer(f"SET GLOBAL innodb_flush_log_at_trx_commit = {at_commit}",
                                     f"SET GLOBAL innodb_flush_log_at_timeout = {every_s}")
        turn(2, 2700)
        try:
            yield
        finally:
            turn(1, 1)

    @contextmanager
    def small_disk(self, database):
        with self.mounted(self.data / database.name) as place:
            try:
                yield place
            finally:  # the database can be dropped once nothing is mounted in its place
                database.execute_all(*(f"DROP TABLE {table}" for (table,) in database.rows(
                    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")))
