"""The PostgreSQL log as other programs see it, by psycopg2: a client that nobody here wrote."""

import uuid
from contextlib import closing

import psycopg2
import psycopg2.extras

MAIL_ROUTE = ("mail.exchange", "mail.routing.key")


def with_database(url, name):
    """The same server with another database."""
    return url.rpartition("/")[0] + "/" + name


class PostgresLog:
    """A database of a test's own on a server. end() removes it."""

    def __init__(self, server_url, route=MAIL_ROUTE, options=""):
        self.server_url = server_url
        self.name = "waybill_test_" + uuid.uuid4().hex
        self.url = with_database(server_url, self.name)
        self.route = route
        self.on_server(f"CREATE DATABASE {self.name} {options}")

    def end(self):
        self.on_server(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def on_server(self, sql, *values):
        with closing(psycopg2.connect(self.server_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql, values)

    def connect(self):
        """Another program's connection; its transactions are its own."""
        return psycopg2.connect(self.url)

    def execute(self, sql, *values):
        """In a transaction of its own."""
        with closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(sql, values)

    def rows(self, what="*", where="true"):
        """Rows as dictionaries."""
        with closing(self.connect()) as connection:
            with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
                cursor.execute(f"SELECT {what} FROM msg_log WHERE {where}")
                return [dict(row) for row in cursor.fetchall()]

    def one(self, sql, *values):
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchone()[0]

    def insert(self, cursor, message_id, body, route=None):
        """The four columns that another program must give."""
        cursor.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES (%s, %s, %s, %s)",
                       (message_id, body, *(route or self.route)))

    def insert_now(self, message_id, body, route=None):
        with closing(self.connect()) as connection, connection, connection.cursor() as cursor:
            self.insert(cursor, message_id, body, route)
