"""Which servers there are, by the names that people use."""

from services_lib.mariadb import MariaDb
from services_lib.postgres import Postgres
from services_lib.rabbitmq import CLUSTER, RabbitMq

KINDS = {"rabbitmq": RabbitMq, "postgres": Postgres, "mariadb": MariaDb, **{name: RabbitMq for name in CLUSTER}}
GROUPS = {"rabbitmq-cluster": CLUSTER}
NAMES = (*KINDS, *GROUPS)


class Catalog:
    """The servers below one directory."""

    def __init__(self, base):
        self._services = {name: kind(base, name) for name, kind in KINDS.items()}

    def services(self, names):
        """Those named, each once, groups resolved."""
        single = [one for name in names for one in GROUPS.get(name, (name,))]
        return [self._services[name] for name in dict.fromkeys(single)]

    def first(self, name):
        return self.services([name])[0]
