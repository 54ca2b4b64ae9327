"""TLS to PostgreSQL: whose certificate is believed, and what is said if it is not."""

import os
import shutil
from pathlib import Path

import pytest

from harness.certificates import Authority
from harness.postgres_log import PostgresLog
from harness.program import waybill
from harness.services import PrivateServices, url_of
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

CONSUMED = 3


@pytest.fixture(scope="module")
def server():
    made = PrivateServices()
    made("up", "postgres")
    yield made
    made.end()


@pytest.fixture
def log(server, names):
    made = PostgresLog(server.url("postgres"), (names["mail.exchange"], names["mail.routing_key"]))
    yield made
    made.end()


@pytest.fixture
def encrypt(server, log):
    """Gives the server a certificate."""
    data = Path(server.directory) / "postgres" / "data"

    def give(certificate, key):
        owner = data.stat()
        for source, name in ((certificate, "server.crt"), (key, "server.key")):
            shutil.copy(source, data / name)
            os.chmod(data / name, 0o600)
            os.chown(data / name, owner.st_uid, owner.st_gid)
        log.on_server("ALTER SYSTEM SET ssl = on")
        log.on_server("SELECT pg_reload_conf()")
        eventually(lambda: log.one("SHOW ssl") == "on", 10, "the server speaks TLS")
    return give


def doctor(log, parameters, cwd):
    return waybill("doctor", "--log", log.url + parameters, "--broker", url_of("rabbitmq"), "--data", cwd / "data", cwd=cwd)


def test_a_mail_goes_over_verified_tls(make_daemon, log, names, encrypt, tmp_path):
    authority = Authority(tmp_path, "authority")
    encrypt(*authority.certificate("127.0.0.1"))
    url = f"{log.url}?sslmode=verify-full&sslrootcert={authority.file}"
    config = {"message_log.url": url, "broker.url": url_of("rabbitmq"), **names}
    with make_daemon(config=config) as daemon:
        one = daemon.client().accepted()
        eventually(lambda: daemon.client().status(one) == CONSUMED, 10, "it is consumed")
        plain = log.one("SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
                        "WHERE application_name = 'waybill' AND datname = current_database() AND NOT ssl")
        assert plain == 0, "all its connections are encrypted"
        assert daemon.stop() == 0


def test_a_certificate_that_is_not_believed_is_refused(log, encrypt, tmp_path):
    for folder in ("theirs", "ours"):
        (tmp_path / folder).mkdir()
    encrypt(*Authority(tmp_path / "theirs", "theirs").certificate("127.0.0.1"))
    ours = Authority(tmp_path / "ours", "ours").file
    told = doctor(log, f"?sslmode=verify-full&sslrootcert={ours}", tmp_path)
    assert told.returncode == 1
    assert "no secure connection to PostgreSQL" in told.stdout and "certificate verify failed" in told.stdout


def test_a_certificate_of_another_host_is_refused(log, encrypt, tmp_path):
    authority = Authority(tmp_path, "authority")
    encrypt(*authority.certificate("db.example.org"))
    root = f"&sslrootcert={authority.file}"
    told = doctor(log, "?sslmode=verify-full" + root, tmp_path)
    assert told.returncode == 1 and "db.example.org" in told.stdout, told.stdout
    assert "no secure connection" not in doctor(log, "?sslmode=verify-ca" + root, tmp_path).stdout
