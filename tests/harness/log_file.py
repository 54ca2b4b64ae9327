"""The SQLite log as other programs see it: reading it, and inserting into it as the contract allows."""

import sqlite3
from contextlib import closing, contextmanager

MAIL_ROUTE = ("mail.exchange", "mail.routing.key")


@contextmanager
def foreign_connection(path):
    """A writer as docs/schema.md asks for: it never checkpoints, and it waits for the lock."""
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA synchronous=FULL")
        yield connection


def insert_four_columns(connection, message_id, body, route=MAIL_ROUTE):
    connection.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) VALUES (?, ?, ?, ?)",
                       (message_id, body, *route))


def read_rows(path, what="*", where="1"):
    """Rows as dictionaries, through a connection that cannot write."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT {what} FROM msg_log WHERE {where}")]


def read_one(path, sql):
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as connection:
        return connection.execute(sql).fetchone()[0]
