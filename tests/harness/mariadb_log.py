"""The MariaDB log as other programs see it, by PyMySQL: a client that nobody here wrote."""

import uuid
from contextlib import closing
from urllib.parse import unquote, urlsplit

import pymysql
import pymysql.cursors

MAIL_ROUTE = ("mail.exchange", "mail.routing.key")
WAIT_S = 60


def connect_to(url, database=None):
    place = urlsplit(url)
    return pymysql.connect(host=place.hostname, port=place.port, user=unquote(place.username),
                           password=unquote(place.password), database=database or place.path[1:], charset="utf8mb4",
                           connect_timeout=10, read_timeout=WAIT_S, write_timeout=WAIT_S)


class MariadbLog:
    """A database of a test's own on a server. end() removes it."""

    def __init__(self, server_url, route=MAIL_ROUTE, options="CHARACTER SET utf8mb4"):
        self.server_url = server_url
        self.name = "waybill_test_" + uuid.uuid4().hex
        self.url = urlsplit(server_url)._replace(path="/" + self.name).geturl()
        self.route = route
        self.on_server(f"CREATE DATABASE {self.name} {options}")

    def end(self):
        self.on_server(f"DROP DATABASE IF EXISTS {self.name}")

    def on_server(self, sql, *values):
        with closing(connect_to(self.server_url)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)

    def connect(self):
        """Another program's connection; its transactions are its own."""
        return connect_to(self.url)

    def execute(self, sql, *values):
        """In a transaction of its own."""
        with closing(self.connect()) as connection:
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
            connection.commit()

    def rows(self, what="*", where="true"):
        """Rows as dictionaries."""
        with closing(self.connect()) as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute(f"SELECT {what} FROM msg_log WHERE {where}")
            return list(cursor.fetchall())

    def all(self, sql, *values):
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall()

    def one(self, sql, *values):
        return self.all(sql, *values)[0][0]

    def insert(self, cursor, message_id, body, route=None):
        """The four columns that another program must give."""
        cursor.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES (%s, %s, %s, %s)",
                       (message_id, body, *(route or self.route)))

    def insert_now(self, message_id, body, route=None):
        with closing(self.connect()) as connection:
            with connection.cursor() as cursor:
                self.insert(cursor, message_id, body, route)
            connection.commit()
