"""`log.format = json`: one object a line, from the start to the end, whatever happens."""

import json
import signal
import socket

from harness.log_file import foreign_connection, insert_four_columns
from harness.waiting import eventually

FIELDS = ["time", "level", "component", "message"]


def events_of(daemon):
    """What this life wrote, line by line."""
    events = []
    for line in daemon.stderr.splitlines():
        event = json.loads(line, object_pairs_hook=no_field_twice)
        assert list(event)[:4] == FIELDS and event["level"] in ("debug", "info", "warning", "error"), line
        events.append(event)
    return events


def no_field_twice(pairs):
    assert len({name for name, _ in pairs}) == len(pairs), pairs
    return dict(pairs)


def test_a_whole_run_is_json(make_daemon):
    hostile = 'not-mail"\n{"time":"forged"}\x1b[31m'
    daemon = make_daemon(config={"log.format": "json", "log.level": "debug"})
    with daemon:
        client = daemon.client()
        delivered = client.accepted(subject="Grüße")
        client.post("/mail/send/v2", data=b"\xff{", headers={"Content-Type": "application/json"})
        eventually(lambda: client.status(delivered) == 3, 10, "delivered")
        with foreign_connection(daemon.database) as connection:
            insert_four_columns(connection, hostile, "no JSON at all")
            insert_four_columns(connection, "not-mail", "no JSON at all")
        eventually(lambda: client.stats()["states"]["dead"] == 2, 10, "nothing can be made of them")
        assert daemon.stop() == 0
    events = events_of(daemon)
    told = [event["message"] for event in events]
    assert told.index("started") < told.index("stopping") < told.index("stopped") == len(told) - 1
    assert any(event.get("msg_id") == "not-mail" and event["level"] == "error" for event in events), "a dead letter is told"
    (refused,) = [event for event in events if event.get("msg_id") == hostile]
    assert (refused["level"], refused["message"]) == ("error", "message is dead") and "control" in refused["error"]
    (started,) = [event for event in events if event["message"] == "started"]
    assert {"version", "instance", "roles", "pid", "port", "boot", "log"} <= started.keys()
    assert started["pid"] == daemon.process.pid and isinstance(started["port"], int)


def test_a_refused_start_is_json(make_daemon):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        daemon = make_daemon(config={"log.format": "json", "http.listen": f"127.0.0.1:{port}"})
        daemon.start()
        assert daemon.wait() != 0
    (event,) = events_of(daemon)
    assert (event["level"], event["message"]) == ("error", "failed")
    assert str(port) in event["error"]


def test_the_end_is_told_as_text_too(make_daemon):
    with make_daemon() as daemon:
        daemon.signal(signal.SIGTERM)
        assert daemon.wait() == 0
    lines = daemon.stderr.splitlines()
    assert any(" info serve: started version=" in line for line in lines)
    assert any(line.startswith("waybill: serving on http://127.0.0.1:") for line in lines)
    assert " info serve: stopped clean=true" in lines[-1]
