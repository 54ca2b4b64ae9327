"""What a start asks of the server, and what operators are told to do: the commands are those of docs/operations.md."""

import re
import subprocess
import uuid

import psycopg2
import pytest

from harness.client import SAMPLE
from harness.program import PROGRAM, ROOT, clean_environment
from harness.waiting import eventually

pytestmark = pytest.mark.services("postgres", "rabbitmq")


def waybill(*arguments, cwd):
    return subprocess.run([str(PROGRAM), *arguments], cwd=cwd, env=clean_environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, check=False)


def commands_of_the_manual(role):
    """The GRANTs of the section on PostgreSQL for this role, without their ends of lines."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition("## PostgreSQL")[2].partition("\n## ")[0]
    grants = re.findall(r"GRANT [^;]*;", section)
    return [" ".join(one.split()) for one in grants if one.endswith(f"TO {role};")]


@pytest.fixture
def role(log):
    """Makes a role with exactly the rights that the manual gives; returns the URL that it uses."""
    made = []

    def make(purpose):
        name = f"{purpose}_{uuid.uuid4().hex}"
        made.append(name)
        log.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
        grants = commands_of_the_manual(purpose)
        assert grants
        for grant in grants:
            log.execute(grant.replace("DATABASE waybill", f"DATABASE {log.name}").replace(f"TO {purpose};", f"TO {name}"))
        return re.sub("//[^@]*@", f"//{name}:secret@", log.url)

    yield make
    for name in made:
        log.execute(f"DROP OWNED BY {name}")
        log.execute(f"DROP ROLE {name}")


def test_the_least_rights_are_enough(make_daemon, shared, log, role, tmp_path):
    assert waybill("migrate", "up", "--log", log.url, cwd=tmp_path).returncode == 0
    instance = role("instance")
    with make_daemon(config={**shared, "message_log.url": instance}) as daemon:
        client = daemon.client()
        producer = psycopg2.connect(role("producer"))
        with producer, producer.cursor() as cursor:
            log.insert(cursor, "of-a-producer", '{"subject":"a","content":"b","tos":["a@example.org"]}')
            cursor.execute("INSERT INTO msg_log (msg_id, status) VALUES ('done-already', 3)")
        with pytest.raises(psycopg2.errors.InsufficientPrivilege), producer, producer.cursor() as cursor:
            cursor.execute("DELETE FROM msg_log")
        producer.close()
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

    assert "password authentication failed" in refusal(message_log__password="wrong")
    assert "does not exist" in refusal(message_log__url=log.url + "_not")
    assert "in-process broker" in refusal(broker__url="inprocess")
    assert "sslmod" in refusal(message_log__url=log.url + "?sslmod=x")
    assert "no secure connection" in refusal(message_log__url=log.url + "?sslmode=require")


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
