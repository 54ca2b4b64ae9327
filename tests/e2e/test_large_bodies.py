"""Large bodies with the embedded log and broker: they stay in the log until a handler is free for them."""

import sqlite3
from contextlib import closing

import pytest

from harness.client import Client
from harness.large_mail import MIB, LargeMail
from harness.waiting import eventually

LARGEST = 25 * MIB - 1
DEAD = 5
PATIENT = {"http.answer_deadline": "60s"}


@pytest.mark.parametrize("point", ["after_append_commit", "after_claim_commit", "before_finish_commit"])
def test_the_largest_mail_survives_a_kill_on_its_way(make_daemon, point):
    daemon = make_daemon(config=PATIENT, environment={"WAYBILL_FAULT": f"{point}:2"})
    daemon.start()
    daemon.wait_ready()
    first, second = LargeMail(MIB), LargeMail(LARGEST)
    first.post(Client(daemon.url, 60))
    try:
        second.post(Client(daemon.url, 60))
    except Exception:  # whatever a client sees of a server that dies before it answers
        assert point == "after_append_commit"
    daemon.wait()
    daemon.environment = {}
    daemon.start()
    daemon.wait_ready()
    client = Client(daemon.url, 60)
    first.wait_until_delivered(client)
    if second.message_id is None:
        listed = client.get("/v1/messages").json()["messages"]
        second.message_id = next(one["id"] for one in listed if one["body_bytes"] > LARGEST)
    second.wait_until_delivered(client)


def test_a_body_that_is_not_what_was_accepted_is_not_delivered(make_daemon):
    daemon = make_daemon(config={**PATIENT, "instance.roles": "api"})
    daemon.start()
    daemon.wait_ready()
    mail = LargeMail(MIB)
    mail.post(Client(daemon.url, 60))
    assert daemon.stop() == 0
    with closing(sqlite3.connect(daemon.database)) as database, database:
        changed = database.execute("UPDATE msg_body SET content = replace(content, 'a.bin', 'b.bin')")
        assert changed.rowcount == 1
    daemon.config["instance.roles"] = "api,relay,worker"
    daemon.start()
    daemon.wait_ready()
    client = daemon.client()
    eventually(lambda: client.status(mail.message_id) == DEAD, 20, "the message is kept for a person")
    assert "not the one that was accepted" in client.message(mail.message_id)["last_error"]


def test_other_programs_read_and_write_large_texts(make_daemon):
    with make_daemon(config=PATIENT) as daemon:
        client = Client(daemon.url, 60)
        mail = LargeMail(MIB)
        mail.post(client)
        mail.wait_until_delivered(client)
        with closing(sqlite3.connect(daemon.database, timeout=30)) as database, database:
            database.execute("PRAGMA wal_autocheckpoint=0")
            text, = database.execute("SELECT msg FROM msg_log_whole WHERE msg_id = ?", (mail.message_id,)).fetchone()
            assert text == client.get(f"/v1/messages/{mail.message_id}", params={"body": 1}).json()["body"]
            database.execute("INSERT INTO msg_log (msg_id, msg, exchange, routing_key) "
                             "VALUES ('copy', ?, 'mail.exchange', 'mail.routing.key')", (text,))
        copy = LargeMail(0)
        copy.content, copy.message_id = mail.content, "copy"
        copy.wait_until_delivered(client)
        with closing(sqlite3.connect(daemon.database, timeout=30)) as database, database:
            database.execute("PRAGMA wal_autocheckpoint=0")
            assert database.execute("SELECT msg = (SELECT msg FROM msg_log_whole WHERE msg_id = ?) FROM msg_log_whole "
                                    "WHERE msg_id = 'copy'", (mail.message_id,)).fetchone() == (1,)
            database.execute("DELETE FROM msg_log WHERE msg_id = 'copy'")
            assert database.execute("SELECT count(*) FROM msg_body").fetchone() == (1,)
