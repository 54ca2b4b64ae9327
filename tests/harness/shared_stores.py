"""The stores that several processes share, by kind: what `./test` calls their servers."""

from harness.mariadb import MariadbDatabase, MariadbServer
from harness.postgres import PostgresDatabase, PostgresServer

DATABASES = {made.KIND: made for made in (PostgresDatabase, MariadbDatabase)}
SERVERS = {made.DATABASE.KIND: made for made in (PostgresServer, MariadbServer)}
