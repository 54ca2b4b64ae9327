"""A RabbitMQ node of its own: node name, cookie, configuration, data, ports, and a name server that no system node uses.

WAYBILL_RABBITMQ_MANAGEMENT=1 starts it with the management plugin, WAYBILL_RABBITMQ_PLUGINS names further ones (with spaces
between), and WAYBILL_RABBITMQ_CONFIG a file whose lines are added to its configuration (a TLS listener, for example).
"""

import os
import re
import secrets
import socket
import subprocess
from pathlib import Path

from services_lib.directory import Place
from services_lib.problem import Problem
from services_lib.processes import Process, wait_until
from services_lib.service import PLAIN_ENVIRONMENT, Service

PROGRAMS = Path("/usr/lib/rabbitmq/bin")
EPMD = "/usr/bin/epmd"
NAME = "waybill"
PASSWORD = "waybill"
CLUSTER = ("rabbitmq1", "rabbitmq2", "rabbitmq3")
CLUSTER_S = 60
NODES = ("rabbitmq", *CLUSTER)
AMQP_HEADER = b"AMQP\x00\x00\x09\x01"
LOCAL_ONLY = "-kernel inet_dist_use_interface {127,0,0,1}"

CONFIGURATION = """\
listeners.tcp.1 = 127.0.0.1:{amqp}
default_user = {name}
default_pass = {password}
disk_free_limit.absolute = 50MB
vm_memory_high_watermark.absolute = 2GB
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
"""


class NameServer:
    """The epmd of all nodes below one directory. It lives as long as one of them."""

    def __init__(self, base, user):
        self.place = Place(base, "epmd", user)

    def port(self):
        return self.place.ports(["port"])["port"]

    def environment(self):
        return {**PLAIN_ENVIRONMENT, "ERL_EPMD_PORT": str(self.port()), "ERL_EPMD_ADDRESS": "127.0.0.1"}

    def start(self):
        running = Process.read(self.place.record)
        if running and running.alive():
            return
        self.place.remember(self.place.ports(["port"]))
        with (self.place.directory / "log").open("wb") as sink:
            process = subprocess.Popen([EPMD], cwd="/", env=self.environment(), stdin=subprocess.DEVNULL, stdout=sink,
                                       stderr=subprocess.STDOUT, start_new_session=True, **self.place.as_user())
        Process.of(process.pid).write(self.place.record)
        if not wait_until(lambda: _listens(self.port()), 20):
            raise Problem(f"Erlang's name server did not start on port {self.port()}")

    def end(self):
        running = Process.read(self.place.record)
        if running:
            running.kill()
        self.place.record.unlink(missing_ok=True)


class RabbitMq(Service):
    purpose = "rabbitmq"
    user = "rabbitmq"
    port_names = ("amqp", "distribution", "management")

    def __init__(self, base, name):
        super().__init__(base, name)
        self.variable = f"WAYBILL_{name.upper()}"
        self.node = f"{name}@localhost"
        self.names = NameServer(base, self.user)
        self._own = self.place.directory / "own"  # what RabbitMQ reads, but does not count as data
        self._plugins = self._own / "enabled_plugins"

    def prepare(self, ports):
        self.place.make_own(self.place.data)
        self.place.make_own(self._own)
        self.place.write_own(self._own / "rabbitmq.conf", self._configuration(ports))
        self.place.write_own(self._own / "rabbitmq-env.conf", "")
        self.place.write_own(self._own / ".erlang.cookie", self._cookie(), mode=0o400)
        self.place.write_own(self._plugins, f"[{','.join(_plugins())}].\n")

    def command(self, ports):
        return [str(PROGRAMS / "rabbitmq-server")]

    def environment(self, ports):
        return {
            **self.names.environment(),
            "HOME": str(self._own),
            "RABBITMQ_NODENAME": self.node,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(ports["amqp"]),
            "RABBITMQ_DIST_PORT": str(ports["distribution"]),
            "RABBITMQ_CONF_ENV_FILE": str(self._own / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(self._own / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self._plugins),
            "RABBITMQ_MNESIA_BASE": str(self.place.data),
            "RABBITMQ_LOG_BASE": str(self.place.data),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": LOCAL_ONLY,
            "RABBITMQ_CTL_ERL_ARGS": LOCAL_ONLY,
            # So its script becomes the node instead of waiting for it, and the recorded process is the node's.
            "RUNNING_UNDER_SYSTEMD": "true",
        }

    def start_process(self, ports):
        with self.names.place.locked():
            self.names.start()
            super().start_process(ports)

    def after_end(self):
        """The last node takes the name server with it."""
        with self.names.place.locked():
            if not any(RabbitMq(self.place.base, name).process() for name in NODES):
                self.names.end()

    def answers(self, ports):
        """True once it begins the handshake of AMQP: its listeners are the last thing that a node starts."""
        try:
            with socket.create_connection(("127.0.0.1", ports["amqp"]), timeout=5) as connection:
                connection.sendall(AMQP_HEADER)
                return connection.recv(1) == b"\x01"
        except OSError:
            return False

    def url_at(self, ports):
        return f"amqp://{NAME}:{PASSWORD}@127.0.0.1:{ports['amqp']}"

    def variables(self):
        variables = super().variables()
        if "rabbitmq_management" in self._plugins.read_text(encoding="ascii"):
            variables[f"{self.variable}_MANAGEMENT_URL"] = (
                f"http://{NAME}:{PASSWORD}@127.0.0.1:{self._ports()['management']}")
        return variables

    def control(self, ports, arguments):
        return [str(PROGRAMS / "rabbitmqctl"), "--node", self.node, *arguments], self.environment(ports)

    def _configuration(self, ports):
        text = CONFIGURATION.format(**ports, name=NAME, password=PASSWORD)
        if self.name in CLUSTER:
            text += "cluster_formation.peer_discovery_backend = classic_config\n"
            text += "".join(f"cluster_formation.classic_config.nodes.{number} = {name}@localhost\n"
                            for number, name in enumerate(CLUSTER, 1))
        more = os.environ.get("WAYBILL_RABBITMQ_CONFIG")
        if more:
            try:
                text += Path(more).read_text(encoding="utf-8")
            except OSError as error:
                raise Problem(f"WAYBILL_RABBITMQ_CONFIG: {more} cannot be read: {error.strerror}") from error
        return text

    def _cookie(self):
        """The secret that nodes and rabbitmqctl share: one for all below the directory."""
        with self.names.place.locked():
            kept = self.names.place.directory / "cookie"
            if not kept.exists():
                self.names.place.write_own(kept, secrets.token_hex(16))
            return kept.read_text(encoding="ascii")


def check_wipe(services):
    """The nodes of a cluster are wiped together: the others would not take back one that has forgotten them."""
    named = {service.name for service in services}
    kept = [service.name for service in services if service.name in CLUSTER
            for other in CLUSTER if other not in named and RabbitMq(service.place.base, other).place.data.exists()]
    if kept:
        raise Problem(f"the other nodes of the cluster would not take a wiped {kept[0]} back: wipe rabbitmq-cluster")


def join_cluster(nodes):
    """Returns when the nodes, all started, have found each other."""
    first = nodes[0]
    command, environment, user = first.control_command(
        ["await_online_nodes", str(len(nodes)), "--timeout", str(CLUSTER_S)])
    joined = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=False, **user)
    if joined.returncode != 0:
        raise Problem(f"the nodes did not form a cluster within {CLUSTER_S} s: {joined.stderr.strip()}")


def _plugins():
    plugins = os.environ.get("WAYBILL_RABBITMQ_PLUGINS", "").split()
    for plugin in plugins:
        if not re.fullmatch("[a-z0-9_]+", plugin):
            raise Problem(f"WAYBILL_RABBITMQ_PLUGINS: '{plugin}' is no name of a plugin")
    management = os.environ.get("WAYBILL_RABBITMQ_MANAGEMENT", "0") not in ("", "0")
    return list(dict.fromkeys([*plugins, *(["rabbitmq_management"] if management else [])]))


def _listens(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
