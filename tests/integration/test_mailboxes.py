"""Mails as Waybill writes and sends them, from where their readers find them: Postfix takes them, Dovecot keeps them, and
Python's imaplib and email read them. And logging in, where Postfix asks Dovecot who may."""

import base64
import json
from urllib.parse import quote

import pytest

from harness.certificates import Authority
from harness.dovecot import PASSWORD, dovecot
from harness.postfix import postfix
from harness.program import waybill
from harness.smtp_tool import MAIL, send
from harness.waiting import eventually

PNG = bytes(range(256)) * 40
RAW = b"\r\n.\r\n\n\r\0" * 9_000
SECRET = quote(PASSWORD, safe="")
FULL = {
    "from": {"address": "sender@example.test", "name": "张伟"},
    "to": [{"address": "wang@example.test", "name": "王芳"}, {"address": "joerg@example.test", "name": "Jörg, der \"Chef\""}],
    "bcc": ["hidden@example.test"],
    "subject": "您好，这是一封主题很长的邮件：附件、内嵌图片与中文姓名都应当原样到达收件人的邮箱",
    "text": "您好！\n.\n..two\nFrom here\n" + "很长的一行" * 300 + "\n",
    "html": "<p>您好 <img src=\"cid:logo\"></p>",
    "attachments": [
        {"filename": "logo.png", "content_type": "image/png", "content_id": "logo", "content": base64.b64encode(PNG).decode()},
        {"filename": "合同 二〇二六.pdf", "content_type": "application/pdf", "content": base64.b64encode(RAW).decode()},
    ],
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def store():
    with dovecot() as running:
        yield running


@pytest.fixture(scope="module")
def server(authority, store):
    """Takes mails only from who has logged in."""
    certificate, key = authority.certificate("localhost")
    with postfix(key, certificate, **store.postfix_delivers_here(),
                 smtpd_recipient_restrictions="permit_sasl_authenticated, reject") as running:
        yield running


def ways_in(server, user="wang", secret=SECRET):
    """Both ports, with a login of each kind."""
    places = (f"smtp://{user}:{secret}@localhost:{server.port}?tls=required&auth=",
              f"smtps://{user}:{secret}@localhost:{server.tls_port}?auth=")
    return [place + auth for auth in ("plain", "login") for place in places]


def check_full(mail):
    """Is it what FULL means?"""
    assert not mail.defects
    assert mail["Subject"] == FULL["subject"]
    assert [(box.display_name, box.addr_spec) for box in mail["From"].addresses] == [("张伟", "sender@example.test")]
    assert [(box.display_name, box.addr_spec) for box in mail["To"].addresses] == [
        (box["name"], box["address"]) for box in FULL["to"]]
    assert "hidden" not in str(mail["To"]) and mail["Bcc"] is None
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n") == FULL["text"]
    assert mail.get_body(("html",)).get_content().strip() == FULL["html"]
    image = next(part for part in mail.walk() if part.get_content_type() == "image/png")
    assert (image["Content-ID"], image.get_content_disposition()) == ("<logo>", "inline")
    assert image.get_content() == PNG
    (attached,) = [part for part in mail.iter_attachments() if part.get_content_type() == "application/pdf"]
    assert (attached.get_filename(), attached.get_content()) == ("合同 二〇二六.pdf", RAW)


def test_what_a_service_accepts_is_in_every_mailbox_as_it_was_meant(server, store, authority, make_daemon):
    for number, relay in enumerate(ways_in(server)):
        with make_daemon(f"daemon{number}", config={
                "mail.smtp.relays": relay, "mail.smtp.tls_ca": authority.file, "mail.from": "waybill@example.test",
                "mail.allowed_from": "@example.test"}) as daemon:
            client = daemon.client()
            answer = client.post("/v1/mails", json=FULL)
            assert answer.status_code == 200, answer.text
            message_id = answer.json()["id"]
            for user in ("wang", "joerg", "hidden"):
                check_full(store.await_mail(user, message_id))
            eventually(lambda: client.open_count() == 0, 20, "the log knows that it was delivered")
            message = client.message(message_id)
            assert (message["status"]["name"], message["attempt"], message["unknown_count"]) == ("consumed", 1, 0)
            assert SECRET not in json.dumps(message) and PASSWORD not in json.dumps(message)
            assert daemon.stop() == 0
        assert SECRET not in daemon.stderr and PASSWORD not in daemon.stderr


def test_each_kind_of_login_over_each_kind_of_tls(server, store, authority):
    for number, url in enumerate(ways_in(server, user="li")):
        kind, told = send(url, "zhang@example.test", mail=MAIL.format(id=f"login{number}"), options=["--ca", authority.file])
        assert kind == "done", told
        assert store.await_mail("zhang", f"login{number}@example.test")["Subject"] == "邮件"
    for method in ("PLAIN", "LOGIN"):
        eventually(lambda method=method: server.log().count(f"sasl_method={method}, sasl_username=li") == 2, 5,
                   f"the server tells of two logins by {method}")


def test_a_wrong_password_brings_nothing_and_is_said_to_be_one(server, authority):
    for url in ways_in(server, secret="wrong"):
        kind, told = send(url, "zhang@example.test", options=["--ca", authority.file])
        assert kind == "retry" and "refuses the login of 'wang'" in told and "535 5.7.8" in told
        assert "wrong" not in told, "the secret is told to nobody"


def test_without_a_login_every_recipient_is_refused(server, authority):
    kind, told = send(f"smtp://localhost:{server.port}", "zhang@example.test", options=["--ca", authority.file])
    assert kind == "fail" and "554 5.7.1" in told


def test_without_tls_there_is_no_login_and_no_secret_leaves(server):
    kind, told = send(f"smtp://wang:{SECRET}@localhost:{server.port}?tls=none", "zhang@example.test")
    assert kind == "retry" and "offers no login" in told


def test_the_service_logs_in_with_the_password_of_a_file(server, store, authority, make_daemon, tmp_path):
    secret = tmp_path / "secret"
    config = {"mail.smtp.relays": f"smtp://li@localhost:{server.port}?tls=required", "mail.smtp.password_file": secret,
              "mail.smtp.tls_ca": authority.file, "mail.from": "sender@example.test", "mail.allowed_from": "@example.test",
              "worker.retry": "fixed 1 0"}
    settings = [word for key, value in config.items() for word in ("--set", f"{key}={value}")]
    secret.write_text("wrong\n", encoding="utf-8")
    with make_daemon(config=config) as daemon:
        message_id = daemon.client().accepted(tos="zhang@example.test")
        message = eventually(lambda: (found := daemon.client().message(message_id))["last_error"] and found, 30, "an attempt fails")
        assert message["try_count"] == 0 and "refuses the login of 'li'" in message["last_error"]
        told = waybill("doctor", "--data", daemon.data, *settings, cwd=tmp_path)
        assert told.returncode == 1 and "535 5.7.8" in told.stdout and "mail.smtp.password_file" in told.stdout
        assert daemon.stop() == 0
        secret.write_text(PASSWORD + "\n", encoding="utf-8")
        told = waybill("doctor", "--data", daemon.data, *settings, cwd=tmp_path)
        assert f"the relay localhost:{server.port} can be used: STARTTLS with a trusted certificate, login as 'li'" in told.stdout
        daemon.start()
        daemon.wait_ready()
        assert store.await_mail("zhang", message_id)["From"].addresses[0].addr_spec == "sender@example.test"
        for output in (told.stdout, daemon.stderr, (tmp_path / "one" / "stderr").read_text(encoding="utf-8")):
            assert PASSWORD not in output
