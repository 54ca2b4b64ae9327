"""A log file with pages that make no sense: nothing is carried over it, and the sentence says so."""

from datetime import datetime, timedelta, timezone

from harness.client import mail_message
from harness.waiting import eventually

LARGE = 64 << 20  # larger files are looked through while the instance serves
BODY = "x" * 900_000  # a request is at most 1 MiB
SPOILT = 256 << 10


def test_damage_of_a_large_log_ends_the_instance_that_serves_it(make_daemon):
    tomorrow = (datetime.now(timezone.utc) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    daemon = make_daemon()
    with daemon:
        client = daemon.client()
        while daemon.database.stat().st_size < LARGE + SPOILT:
            answer = client.post_messages(mail_message(body=BODY, deliver_at=tomorrow))
            assert answer.status_code == 200, answer.text
        assert daemon.stop() == 0
    with daemon.database.open("r+b") as file:
        file.seek(daemon.database.stat().st_size // 2)
        file.write(b"\xff" * SPOILT)
    daemon.start()
    eventually(lambda: daemon.process.poll() is not None, 30, "it ends")
    assert daemon.process.returncode not in (0, -9)
    assert "is damaged" in daemon.stderr
    assert "restore it from a backup" in daemon.stderr
