"""A database of a test's own on a server, as another program sees it: through drivers that nobody here wrote. What differs
from one store to the next is in postgres.py and mariadb.py; by kind both are found in shared_stores.py."""

import uuid
from abc import ABC, abstractmethod
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

from harness.services import url_of

MAIL_ROUTE = ("mail.exchange", "mail.routing.key")
PASSWORD = "secret"


class SharedDatabase(ABC):
    """It is on the server that all tests share, unless another one's URL is given, and belongs to the user that the URL
    names. Statements have `%s` for each value, and `%%` for a per cent sign."""

    KIND: str
    TITLE: str  # what people call the server
    OPTIONS = ""  # of CREATE DATABASE
    SCHEMA: str  # where information_schema finds its tables
    NOW: str  # in UTC, as another program gives the classic times
    WHOLE_SECOND: str  # the same, of who keeps no fractions
    CLOCK: str  # in UTC, of this moment even within a transaction
    CREATE_USER: str  # of an account and a password
    NAMED: str  # how a GRANT names a database
    ALL_RIGHTS: tuple  # that an administrator may give for one database
    Problem: type  # what the driver raises, whatever it is
    Refused: type  # of them, that a row cannot be
    Denied: type  # of them, that a user may not do that

    def __init__(self, name, server_url=None, route=MAIL_ROUTE):
        self.name = name
        self.route = route  # of messages that name none
        self._server_url = server_url or url_of(self.KIND)
        self._users = []

    @classmethod
    def create(cls, server_url=None, route=MAIL_ROUTE):
        made = cls(f"waybill_test_{uuid.uuid4().hex[:16]}", server_url, route)
        made.administer(f"CREATE DATABASE {made.name} {cls.OPTIONS}")
        return made

    def drop(self):
        """With its users; what is gone already is no failure."""
        for name in self._users:
            self.drop_user(name)
        self._users.clear()
        self.drop_database()

    @property
    def url(self):
        return urlsplit(self._server_url)._replace(path=f"/{self.name}").geturl()

    @property
    def password(self):
        return urlsplit(self._server_url).password

    def connect(self):
        """Another program's connection; its transactions are its own."""
        return self.connect_to(self.url)

    @contextmanager
    def transaction(self):
        """A cursor; committed in the end, rolled back by an exception."""
        with closing(self.connect()) as connection:
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()

    def execute(self, sql, *values):
        """In a transaction of its own."""
        with self.transaction() as cursor:
            cursor.execute(sql, values)

    def execute_all(self, *statements):
        """In one transaction."""
        with self.transaction() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, sql, *values):
        with self.transaction() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())

    def one(self, sql, *values):
        return self.rows(sql, *values)[0][0]

    def messages(self, what="*", where="true"):
        """Rows of the log as dictionaries."""
        with self.transaction() as cursor:
            cursor.execute(f"SELECT {what} FROM msg_log WHERE {where}")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]

    def insert(self, cursor, message_id, body, route=None):
        """The four columns that another program must give."""
        cursor.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES (%s, %s, %s, %s)",
                       (message_id, body, *(route or self.route)))

    def insert_now(self, message_id, body, route=None):
        with self.transaction() as cursor:
            self.insert(cursor, message_id, body, route)

    def create_user(self, *grants):
        """With these rights (`GRANT … ON …`) and no others; the same database as that user has it."""
        name = f"user_{uuid.uuid4().hex[:12]}"
        self.execute_all(self.CREATE_USER.format(self.account(name), PASSWORD),
                         *(f"{grant} TO {self.account(name)}" for grant in grants))
        self._users.append(name)
        return self.as_user(name, PASSWORD)

    def create_plain_user(self):
        """Without the administrators' rights that the owner of the server's databases has."""
        return self.create_user(*(grant.format(self.NAMED.format(self.name)) for grant in self.ALL_RIGHTS))

    def as_user(self, name, password):
        """The same database for another user."""
        place = urlsplit(self._server_url)
        url = place._replace(netloc=f"{name}:{password}@{place.hostname}:{place.port}").geturl()
        return type(self)(self.name, url, self.route)

    def administer(self, *statements):
        """On the server, each in a transaction of its own."""
        with closing(self.connect_to(self._server_url)) as connection:
            self.commit_each(connection)
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

    @staticmethod
    @abstractmethod
    def connect_to(url):
        """With a deadline for whatever may take long."""

    @staticmethod
    @abstractmethod
    def commit_each(connection):
        """From now on each statement is a transaction."""

    @staticmethod
    @abstractmethod
    def account(name):
        """What statements call a user."""

    @abstractmethod
    def drop_user(self, name):
        """With the user's rights."""

    @abstractmethod
    def drop_database(self):
        """Even if somebody is connected to it."""

    @staticmethod
    @abstractmethod
    def ago(**age):
        """The expression of a time in UTC; `age` as timedelta takes it."""

    @staticmethod
    @abstractmethod
    def wait_for_locks(cursor, seconds):
        """From now on this session waits no longer than that for a lock."""

    @abstractmethod
    def end_sessions(self):
        """Those of all daemons that have this database."""

    @abstractmethod
    def lock_table(self):
        """A context in which nobody else reads or writes the log."""

    @abstractmethod
    def read_only(self):
        """A context in which the server takes writes of administrators alone, if of anybody."""

    @staticmethod
    @abstractmethod
    def was_chosen(problem):
        """True if the server ended this transaction so that others could go on."""
