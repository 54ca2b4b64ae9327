"""The SMTP transport before servers that nobody here wrote."""

import email
import email.policy

import pytest

from harness.certificates import Authority
from harness.postfix import postfix, smtp_sink
from harness.smtp_tool import MAIL, send
from harness.waiting import eventually

@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def server(authority):
    certificate, key = authority.certificate("localhost")
    with postfix(key, certificate) as running:
        yield running


@pytest.fixture
def url(server):
    return f"smtp://localhost:{server.port}"


def delivered(server, message_id):
    """The mails with this id, once there are some."""
    for count in range(1, 1000):
        found = [mail for mail in server.await_mails(count) if f"<{message_id}@example.test>".encode() in mail]
        if found:
            return found
    raise AssertionError(f"{message_id} never arrived")


def test_a_mail_arrives_as_it_was(server, url):
    kind, told = send(url, "ok@example.test", mail=MAIL.format(id="whole"))
    assert kind == "done" and f"localhost:{server.port}: 250 2.0.0 Ok: queued as" in told
    (mail,) = delivered(server, "whole")
    parsed = email.message_from_bytes(mail, policy=email.policy.default)
    assert parsed["subject"] == "邮件"
    assert parsed.get_payload().splitlines() == [".dots", "..", "end"]


def test_each_recipient_has_its_outcome(server, url):
    kind, told = send(url, "bad1@example.test", "ok@example.test", "tmp1@example.test", mail=MAIL.format(id="mixed"))
    assert kind == "retry" and "tmp1@example.test: 450 4.2.1" in told and "mailbox busy" in told
    (mail,) = delivered(server, "mixed")
    assert b"X-Original-To: ok@example.test" in mail
    kind, told = send(url, "bad1@example.test", "bad2@example.test")
    assert kind == "fail" and "550 5.1.1" in told
    assert send(url, "x@elsewhere.test")[0] == "fail", "it relays for nobody"


@pytest.mark.parametrize("sender, kind, code", [("eod4@example.test", "retry", "450 4.7.1"), ("eod5@example.test", "fail", "550 5.7.1")])
def test_a_refused_content_is_the_mails_fault(url, sender, kind, code):
    found, told = send(url, "ok@example.test", sender=sender)
    assert found == kind and code in told


def test_recipients_beyond_the_servers_limit_go_in_further_transactions(server, url):
    to = [f"user{number}@example.test" for number in range(130)]
    assert send(url, *to, mail=MAIL.format(id="many"))[0] == "done"
    server.await_mails(len(to))
    assert len(delivered(server, "many")) <= len(to)


def test_starttls_and_implicit_tls(server, authority):
    for url in (f"smtp://localhost:{server.port}?tls=required", f"smtps://localhost:{server.tls_port}"):
        before = server.log().count("TLS connection established")
        kind, told = send(url, "ok@example.test", options=["--ca", authority.file])
        assert kind == "done", told
        eventually(lambda before=before: server.log().count("TLS connection established") > before, 5, "the server tells of TLS")


def test_a_large_mail_arrives_whole_through_tls(server, authority):
    lines = [f".{number:07}" + "x" * 60 for number in range(80_000)]
    mail = MAIL.format(id="large") + "\r\n".join(lines) + "\r\n"
    kind, told = send(f"smtps://localhost:{server.tls_port}", "ok@example.test", mail=mail, options=["--ca", authority.file])
    assert kind == "done", told
    (arrived,) = delivered(server, "large")
    assert arrived.decode().splitlines()[-len(lines):] == lines
    kind, told = send(f"smtp://localhost:{server.port}", "ok@example.test", mail=mail * 2)
    assert kind == "fail" and "the relay takes at most 10240000" in told


def test_a_certificate_must_be_trusted_and_of_the_host(server, authority):
    for url in (f"smtp://localhost:{server.port}?tls=required", f"smtps://localhost:{server.tls_port}"):
        kind, told = send(url, "ok@example.test")
        assert kind == "retry" and "no trusted TLS with the relay localhost" in told
        kind, told = send(url.replace("localhost", "127.0.0.1"), "ok@example.test", options=["--ca", authority.file])
        assert kind == "retry" and "no trusted TLS with the relay 127.0.0.1" in told
        assert "127.0.0.1" in told.partition(": ")[2], "libcurl's reason names the host"


def test_smtp_sink_takes_all():
    with smtp_sink("-c") as port:
        assert send(f"smtp://127.0.0.1:{port}", "a@x.test", "b@x.test")[0] == "done"


@pytest.mark.parametrize("options, kind", [
    (["-p"], "done"), (["-e"], "done"), (["-q", "."], "unknown"), (["-Q", "MAIL"], "retry"), (["-r", "RCPT"], "retry"),
    (["-f", "DATA"], "fail"), (["-f", "."], "fail"), (["-r", "."], "retry"), (["-q", "DATA"], "retry"), (["-f", "CONNECT"], "retry"),
])
def test_smtp_sinks_faults(options, kind):
    with smtp_sink(*options) as port:
        found, told = send(f"smtp://127.0.0.1:{port}", "a@x.test")
        assert found == kind, told


def test_an_answer_that_comes_too_late_is_unknown():
    with smtp_sink("-W", ".:3") as port:
        kind, told = send(f"smtp://127.0.0.1:{port}", "a@x.test", options=["--timeout", 500])
        assert kind == "unknown" and "no answer to the final dot" in told


def test_connections_are_shared_and_kept():
    with smtp_sink("-c") as port:
        done, _ = send(f"smtp://127.0.0.1:{port}", "a@x.test", options=["--repeat", 2000, "--threads", 8])
        assert int(done) == 2000
