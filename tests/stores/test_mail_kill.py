"""Postfix and Waybill are killed again and again while mails go from the one to the other: what Postfix delivered, and
how often it was given each mail, is read from its mailbox."""

import re
from collections import defaultdict

import pytest

from harness.certificates import Authority
from harness.load import Load
from harness.postfix import free_port, postfix
from harness.waiting import eventually

pytestmark = pytest.mark.services("rabbitmq", "mariadb")

KILLS = 6
CONNECTIONS = 16
CONSUMED = 3
MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@waybill\.", re.MULTILINE)
# Each time that a mail is given to Postfix it gets another one; a delivery that Postfix itself repeats does not.
QUEUE_ID = re.compile(rb"^\tby mx\.test \(Postfix\) with ESMTP id (\S+)", re.MULTILINE)


@pytest.fixture(scope="module")
def kind():
    """One will do: the store is not what is killed here."""
    return "mariadb"


@pytest.fixture
def relay(tmp_path):
    certificate, key = Authority(tmp_path, "authority").certificate("localhost")
    with postfix(key, certificate, virtual_mailbox_domains="example.org") as running:
        yield running


def given(mails):
    """The queue ids of each mail, by the mail's id."""
    found = defaultdict(set)
    for mail in mails:
        found[MESSAGE_ID.search(mail)[1].decode()].add(QUEUE_ID.search(mail)[1])
    return found


def kill_and_start(number, daemon, relay):
    """Postfix, Waybill, or both at once."""
    if number % 3 != 1:
        relay.kill()
    if number % 3 != 0:
        daemon.kill()
        daemon.start()
    if number % 3 != 1:
        relay.start()
    daemon.wait_ready()


def run_with_kills(count, daemon, relay):
    """At least so many mails are answered, and all that was accepted is delivered; gives the ids of those answered."""
    with daemon, Load(daemon.port, clients=8) as load:
        for number in range(KILLS):
            eventually(lambda number=number: relay.mail_count() >= count * number // KILLS and len(load.answered) > count // 10, 60,
                       "some mails are delivered")
            kill_and_start(number, daemon, relay)
            if len(load.answered) >= count:
                load.end()
        eventually(lambda: len(load.answered) >= count, 120, "enough mails are answered")
        load.end()
        client = daemon.client()
        eventually(lambda: client.open_count() == 0, 300, "nothing is left open", every_s=0.2)
        assert daemon.stop() == 0
    eventually(relay.queue_is_empty, 120, "Postfix has delivered what it took", every_s=0.2)
    return load.answered


@pytest.mark.mariadb
@pytest.mark.parametrize("count", [1_500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_no_mail_is_lost_and_each_repeat_is_explained_by_its_row(count, serve_over, database, relay):
    daemon = serve_over(database, config={
        "http.listen": f"127.0.0.1:{free_port()}", "worker.max_concurrency": CONNECTIONS, "worker.crash_limit": 0,
        "mail.smtp.relays": f"smtp://localhost:{relay.port}", "mail.smtp.max_connections": CONNECTIONS,
        "mail.allowed_from": "waybill@localhost"})
    answered = run_with_kills(count, daemon, relay)

    times = {mail: len(queue_ids) for mail, queue_ids in given(relay.mails()).items()}
    rows = {row[0]: row[1:] for row in database.rows("SELECT msg_id, status, lapse_count, unknown_count FROM msg_log")}
    assert not [one for one in answered if one not in times], "answered and never delivered"
    assert set(rows) == set(times), "a mail without a row, or a row without a mail"
    assert {status for status, _, _ in rows.values()} == {CONSUMED}
    unexplained = {one: (count, rows[one]) for one, count in times.items() if count - 1 > sum(rows[one][1:])}
    assert not unexplained, "given to Postfix more often than its row explains"
    print(f"{len(times)} mails, {sum(times.values()) - len(times)} repeats, "
          f"{sum(sum(row[1:]) for row in rows.values())} explained ones")
