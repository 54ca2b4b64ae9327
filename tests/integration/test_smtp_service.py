"""`waybill serve` whose mails leave by SMTP, before servers that nobody here wrote."""

import json
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.certificates import Authority
from harness.postfix import free_port, postfix, smtp_sink
from harness.program import waybill
from harness.waiting import eventually

SENDER = {"mail.from": "a@example.test", "mail.allowed_from": "@example.test"}
QUICK = {"worker.retry": "list 50 200"}
WAIT_S = 30


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture
def server(authority):
    certificate, key = authority.certificate("localhost")
    with postfix(key, certificate) as running:
        yield running


@pytest.fixture
def serving(make_daemon):
    """A daemon whose mails go to these relays."""
    @contextmanager
    def serve(*relays, **more):
        config = {"mail.smtp.relays": ",".join(relays), **SENDER, **QUICK,
                  **{key.replace("__", "."): value for key, value in more.items()}}
        with make_daemon(config=config) as daemon:
            yield daemon.client()
    return serve


def delivered(client, message_id, within_s=WAIT_S):
    """The message, once it is consumed."""
    return eventually(lambda: (found := client.message(message_id))["status"]["name"] == "consumed" and found, within_s,
                      "the mail is delivered")


def failed_once(client, message_id):
    """The message, once an attempt has failed."""
    return eventually(lambda: (found := client.message(message_id))["last_error"] and found, WAIT_S, "an attempt fails")


def relay_figures(client, name):
    """The samples of one metric, by their labels' values."""
    for family in text_string_to_metric_families(client.get("/metrics").text):
        if family.name == name.removesuffix("_total"):
            return {tuple(sample.labels.values()): sample.value for sample in family.samples}
    return {}


def test_each_recipient_of_a_mail_is_served_once(server, serving):
    with serving(f"smtp://localhost:{server.port}") as client:
        message_id = client.accepted(subject="mixed", tos="ok@example.test,bad1@example.test,tmp1@example.test")
        error = failed_once(client, message_id)["last_error"]
        assert "tmp1@example.test: 450 4.2.1" in error and f"localhost:{server.port}" in error
        (mail,) = server.await_mails(1)
        assert b"X-Original-To: ok@example.test" in mail and f"<{message_id}".encode() in mail
        server.busy_no_more()
        done = delivered(client, message_id)
        assert "refused for 1 of 3 recipients: bad1@example.test: 550 5.1.1" in done["result"]
        assert done["unknown_count"] == done["lapse_count"] == 0
        mails = server.await_mails(2)
        assert sorted(line for mail in mails for line in mail.splitlines() if line.startswith(b"X-Original-To")) == [
            b"X-Original-To: ok@example.test", b"X-Original-To: tmp1@example.test"]
        outcomes = {labels[0]: count for labels, count in relay_figures(client, "waybill_smtp_recipients_total").items()}
        assert outcomes["delivered"] == 2 and outcomes["refused"] == 1 and outcomes["tried_again"] >= 1


def recipients(message):
    """Of each: what became of it, and the code that said so."""
    return {one["address"]: (one["status"], one["code"]) for one in message["recipients"]}


def served(server):
    """Who got a mail, once for each mail."""
    return sorted(line.partition(b": ")[2].decode() for mail in server.mails() for line in mail.splitlines()
                  if line.startswith(b"X-Original-To"))


def test_who_has_a_mail_is_known_after_a_kill(server, make_daemon):
    config = {"mail.smtp.relays": f"smtp://localhost:{server.port}", **SENDER, "worker.retry": "list 50 2000"}
    with make_daemon(config=config) as daemon:
        message_id = daemon.client().accepted(tos="ok@example.test,bad1@example.test,tmp1@example.test")
        message = failed_once(daemon.client(), message_id)
        assert recipients(message) == {"ok@example.test": ("delivered", 250), "bad1@example.test": ("refused", 550),
                                       "tmp1@example.test": ("deferred", 450)}
        (refused,) = [one for one in message["recipients"] if one["status"] == "refused"]
        assert refused["relay"] == f"localhost:{server.port}" and refused["enhanced_code"] == "5.1.1"
        assert "no such user" in refused["reply"]
        daemon.kill()
        server.busy_no_more()
        daemon.start()
        daemon.wait_ready()
        message = delivered(daemon.client(), message_id)
        assert recipients(message)["tmp1@example.test"] == ("delivered", 250)
        assert message["lapse_count"] == message["unknown_count"] == 0
        server.await_mails(2)
        assert served(server) == ["ok@example.test", "tmp1@example.test"]
        shown = waybill("show", message_id, "--server", daemon.url, cwd=daemon.directory).stdout
        assert "recipients: 2 delivered, 1 refused" in shown and "550 5.1.1" in shown


def test_a_retry_by_an_operator_goes_to_those_that_have_refused(server, serving):
    with serving(f"smtp://localhost:{server.port}", mail__smtp__mails_per_connection=1) as client:
        dead = client.accepted(tos="bad1@example.test")
        eventually(lambda: client.message(dead)["status"]["name"] == "dead", WAIT_S, "it is dead")
        part = client.accepted(tos="ok@example.test,bad2@example.test")
        assert recipients(delivered(client, part))["bad2@example.test"] == ("refused", 550)
        server.refuses_no_more()
        for message_id, body in ((dead, {}), (part, {"again": True})):
            assert client.post(f"/v1/messages/{message_id}/retry", json=body).status_code == 200
        for message_id in (dead, part):
            message = delivered(client, message_id)
            assert set(recipients(message).values()) == {("delivered", 250)}
        server.await_mails(3)
        assert served(server) == ["bad1@example.test", "bad2@example.test", "ok@example.test"]


def test_a_mail_that_all_refuse_is_dead_at_once(server, serving):
    with serving(f"smtp://localhost:{server.port}") as client:
        message_id = client.accepted(tos="bad1@example.test")
        eventually(lambda: client.message(message_id)["status"]["name"] == "dead", WAIT_S, "it is dead")
        message = client.message(message_id)
        assert message["attempt"] == 1 and "550 5.1.1" in message["last_error"]


def test_a_dead_relay_uses_up_no_tries_and_mail_goes_on_when_it_is_back(serving):
    port = free_port()
    with serving(f"smtp://127.0.0.1:{port}", worker__retry="fixed 1 0") as client:
        message_id = client.accepted()
        message = eventually(lambda: (found := client.message(message_id))["attempt"] >= 2 and found["last_error"] and found,
                             WAIT_S, "it is tried twice")
        assert message["try_count"] == 0 and f"127.0.0.1:{port}" in message["last_error"]
        assert set(relay_figures(client, "waybill_smtp_relay_open").values()) == {0}
        with smtp_sink("-c", port=port):
            assert delivered(client, message_id)["try_count"] == 0
            assert set(relay_figures(client, "waybill_smtp_relay_open").values()) == {1}


def test_a_second_relay_takes_over(serving):
    with smtp_sink("-c") as port, serving(f"smtp://127.0.0.1:{free_port()}", f"smtp://127.0.0.1:{port}?weight=0") as client:
        for number in range(5):
            done = delivered(client, client.accepted(subject=f"mail {number}"))
            assert (done["attempt"], done["result"].startswith(f"127.0.0.1:{port}: 250")) == (1, True)


def test_a_login_that_cannot_be_made_closes_the_relay_and_not_the_mail(serving):
    with smtp_sink("-c") as port, smtp_sink("-c") as other:
        with serving(f"smtp://me:hush@127.0.0.1:{port}", worker__retry="fixed 1 0") as client:
            message = failed_once(client, client.accepted())
            assert message["try_count"] == 0 and message["status"]["name"] != "dead"
            assert "refuses the login of 'me'" in message["last_error"]
            assert "hush" not in json.dumps(message)
            assert relay_figures(client, "waybill_smtp_relay_failures_total")["login", f"127.0.0.1:{port}"] == 1
        with serving(f"smtp://me:hush@127.0.0.1:{port}", f"smtp://127.0.0.1:{other}") as client:
            assert delivered(client, client.accepted())["result"].startswith(f"127.0.0.1:{other}: 250")


def test_starttls_and_tls_from_the_start(server, serving, authority):
    for url in (f"smtp://localhost:{server.port}?tls=required", f"smtps://localhost:{server.tls_port}"):
        before = server.log().count("TLS connection established")
        with serving(url, mail__smtp__tls_ca=authority.file) as client:
            for _ in range(3):
                delivered(client, client.accepted(tos="ok@example.test"))
        eventually(lambda before=before: server.log().count("TLS connection established") > before, 5, "the server tells of TLS")
        assert server.log().count("TLS connection established") == before + 1, "one connection carries all"


def test_a_certificate_of_another_host_or_authority_is_refused(server, serving, authority):
    cases = [(f"smtps://127.0.0.1:{server.tls_port}", {"mail__smtp__tls_ca": authority.file}, "127.0.0.1"),
             (f"smtp://localhost:{server.port}?tls=required", {}, "certificate")]
    for url, more, part in cases:
        with serving(url, worker__retry="fixed 1 0", **more) as client:
            message = failed_once(client, client.accepted(tos="ok@example.test"))
            assert "no trusted TLS with the relay" in message["last_error"]
            assert part in message["last_error"].partition("no trusted TLS with the relay")[2].partition(": ")[2]
            assert message["try_count"] == 0
    assert not server.mails()


def test_opportunistic_tls_is_used_with_whomever(server, serving):
    with serving(f"smtp://localhost:{server.port}?tls=opportunistic") as client:
        delivered(client, client.accepted(tos="ok@example.test"))
    assert "TLS connection established" in server.log()


def test_notifications_are_asked_for(server, serving):
    with serving(f"smtp://localhost:{server.port}", mail__smtp__dsn="never") as client:
        delivered(client, client.accepted(tos="ok@example.test"))


def doctor(directory, *settings):
    words = [word for setting in settings for word in ("--set", setting)]
    return waybill("doctor", "--data", directory / "data", *words, cwd=directory)


def test_the_doctor_tries_each_relay(server, authority, tmp_path):
    senders = [f"{key}={value}" for key, value in SENDER.items()]
    tls = f"mail.smtp.tls_ca={authority.file}"
    good = f"smtps://localhost:{server.tls_port}"
    ended = doctor(tmp_path, f"mail.smtp.relays={good}", tls, "worker.retry=standard", *senders)
    assert ended.returncode == 0, ended.stdout
    assert f"the relay localhost:{server.tls_port} can be used: TLS with a trusted certificate" in ended.stdout
    assert "warning" not in ended.stdout

    gone = free_port()
    ended = doctor(tmp_path, f"mail.smtp.relays={good},smtp://127.0.0.1:{gone},smtp://me:hush@localhost:{server.port}", *senders)
    assert ended.returncode == 1
    problems = [line for line in ended.stdout.splitlines() if line.startswith("problem")]
    assert len(problems) == 3 and all("→" in line for line in problems), ended.stdout
    assert "no trusted TLS" in problems[0] and f"127.0.0.1:{gone} cannot be used" in problems[1]
    assert "offers no login" in problems[2] and "hush" not in ended.stdout
    assert any(line.startswith("warning") and 'worker.retry = "standard"' in line for line in ended.stdout.splitlines())


def test_without_allowed_senders_nothing_is_served(tmp_path):
    ended = waybill("serve", "--data", tmp_path / "data", "--smtp", "smtp://127.0.0.1:25", cwd=tmp_path)
    assert ended.returncode == 2 and "mail.allowed_from is empty" in ended.stderr
    ended = waybill("config", "check", "--smtp", "smtp://me:hush@mx.example.test?tls=none", cwd=tmp_path)
    assert ended.returncode == 2 and "login without TLS" in ended.stderr and "hush" not in ended.stderr
