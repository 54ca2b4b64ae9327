"""PostgreSQL as other programs see it, by psycopg2, and a server of a test's own."""

import re
from contextlib import closing, contextmanager
from datetime import timedelta

import psycopg2

from harness.own_server import OwnServer
from harness.shared_database import SharedDatabase
from harness.waiting import eventually

WAIT_S = 10


class PostgresDatabase(SharedDatabase):
    KIND = "postgres"
    TITLE = "PostgreSQL"
    SCHEMA = "current_schema()"
    NOW = "now() AT TIME ZONE 'utc'"
    WHOLE_SECOND = "date_trunc('second', now() AT TIME ZONE 'utc')"
    CLOCK = "clock_timestamp() AT TIME ZONE 'utc'"
    NAMED = "DATABASE {}"
    ALL_RIGHTS = ("GRANT ALL ON {}", "GRANT ALL ON SCHEMA public")
    CREATE_USER = "CREATE ROLE {} LOGIN PASSWORD '{}'"
    Problem = psycopg2.Error
    Refused = psycopg2.IntegrityError
    Denied = psycopg2.errors.InsufficientPrivilege

    @staticmethod
    def connect_to(url):
        return psycopg2.connect(url, connect_timeout=WAIT_S)

    @staticmethod
    def commit_each(connection):
        connection.autocommit = True

    @staticmethod
    def account(name):
        return name

    def drop_user(self, name):
        self.execute_all(f"DROP OWNED BY {name}", f"DROP ROLE {name}")

    def drop_database(self):
        self.administer(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    @staticmethod
    def ago(**age):
        return f"(now() AT TIME ZONE 'utc')::timestamp(3) - interval '{timedelta(**age).total_seconds()} seconds'"

    @staticmethod
    def wait_for_locks(cursor, seconds):
        cursor.execute(f"SET lock_timeout = '{seconds}s'")

    def end_sessions(self):
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE datname = current_database() AND application_name = 'waybill'")

    @contextmanager
    def lock_table(self):
        with closing(self.connect()) as stranger:
            with stranger.cursor() as cursor:
                cursor.execute("LOCK TABLE msg_log IN ACCESS EXCLUSIVE MODE")
            yield

    @contextmanager
    def read_only(self):
        self.administer("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        try:
            yield
        finally:
            self.administer("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")

    @staticmethod
    def was_chosen(problem):
        return isinstance(problem, psycopg2.errors.DeadlockDetected)


class PostgresServer(OwnServer):
    DATABASE = PostgresDatabase
    WRITE_AHEAD_LOG = "/pg_wal/"
    UNSYNCED = "fsync=off"

    def set_up_tls(self, certificate, key):
        self.database.administer("ALTER SYSTEM SET ssl = on")
        rules = self.data / "pg_hba.conf"
        rules.write_text(re.sub("^host ", "hostssl ", rules.read_text(encoding="utf-8"), flags=re.MULTILINE),
                         encoding="utf-8")

    @contextmanager
    def without_syncs(self):
        def turn(value):
            self.database.administer(f"ALTER SYSTEM SET fsync = {value}", "SELECT pg_reload_conf()")
            eventually(lambda: self.database.one("SHOW fsync") == value, 10, f"fsync is {value}")
        turn("off")
        try:
            yield
        finally:
            turn("on")

    @contextmanager
    def small_disk(self, database):
        with self.mounted(self.directory / "small") as place:
            database.administer(f"CREATE TABLESPACE small LOCATION '{place}'",
                                f"ALTER DATABASE {database.name} SET TABLESPACE small")
            try:
                yield place
            finally:
                database.drop()
                database.administer("DROP TABLESPACE small")
