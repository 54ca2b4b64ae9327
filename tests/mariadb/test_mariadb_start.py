"""What a start asks of the server, and what operators are told to do: the commands are those of docs/operations.md."""

import re
import subprocess
import uuid
from contextlib import closing

import pymysql
import pytest

from harness.client import SAMPLE
from harness.mariadb_log import connect_to
from harness.program import PROGRAM, ROOT, clean_environment
from harness.waiting import eventually

pytestmark = pytest.mark.services("mariadb", "rabbitmq")


def waybill(*arguments, cwd):
    return subprocess.run([str(PROGRAM), *arguments], cwd=cwd, env=clean_environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)


def commands_of_the_manual(user):
    """The GRANTs of the section on MariaDB for this user."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition("## MariaDB")[2].partition("\n## ")[0]
    grants = re.findall(r"GRANT [^;]*;", section)
    return [" ".join(one.split()) for one in grants if one.endswith(f"TO {user};")]


@pytest.fixture
def user(log):
    """Makes a user with exactly the rights that the manual gives; returns the URL that it uses."""
    made = []

    def make(purpose):
        name = f"{purpose[:8]}_{uuid.uuid4().hex[:12]}"
        made.append(name)
        log.execute(f"CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY 'secret'")
        grants = commands_of_the_manual(purpose)
        assert grants
        for grant in grants:
            log.execute(grant.replace("`waybill`", f"`{log.name}`").replace(f"TO {purpose};", f"TO '{name}'@'127.0.0.1'"))
        return re.sub("//[^@]*@", f"//{name}:secret@", log.url)

    yield make
    for name in made:
        log.execute(f"DROP USER '{name}'@'127.0.0.1'")


def test_the_least_rights_are_enough(make_daemon, shared, log, user, tmp_path):
    assert waybill("migrate", "up", "--log", log.url, cwd=tmp_path).returncode == 0
    with make_daemon(config={**shared, "message_log.url": user("instance")}) as daemon:
        client = daemon.client()
        with closing(connect_to(user("producer"))) as producer:
            with producer.cursor() as cursor:
                log.insert(cursor, "of-a-producer", '{"subject":"a","content":"b","tos":["a@example.org"]}')
                cursor.execute("INSERT INTO msg_log (msg_id, status) VALUES ('done-already', 3)")
            producer.commit()
            with pytest.raises(pymysql.OperationalError), producer.cursor() as cursor:
                cursor.execute("DELETE FROM msg_log")
        mine = client.accepted()
        eventually(lambda: {client.status(mine), client.status("of-a-producer")} == {3}, 10, "both are consumed")
        assert client.get("/v1/stats").json()["states"]["consumed"] == 3
        assert client.post("/v1/prune", json={"older_than": "1d"}).status_code == 200
        assert daemon.stop() == 0
    assert "denied" not in daemon.stderr


def test_status_tells_what_is_missing_and_up_brings_it(log, tmp_path):
    before = waybill("migrate", "status", "--log", log.url, cwd=tmp_path)
    assert (before.returncode, before.stdout.split()[:2]) == (1, ["missing", "1"])
    for _ in range(2):
        up = waybill("migrate", "up", "--log", log.url, cwd=tmp_path)
        assert up.returncode == 0, up.stderr
    after = waybill("migrate", "status", "--log", log.url, cwd=tmp_path)
    assert after.returncode == 0 and "missing" not in after.stdout


def test_bad_starts_are_told_in_one_sentence(make_daemon, shared, log):
    def refusal(**config):
        daemon = make_daemon("bad", config={**shared, **{key.replace("__", "."): value for key, value in config.items()}})
        daemon.start()
        assert daemon.wait() != 0
        lines = [line for line in daemon.stderr.splitlines() if line.startswith("waybill: ")]
        assert len(lines) == 1, daemon.stderr
        return lines[0]

    assert "check user and password" in refusal(message_log__password="wrong")
    assert "CREATE DATABASE" in refusal(message_log__url=log.url + "_not")
    assert "in-process broker" in refusal(broker__url="inprocess")
    assert "sslmode" in refusal(message_log__url=log.url + "?sslmode=require")
    assert "no secure connection" in refusal(message_log__url=log.url + "?tls=required")


def test_the_doctor_looks_at_the_server(make_daemon, shared, log, tmp_path):
    with make_daemon(config=shared):
        seen = waybill("doctor", "--log", log.url, "--roles", "api", cwd=tmp_path)
    assert "innodb_flush_log_at_trx_commit=1" in seen.stdout and "MariaDB" in seen.stdout, seen.stdout + seen.stderr
    assert log.name in seen.stdout and ":waybill@" not in seen.stdout


def test_the_password_may_come_from_a_file_and_is_never_shown(make_daemon, shared, log, tmp_path):
    password = re.search(":([^:@]*)@", log.url).group(1)
    (tmp_path / "password").write_text(password + "\n", encoding="utf-8")
    bare = log.url.replace(f":{password}@", "@")
    config = {**shared, "message_log.url": bare, "message_log.password_file": str(tmp_path / "password")}
    with make_daemon(config=config) as daemon:
        one = daemon.client().send(**SAMPLE).json()["data"]["msgId"]
        eventually(lambda: daemon.client().status(one) == 3, 10, "it is consumed")
    shown = waybill("config", "show", "--log", log.url, "--roles", "api", cwd=tmp_path)
    assert shown.returncode == 0 and log.name in shown.stdout
    assert f":{password}@" not in shown.stdout
