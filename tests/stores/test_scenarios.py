"""The three scenarios of the classic pattern, over RabbitMQ: all goes well, nothing was published, the handler
fails."""

import json
import time

import pytest

from harness.client import SAMPLE
from harness.journal import effects
from harness.waiting import eventually

pytestmark = pytest.mark.services("postgres", "mariadb", "rabbitmq")

MAIL = json.dumps(SAMPLE)
SENDING, CONSUMED, DEAD, SEND_FAILED = 0, 3, 5, 2


def states(database, ids):
    return {row["status"] for row in database.messages("msg_id, status") if row["msg_id"] in ids}


def test_mails_go_through_sending_and_sent_to_consumed(serve_over, database):
    with serve_over(database) as daemon:
        client = daemon.client()
        ids = [client.accepted(subject=f"mail {number}") for number in range(50)]
        eventually(lambda: states(database, ids) == {CONSUMED}, 20, "all are consumed")
        assert effects(daemon.journal) == {one: 1 for one in ids}
        for row in database.messages():
            assert (row["attempt"], row["try_count"], row["lapse_count"], row["owner"]) == (1, 0, 0, None)
            assert row["create_time"] <= row["claim_time"] <= row["consume_time"]
            assert json.loads(row["msg"])["content"] == SAMPLE["content"]
        assert client.get("/v1/stats").json()["states"]["consumed"] == 50
        assert daemon.stop() == 0
    assert "error" not in daemon.stderr


def test_what_was_not_published_is_delivered_without_help(serve_over, database):
    # Not due before it has been looked at, however long that takes.
    daemon = serve_over(database, config={"publish.grace": "10s"}, environment={"WAYBILL_FAULT": "skip_publish"})
    with daemon:
        daemon.wait_publishing()
        client = daemon.client()
        ids = [client.accepted() for _ in range(20)]
        time.sleep(0.5)  # long enough for a publish that should not be there to show
        assert states(database, ids) == {SENDING}
        assert daemon.stop() == 0
    daemon.environment = {}
    with daemon:
        eventually(lambda: states(database, ids) == {CONSUMED}, 20, "all are consumed")
        assert effects(daemon.journal) == {one: 1 for one in ids}


def test_a_wrong_routing_key_is_told_and_delivered_once_it_is_bound(serve_over, database, names):
    lost = [f"lost-{number}" for number in range(5)]
    with serve_over(database, config={"publish.backoff_max": "1s"}) as daemon:
        client = daemon.client()
        for one in lost:
            database.insert_now(one, MAIL, (names["mail.exchange"], "no.such.key"))
        failed = eventually(
            lambda: (m := client.message("lost-0"))["status"]["code"] == SEND_FAILED and m, 5, "send_failed")
        assert "312" in failed["last_error"]
        assert any(event["kind"] == "returned" for event in failed["events"])
        good = client.accepted()
        eventually(lambda: client.status(good) == CONSUMED, 5, "other routes go on")
        assert {client.message(one)["try_count"] for one in lost} == {0}
        assert daemon.stop() == 0

    daemon.config["mail.more_routes"] = names["mail.exchange"] + "/no.such.key"
    with daemon:
        eventually(lambda: states(database, lost) == {CONSUMED}, 10, "delivered")
        assert effects(daemon.journal) == {good: 1, **{one: 1 for one in lost}}


def test_a_failing_handler_is_retried_and_ends_dead_until_it_is_replayed(serve_over, command, database):
    with serve_over(database, config={"worker.retry": "fixed 3 1000"}) as daemon:
        client = daemon.client()
        obstacle = daemon.maildir / "new" / "poison.waybill"  # a directory where the mail's file should go
        obstacle.mkdir()
        database.insert_now("poison", MAIL)
        eventually(lambda: client.message("poison")["try_count"] >= 1, 5, "the first attempt failed")
        good = client.accepted()
        eventually(lambda: client.status(good) == CONSUMED, 2, "other mails pass")

        dead = eventually(lambda: (m := client.message("poison"))["status"]["code"] == DEAD and m, 10, "dead")
        assert (dead["try_count"], dead["attempt"]) == (3, 3)
        assert "poison.waybill" in dead["last_error"]
        copies = database.messages("msg_id, exchange, headers", "queue = ''")
        assert len(copies) == 1 and "poison" in copies[0]["headers"], "its copy goes to the dead letters"
        assert "poison" in command(daemon, "list", "--status", "dead").stdout

        obstacle.rmdir()
        assert command(daemon, "retry", "poison").returncode == 0
        eventually(lambda: client.status("poison") == CONSUMED, 5, "the replay delivers")
        assert effects(daemon.journal) == {good: 1, "poison": 1}
