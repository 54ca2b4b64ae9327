"""What a start asks of the server, and what operators are told to do: the commands are those of docs/operations.md."""

import json
import re

import pytest

from harness.client import SAMPLE
from harness.program import ROOT, waybill
from harness.waiting import eventually

pytestmark = pytest.mark.services("postgres", "mariadb", "rabbitmq")

CONSUMED = 3
REFUSALS = {
    "postgres": {"password": "password authentication failed", "database": "does not exist",
                 "parameter": ("?sslmod=x", "sslmod"), "tls": "?sslmode=require"},
    "mariadb": {"password": "check user and password", "database": "CREATE DATABASE",
                "parameter": ("?sslmode=require", "sslmode"), "tls": "?tls=required"},
}
# What the server is told to do at a commit.
DURABLE = {"postgres": "fsync, synchronous_commit=on", "mariadb": "innodb_flush_log_at_trx_commit=1"}


def user_of_the_manual(database, purpose):
    """With exactly the rights that the section on this server gives."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition(f"## {database.TITLE}")[2].partition("\n## ")[0]
    grants = re.findall(rf"(GRANT [^;]*) TO {purpose};", section)
    assert grants
    documented, own = (database.NAMED.format(name) for name in ("waybill", database.name))
    return database.create_user(*(" ".join(grant.split()).replace(documented, own) for grant in grants))


def test_the_least_rights_are_enough(serve_over, database, tmp_path):
    assert waybill("migrate", "up", "--log", database.url, cwd=tmp_path).returncode == 0
    producer = user_of_the_manual(database, "producer")
    with serve_over(user_of_the_manual(database, "instance")) as daemon:
        client = daemon.client()
        with producer.transaction() as cursor:
            database.insert(cursor, "of-a-producer", json.dumps(SAMPLE))
            cursor.execute("INSERT INTO msg_log (msg_id, status) VALUES ('done-already', 3)")
        with pytest.raises(producer.Denied):
            producer.execute("DELETE FROM msg_log")
        mine = client.accepted()
        eventually(lambda: {client.status(mine), client.status("of-a-producer")} == {CONSUMED}, 10, "both are consumed")
        assert client.get("/v1/stats").json()["states"]["consumed"] == 3
        assert client.post("/v1/prune", json={"older_than": "1d"}).status_code == 200
        assert daemon.stop() == 0
    assert "denied" not in daemon.stderr


def test_status_tells_what_is_missing_and_up_brings_it(database, tmp_path):
    before = waybill("migrate", "status", "--log", database.url, cwd=tmp_path)
    assert (before.returncode, before.stdout.split()[:2]) == (1, ["missing", "1"])
    for _ in range(2):
        up = waybill("migrate", "up", "--log", database.url, cwd=tmp_path)
        assert up.returncode == 0, up.stderr
    after = waybill("migrate", "status", "--log", database.url, cwd=tmp_path)
    assert after.returncode == 0 and "missing" not in after.stdout


def test_bad_starts_are_told_in_one_sentence(serve_over, database, kind):
    def refusal(**config):
        daemon = serve_over(database, "bad", config={key.replace("__", "."): value for key, value in config.items()})
        daemon.start()
        assert daemon.wait() != 0
        lines = [line for line in daemon.stderr.splitlines() if line.startswith("waybill: ")]
        assert len(lines) == 1, daemon.stderr
        return lines[0]

    expected = REFUSALS[kind]
    assert expected["password"] in refusal(message_log__password="wrong")
    assert expected["database"] in refusal(message_log__url=database.url + "_not")
    assert "in-process broker" in refusal(broker__url="inprocess")
    parameter, named = expected["parameter"]
    assert named in refusal(message_log__url=database.url + parameter)
    assert "no secure connection" in refusal(message_log__url=database.url + expected["tls"])


def test_the_doctor_looks_at_the_server(serve_over, database, tmp_path):
    with serve_over(database):
        seen = waybill("doctor", "--log", database.url, "--roles", "api", cwd=tmp_path)
    assert DURABLE[database.KIND] in seen.stdout and database.TITLE in seen.stdout, seen.stdout + seen.stderr
    assert database.name in seen.stdout and f":{database.password}@" not in seen.stdout


def test_the_password_may_come_from_a_file_and_is_never_shown(serve_over, database, tmp_path):
    (tmp_path / "password").write_text(database.password + "\n", encoding="utf-8")
    bare = database.url.replace(f":{database.password}@", "@")
    config = {"message_log.url": bare, "message_log.password_file": str(tmp_path / "password")}
    with serve_over(database, config=config) as daemon:
        one = daemon.client().accepted()
        eventually(lambda: daemon.client().status(one) == CONSUMED, 10, "it is consumed")
    shown = waybill("config", "show", "--log", database.url, "--roles", "api", cwd=tmp_path)
    assert shown.returncode == 0 and database.name in shown.stdout
    assert f":{database.password}@" not in shown.stdout
