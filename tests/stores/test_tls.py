"""TLS to the shared stores: whose certificate is believed, and what is said if it is not."""

import pytest

from harness.certificates import Authority
from harness.program import waybill
from harness.services import url_of
from harness.shared_stores import SERVERS
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq")

CONSUMED = 3
VERIFY = {"postgres": "?sslmode=verify-full&sslrootcert=", "mariadb": "?tls=verify&tls_ca="}
ENCRYPT = {"postgres": "?sslmode=require", "mariadb": "?tls=required"}
INSECURE = {"postgres": "no secure connection to PostgreSQL: ", "mariadb": "no secure connection to MariaDB: "}


@pytest.fixture(scope="module")
def server(kind):
    made = SERVERS[kind]()
    yield made
    made.end()


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "authority")


@pytest.fixture
def doctor(server, tmp_path):
    """What the doctor says of the log with these parameters in its URL."""
    def ask(parameters):
        told = waybill("doctor", "--log", server.database.url + parameters, "--broker", url_of("rabbitmq"),
                       "--data", tmp_path / "data", cwd=tmp_path)
        return told.stdout.splitlines()[0]
    return ask


def test_a_server_without_tls_is_told(server, doctor, authority):
    for parameters in (ENCRYPT[server.kind], VERIFY[server.kind] + str(authority.file)):
        said = doctor(parameters)
        assert said.startswith("problem") and INSECURE[server.kind] in said and "does not support" in said, said


def test_a_mail_goes_over_verified_tls(serve_over, server, authority):
    server.encrypt(*authority.certificate("127.0.0.1"))
    url = server.database.url + VERIFY[server.kind] + str(authority.file)
    with serve_over(server.database, config={"message_log.url": url}) as daemon:
        one = daemon.client().accepted()
        eventually(lambda: daemon.client().status(one) == CONSUMED, 10, "it is consumed")
        assert daemon.stop() == 0


def test_a_connection_in_the_clear_is_not_made_to_a_server_that_wants_none(server, doctor, authority):
    server.encrypt(*authority.certificate("127.0.0.1"))
    plain = {"postgres": "?sslmode=disable", "mariadb": "?tls=off"}[server.kind]
    assert doctor(plain).startswith("problem"), "what the test above shows rests on this"


def test_a_certificate_of_another_authority_is_refused(server, doctor, authority, tmp_path):
    (tmp_path / "theirs").mkdir()
    server.encrypt(*Authority(tmp_path / "theirs", "theirs").certificate("127.0.0.1"))
    said = doctor(VERIFY[server.kind] + str(authority.file))
    assert said.startswith("problem") and INSECURE[server.kind] in said, said
    assert {"postgres": "certificate verify failed", "mariadb": str(authority.file)}[server.kind] in said, said


def test_a_certificate_of_another_host_is_refused(server, doctor, authority):
    server.encrypt(*authority.certificate("db.example.org"))
    said = doctor(VERIFY[server.kind] + str(authority.file))
    assert said.startswith("problem") and INSECURE[server.kind] in said and "127.0.0.1" in said, said
    assert "no secure connection" not in doctor(ENCRYPT[server.kind]), "there only the wire is to be secret"


def test_an_authority_that_is_not_there_is_named(server, doctor, authority, tmp_path):
    server.encrypt(*authority.certificate("127.0.0.1"))
    said = doctor(VERIFY[server.kind] + str(tmp_path / "nothing.pem"))
    assert said.startswith("problem") and INSECURE[server.kind] in said, said
    assert str(tmp_path / "nothing.pem") in said and "CREATE" not in said, said
