"""What an instance does by its roles: `api` alone records; with `relay` and `worker` it delivers."""

import time

import pytest

from harness.journal import effects
from harness.log_file import foreign_connection, insert_four_columns, read_rows
from harness.program import waybill
from harness.waiting import eventually

USAGE = 2
POLL_S = 0.2


def test_api_alone_records_and_all_roles_deliver_later(make_daemon):
    daemon = make_daemon(config={"instance.roles": "api"})
    with daemon:
        client = daemon.client()
        ids = [client.accepted() for _ in range(50)]
        recorded = time.monotonic()
        eventually(lambda: time.monotonic() > recorded + 4 * POLL_S, 5, "a relay would have polled")
        assert {(row["status"], row["owner"], row["publish_count"]) for row in read_rows(daemon.database)} == {(0, None, 0)}
        assert client.stats()["states"]["sending"] == 50
        assert not daemon.maildir.exists(), "mail is for workers"
        assert daemon.stop() == 0
    daemon.config["instance.roles"] = "api,relay,worker"
    with daemon:
        eventually(lambda: daemon.client().open_count() == 0, 20, "all is delivered")
        assert effects(daemon.journal) == {one: 1 for one in ids}


def test_operators_work_on_what_is_only_recorded(make_daemon):
    with make_daemon(config={"instance.roles": "api"}) as daemon:
        client = daemon.client()
        message_id = client.accepted()
        assert client.post(f"/v1/messages/{message_id}/cancel").status_code == 200
        assert client.status(message_id) == 7


def test_without_api_it_delivers_and_answers_for_its_health_only(make_daemon):
    with make_daemon(config={"instance.roles": "relay,worker"}) as daemon:
        client = daemon.client()
        for path in ("/healthz", "/readyz", "/metrics"):
            assert client.get(path).status_code == 200, path
        assert client.send().status_code == 404
        for path in ("/v1/messages", "/v1/stats", "/openapi.json"):
            assert client.get(path).status_code == 404, path
        with foreign_connection(daemon.database) as connection:
            insert_four_columns(connection, "theirs-1", '{"subject":"s","content":"c","tos":["a@example.org"]}')
        eventually(lambda: [row["status"] for row in read_rows(daemon.database)] == [3], 10, "delivered")
        assert effects(daemon.journal) == {"theirs-1": 1}


@pytest.mark.parametrize("roles, told", [
    ("api,relay", "relay without worker"),
    ("worker", "worker without relay"),
    ("api,postman", "'postman' is not a role; roles are api, relay and worker"),
    (",", "no role is named"),
])
def test_roles_that_cannot_work_are_told(tmp_path, roles, told):
    for command in (("serve",), ("config", "check")):
        ended = waybill(*command, "--roles", roles, cwd=tmp_path)
        assert ended.returncode == USAGE
        assert told in ended.stderr and len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "var").exists()


def test_roles_are_shown_with_their_origin(tmp_path):
    shown = waybill("config", "show", "--roles", "api", cwd=tmp_path)
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("instance.roles ")]
    assert line.split("#")[0].strip() == 'instance.roles = ["api"]'
    assert line.endswith("# --roles")
    (tmp_path / "waybill.toml").write_text('[instance]\nroles = ["relay", "worker"]\n', encoding="utf-8")
    shown = waybill("config", "show", cwd=tmp_path)
    assert 'instance.roles = ["relay", "worker"]' in shown.stdout
