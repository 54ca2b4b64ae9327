"""The three scenarios of the classic pattern: all goes well, nothing was published, the handler fails."""

import json
import threading
import time
from datetime import datetime, timedelta

from harness.journal import effects
from harness.log_file import foreign_connection, insert_four_columns, read_rows
from harness.waiting import eventually

MAIL = {"subject": "Hello", "content": "World", "tos": ["a@example.org"]}
CONSUMED, CONSUME_FAILED, DEAD, SEND_FAILED = 3, 4, 5, 2


class StatusWatch(threading.Thread):
    """Reads all rows' states as fast as it can and keeps, per message, the states in the order seen."""

    def __init__(self, database):
        super().__init__()
        self.seen = {}
        self._database = database
        self._ended = threading.Event()

    def run(self):
        while not self._ended.is_set():
            for row in read_rows(self._database, "msg_id, status"):
                states = self.seen.setdefault(row["msg_id"], [])
                if not states or states[-1] != row["status"]:
                    states.append(row["status"])

    def end(self):
        self._ended.set()
        self.join()


def test_a_mail_goes_through_sending_and_sent_to_consumed(make_daemon, tmp_path):
    gate = tmp_path / "gate"
    gate.touch()
    with make_daemon(environment={"WAYBILL_FAULT_GATE": str(gate)}) as daemon:
        client = daemon.client()
        watch = StatusWatch(daemon.database)
        watch.start()
        try:
            ids = [client.accepted(subject=f"mail {number}") for number in range(10)]
            eventually(lambda: all(client.status(one) == 1 for one in ids), 5, "all are sent while the gate holds")
            assert not effects(daemon.journal)
            gate.unlink()
            eventually(lambda: all(client.status(one) == CONSUMED for one in ids), 10, "all are consumed")
            eventually(lambda: all(watch.seen[one][-1] == CONSUMED for one in ids), 5, "the watch has seen it")
        finally:
            watch.end()
        assert [0, 1, 3] in watch.seen.values()
        assert all(states in ([0, 1, 3], [1, 3]) for states in watch.seen.values()), watch.seen

        assert effects(daemon.journal) == {one: 1 for one in ids}
        for one in ids:
            message = client.message(one)
            mail = (daemon.maildir / "new" / f"{one}.waybill").read_text(encoding="utf-8")
            assert message["result"].endswith(f"/new/{one}.waybill")
            assert one in mail.partition("\n\n")[0]
            assert (message["attempt"], message["try_count"], message["lapse_count"]) == (1, 0, 0)
            times = message["times"]
            assert message["create_time"] <= times["claim_time"] <= times["consume_time"]


def test_what_was_not_published_is_delivered_without_help(make_daemon):
    daemon = make_daemon(config={"publish.grace": "10s"}, environment={"WAYBILL_FAULT": "skip_publish"})
    with daemon:
        daemon.wait_publishing()
        client = daemon.client()
        ids = [client.accepted() for _ in range(20)]
        time.sleep(0.5)  # long enough for a publish that should not be there to show
        assert {client.status(one) for one in ids} == {0}
        assert daemon.stop() == 0

    daemon.environment = {}
    with daemon:
        client = daemon.client()
        eventually(lambda: all(client.status(one) == CONSUMED for one in ids), 15, "all are consumed")
        assert effects(daemon.journal) == {one: 1 for one in ids}


def test_a_wrong_routing_key_is_told_and_delivered_once_it_is_bound(make_daemon):
    daemon = make_daemon(config={"publish.backoff_max": "1s"})
    with daemon:
        client = daemon.client()
        with foreign_connection(daemon.database) as connection:
            for number in range(5):
                insert_four_columns(connection, f"lost-{number}", json.dumps(MAIL), ("mail.exchange", "no.such.key"))
        failed = eventually(
            lambda: (m := client.message("lost-0"))["status"]["code"] == SEND_FAILED and m, 5, "send_failed")
        assert "312" in failed["last_error"]
        assert any(event["kind"] == "returned" for event in failed["events"])

        good = client.accepted()
        eventually(lambda: client.status(good) == CONSUMED, 5, "other routes go on")
        # The route is closed and only probed: far fewer returns than rows times polls.
        returned = sum(event["count"] for number in range(5)
                       for event in client.message(f"lost-{number}")["events"] if event["kind"] == "returned")
        assert 1 <= returned <= 20
        assert {client.message(f"lost-{number}")["try_count"] for number in range(5)} == {0}
        assert daemon.stop() == 0

    daemon.config["mail.more_routes"] = "mail.exchange/no.such.key"
    with daemon:
        client = daemon.client()
        eventually(lambda: all(client.status(f"lost-{number}") == CONSUMED for number in range(5)), 10, "delivered")
        assert effects(daemon.journal) == {good: 1, **{f"lost-{number}": 1 for number in range(5)}}


def test_a_failing_handler_is_retried_and_ends_dead_until_it_is_replayed(make_daemon, command):
    with make_daemon(config={"worker.retry": "fixed 3 2000"}) as daemon:
        client = daemon.client()
        obstacle = daemon.maildir / "new" / "poison.waybill"  # a directory where the mail's file should go
        obstacle.mkdir()
        with foreign_connection(daemon.database) as connection:
            insert_four_columns(connection, "poison", json.dumps(MAIL))
        eventually(lambda: client.message("poison")["try_count"] >= 1, 5, "the first attempt failed")
        good = client.accepted()
        eventually(lambda: client.status(good) == CONSUMED, 2, "other mails pass")

        dead = eventually(lambda: (m := client.message("poison"))["status"]["code"] == DEAD and m, 10, "dead")
        assert (dead["try_count"], dead["attempt"]) == (3, 3)
        assert client.message(good)["times"]["consume_time"] < dead["update_time"], "it did not wait for the other"
        assert "poison.waybill" in dead["last_error"]

        listed = command(daemon, "list", "--status", "dead")
        assert listed.returncode == 0
        assert "poison" in listed.stdout and good not in listed.stdout
        assert "poison.waybill" in listed.stdout, "the list shows the reason"

        obstacle.rmdir()
        assert command(daemon, "retry", "poison").returncode == 0
        eventually(lambda: client.status("poison") == CONSUMED, 5, "the replay delivers")
        assert effects(daemon.journal) == {good: 1, "poison": 1}


def test_a_retry_waits_for_the_delay_of_its_policy(make_daemon):
    with make_daemon(config={"worker.retry": "list 3 1500,3000"}) as daemon:
        (daemon.maildir / "new" / "poison.waybill").mkdir()
        client = daemon.client()
        with foreign_connection(daemon.database) as connection:
            insert_four_columns(connection, "poison", json.dumps(MAIL))
        failed = {}  # by number of failed attempts: when the last one was recorded, and when the next one is due

        def dead():
            message = client.message("poison")
            if message["status"]["code"] == CONSUME_FAILED:
                failed[message["try_count"]] = [datetime.fromisoformat(message[name])
                                                for name in ("update_time", "next_try_time")]
            return message["status"]["code"] == DEAD and message
        ended = datetime.fromisoformat(eventually(dead, 10, "dead")["update_time"])
        assert failed[1][1] - failed[1][0] == timedelta(milliseconds=1500)
        assert failed[2][1] - failed[2][0] == timedelta(milliseconds=3000)
        assert failed[2][0] >= failed[1][1] and ended >= failed[2][1], "none began before it was due"
        assert ended - failed[2][1] < timedelta(seconds=20)
