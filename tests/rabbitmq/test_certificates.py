"""A real RabbitMQ that wants certificates: of clients that log in by them, and for its management interface."""

import socket
from pathlib import Path

import pytest

from harness.certificates import Authority
from harness.client import Client
from harness.own_names import own_names
from harness.program import waybill
from harness.services import PrivateServices
from harness.waiting import eventually
from test_broker_doctor import examine, said

USAGE, CONSUMED = 2, 3
USER = "mailer"
CONFIGURATION = """\
listeners.ssl.1 = 127.0.0.1:{amqps}
ssl_options.cacertfile = {authority}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
management.ssl.ip = 127.0.0.1
management.ssl.port = {https}
management.ssl.cacertfile = {authority}
management.ssl.certfile = {certificate}
management.ssl.keyfile = {key}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


class TlsNode(PrivateServices):
    """A node with two doors of TLS, and a user who logs in by a certificate."""

    def __init__(self):
        super().__init__(WAYBILL_RABBITMQ_MANAGEMENT="1", WAYBILL_RABBITMQ_PLUGINS="rabbitmq_auth_mechanism_ssl")
        place = Path(self.directory)
        self.authority = Authority(place, "authority")
        self.stranger = Authority(place, "stranger")
        certificate, key = self.authority.certificate("127.0.0.1")
        key.chmod(0o644)  # the server runs as another user
        self.amqps, self.https = free_port(), free_port()
        config = place / "tls.conf"
        config.write_text(CONFIGURATION.format(amqps=self.amqps, https=self.https, authority=self.authority.file,
                                               certificate=certificate, key=key), encoding="utf-8")
        self.environment["WAYBILL_RABBITMQ_CONFIG"] = str(config)
        self("up", "rabbitmq")
        self.control("rabbitmq", "add_user", USER, "no password")
        self.control("rabbitmq", "clear_password", USER)
        self.control("rabbitmq", "set_permissions", USER, ".*", ".*", ".*")

    def by_certificate(self, certificate, key):
        """The configuration of a daemon that logs in so."""
        return {"broker.url": f"amqps://127.0.0.1:{self.amqps}", "broker.login": "external",
                "broker.tls_ca": self.authority.file, "broker.tls_cert": certificate, "broker.tls_key": key, **own_names()}


@pytest.fixture(scope="module")
def tls_node():
    node = TlsNode()
    yield node
    node.end()


def refusal(tmp_path, config):
    """The one sentence of a start that is refused."""
    keys = [word for key, value in config.items() for word in ("--set", f"{key}={value}")]
    ended = waybill("serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", *keys, cwd=tmp_path)
    assert ended.returncode == USAGE, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line.startswith("waybill: ")]
    assert len(lines) == 1, ended.stderr
    return lines[0]


def test_a_certificate_is_a_login(make_daemon, tls_node):
    with make_daemon(config=tls_node.by_certificate(*tls_node.authority.certificate(USER))) as daemon:
        client = Client(daemon.url)
        one = client.accepted()
        eventually(lambda: client.status(one) == CONSUMED, 20, "it is consumed")
        assert f"{USER}\tEXTERNAL" in tls_node.control("rabbitmq", "list_connections", "user", "auth_mechanism")
        assert daemon.stop() == 0


def test_a_certificate_without_a_user_is_said(tmp_path, tls_node):
    told = refusal(tmp_path, tls_node.by_certificate(*tls_node.authority.certificate("nobody")))
    assert "refused the client's certificate for the login (EXTERNAL): is there a user of its name?" in told


def test_a_certificate_of_another_authority_is_said(tmp_path, tls_node):
    told = refusal(tmp_path, tls_node.by_certificate(*tls_node.stranger.certificate(USER)))
    assert "it refuses the client's certificate, broker.tls_cert: " in told
    assert "unknown ca" in told


def test_a_missing_certificate_is_said(tmp_path, tls_node):
    told = refusal(tmp_path, {"broker.url": f"amqps://waybill:waybill@127.0.0.1:{tls_node.amqps}",
                              "broker.tls_ca": tls_node.authority.file})
    assert "it wants a certificate of the client: set broker.tls_cert and broker.tls_key" in told


@pytest.fixture
def doctor(tmp_path, tls_node):
    def run(authority, host="127.0.0.1"):
        return examine(tmp_path, {"broker.url": tls_node.url("rabbitmq"), "broker.tls_ca": authority.file,
                                  "broker.management_url": f"https://{host}:{tls_node.https}", **own_names()})
    return run


def test_the_management_interface_is_asked_by_https(doctor, tls_node):
    report = doctor(tls_node.authority)
    assert "no node has an alarm" in [one["what"] for one in report["findings"]]


@pytest.mark.parametrize("authority, host, why", [
    ("stranger", "127.0.0.1", "self-signed certificate in certificate chain"),
    ("authority", "localhost", "it is not for host 'localhost'")])
def test_a_certificate_of_the_management_interface_that_is_not_believed_is_said(doctor, tls_node, authority, host, why):
    report = doctor(getattr(tls_node, authority), host)
    told = [one for one in said(report, "warning") if "management interface" in one]
    assert len(told) == 1
    assert f"cannot be asked: its certificate is refused: {why} → correct broker.management_url" in told[0]
    assert "policies" in report["not_made"][0]
