"""AMQPS: whose certificate is believed, and what is said if it is not."""

import ssl
from urllib.parse import urlsplit

import pytest

from harness.certificates import Authority
from harness.program import waybill
from harness.waiting import eventually
from tls_door import TlsDoor

pytestmark = pytest.mark.services("rabbitmq")

USAGE, CONSUMED = 2, 3


@pytest.fixture
def target(broker_url):
    parts = urlsplit(broker_url)
    return parts.hostname, parts.port


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "authority")


@pytest.fixture
def login(broker_url):
    return urlsplit(broker_url).netloc.rpartition("@")[0]


def url_of(door, host="127.0.0.1", login="nobody:gets-that-far"):
    return f"amqps://{login}@{host}:{door.port}"


def refusal(tmp_path, door, *more, host="127.0.0.1"):
    """The one sentence of a start that is refused."""
    ended = waybill("serve", "--broker", url_of(door, host), "--data", tmp_path / "data", "--listen", "127.0.0.1:0", *more,
                    cwd=tmp_path)
    assert ended.returncode == USAGE, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line.startswith("waybill: ")]
    assert len(lines) == 1, ended.stderr
    return lines[0]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_mail_goes_over_tls(make_daemon, target, login, authority, names, host):
    with TlsDoor(target, *authority.certificate(host)) as door:
        config = {"broker.url": url_of(door, host, login), "broker.tls_ca": authority.file, **names}
        with make_daemon(config=config) as daemon:
            client = daemon.client()
            ids = [client.accepted(content="x" * 20_000) for _ in range(20)]
            eventually(lambda: all(client.status(one) == CONSUMED for one in ids), 20, "all are consumed")
            assert daemon.stop() == 0


def test_a_client_shows_its_certificate(make_daemon, target, login, authority, names):
    certificate, key = authority.certificate("client")
    with TlsDoor(target, *authority.certificate("127.0.0.1"), clients_by=authority.file) as door:
        config = {"broker.url": url_of(door, login=login), "broker.tls_ca": authority.file,
                  "broker.tls_cert": certificate, "broker.tls_key": key, **names}
        with make_daemon(config=config) as daemon:
            one = daemon.client().accepted()
            eventually(lambda: daemon.client().status(one) == CONSUMED, 20, "it is consumed")


def test_a_certificate_for_another_host_is_refused(tmp_path, target, authority):
    with TlsDoor(target, *authority.certificate("elsewhere.example")) as door:
        said = refusal(tmp_path, door, "--set", f"broker.tls_ca={authority.file}")
        assert "it is not for host '127.0.0.1'" in said


def test_a_certificate_of_an_unknown_authority_is_refused(tmp_path, target, authority):
    with TlsDoor(target, *authority.certificate("127.0.0.1")) as door:
        assert "its certificate is refused: " in refusal(tmp_path, door)


def test_a_certificate_of_yesterday_is_refused(tmp_path, target, authority):
    with TlsDoor(target, *authority.certificate("127.0.0.1", days=-1)) as door:
        said = refusal(tmp_path, door, "--set", f"broker.tls_ca={authority.file}")
        assert "certificate has expired" in said


def test_a_file_that_is_no_certificate_is_said(tmp_path, target, authority):
    (tmp_path / "no.pem").write_text("hello\n", encoding="utf-8")
    with TlsDoor(target, *authority.certificate("127.0.0.1")) as door:
        said = refusal(tmp_path, door, "--set", f"broker.tls_ca={tmp_path / 'no.pem'}")
        assert "no.pem cannot be used as certificates of authorities" in said


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_versions_of_tls_are_not_spoken(make_daemon, target, authority, names):
    with TlsDoor(target, *authority.certificate("127.0.0.1"), maximum_version=ssl.TLSVersion.TLSv1_1) as door:
        with make_daemon(config={"broker.url": url_of(door), "broker.tls_ca": authority.file, **names}) as daemon:
            eventually(lambda: "the TLS handshake failed" in daemon.stderr, 10, "it says so")
            assert daemon.stop() == 0
