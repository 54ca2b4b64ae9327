"""A database of a test's own, through drivers that nobody here wrote."""

import uuid
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import psycopg2
import pymysql

from harness.services import url_of

WAIT_S = 10


class OwnDatabase:
    """`kind` is "postgres" or "mariadb". It is on the server that all tests share, unless another one's URL is given,
    and belongs to the user that the URL names."""

    def __init__(self, kind, name, server=None):
        self.kind = kind
        self.name = name
        self._server = server or url_of(kind)

    @classmethod
    def create(cls, kind):
        made = cls(kind, f"waybill_test_{uuid.uuid4().hex[:16]}")
        made._administer(f"CREATE DATABASE {made.name}" + (" CHARACTER SET utf8mb4" if kind == "mariadb" else ""))
        return made

    @property
    def url(self):
        return urlsplit(self._server)._replace(path=f"/{self.name}").geturl()

    def connect(self):
        return self._connect(self.name)

    def as_user(self, name, password):
        """The same database, for another user."""
        place = urlsplit(self._server)
        other = OwnDatabase(self.kind, self.name)
        other._server = place._replace(netloc=f"{name}:{password}@{place.hostname}:{place.port}").geturl()
        return other

    @contextmanager
    def transaction(self):
        """A cursor; committed in the end, rolled back by an exception."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        finally:
            connection.close()

    def rows(self, query, *values):
        with self.transaction() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def drop(self):
        force = " WITH (FORCE)" if self.kind == "postgres" else ""
        self._administer(f"DROP DATABASE {self.name}{force}")

    def _administer(self, statement):
        connection = self._connect(urlsplit(self._server).path[1:])
        try:
            if self.kind == "postgres":
                connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def _connect(self, database):
        place = urlsplit(self._server)
        user, password = unquote(place.username), unquote(place.password)
        if self.kind == "postgres":
            return psycopg2.connect(host=place.hostname, port=place.port, user=user, password=password,
                                    dbname=database, connect_timeout=WAIT_S)
        return pymysql.connect(host=place.hostname, port=place.port, user=user, password=password, database=database,
                               charset="utf8mb4", connect_timeout=WAIT_S, read_timeout=60, write_timeout=60)
