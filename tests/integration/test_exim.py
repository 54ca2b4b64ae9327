"""The SMTP transport before Exim, whose SMTP has nothing in common with Postfix's."""

import email
import email.policy

import pytest

from harness.certificates import Authority
from harness.exim import exim
from harness.smtp_tool import MAIL, send
from harness.waiting import eventually

pytestmark = pytest.mark.slow  # its package is fetched


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def server(authority):
    certificate, key = authority.certificate("localhost")
    with exim(key, certificate) as running:
        yield running


@pytest.fixture
def url(server):
    return f"smtp://localhost:{server.port}?tls=required"


def test_a_mail_arrives_as_it_was_through_starttls_and_pipelined(server, url, authority):
    kind, told = send(url, "ok@example.test", mail=MAIL.format(id="whole"), options=["--ca", authority.file])
    assert kind == "done" and "250 OK id=" in told, told
    parsed = email.message_from_bytes(server.await_mail("whole@example.test"), policy=email.policy.default)
    assert parsed["subject"] == "邮件"
    assert parsed.get_payload().splitlines() == [".dots", "..", "end"]
    line = eventually(lambda: next((line for line in server.log().splitlines() if "id=whole@example.test" in line), None), 5,
                      "the server tells of the mail")
    assert " P=esmtps L" in line and " P=esmtps L-" not in line, "it was pipelined"
    assert " X=TLS1." in line


def test_each_recipient_has_its_outcome(server, url, authority):
    kind, told = send(url, "bad1@example.test", "ok@example.test", "tmp1@example.test", mail=MAIL.format(id="mixed"),
                      options=["--ca", authority.file])
    assert kind == "retry" and "tmp1@example.test: 451" in told, told
    assert b"Envelope-to: ok@example.test\n" in server.await_mail("mixed@example.test")
    kind, told = send(url, "bad1@example.test", "bad2@example.test", options=["--ca", authority.file])
    assert kind == "fail" and "550" in told


@pytest.mark.parametrize("sender, kind, code", [("eod4@example.test", "retry", "451"), ("eod5@example.test", "fail", "550")])
def test_a_refused_content_is_the_mails_fault(url, authority, sender, kind, code):
    found, told = send(url, "ok@example.test", sender=sender, options=["--ca", authority.file])
    assert found == kind and code in told


def test_a_certificate_must_be_trusted_and_of_the_host(url, authority):
    kind, told = send(url, "ok@example.test")
    assert kind == "retry" and "no trusted TLS with the relay localhost" in told
    kind, told = send(url.replace("localhost", "127.0.0.1"), "ok@example.test", options=["--ca", authority.file])
    assert kind == "retry" and "no trusted TLS with the relay 127.0.0.1" in told


def test_a_hundred_mails_on_one_connection(server, url, authority):
    done, _ = send(url, "ok@example.test", options=["--ca", authority.file, "--repeat", 100])
    assert int(done) == 100
    eventually(lambda: len(server.mails()) >= 100, 30, "all are delivered")
