"""bench/scale at a hundredth: its figures are verified, and no statement looks through a table that has grown."""

import json
import subprocess

import pytest

from harness.program import waybill
from harness.services import SERVICES, url_of

pytestmark = pytest.mark.services("postgres", "mariadb")

FINISHED, OPEN, MESSAGES = 100_000, 10_000, 400
# A message's three commits look its row up a few times each. Whoever walked through the table, or an index of it, would
# read thousands.
READ_MOST = 30


@pytest.fixture
def reads_are_counted(kind):
    """MariaDB counts what is read from each table only if it is told to. The tests of another server may run beside."""
    if kind != "mariadb":
        yield
        return

    def set_to(value):
        done = subprocess.run([str(SERVICES), "ctl", "mariadb", "-e", f"SET GLOBAL userstat = {value}"], check=False,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
    set_to(1)
    yield
    set_to(0)


def test_a_large_log_is_read_by_its_indexes_alone(tmp_path, reads_are_counted, kind):  # pylint: disable=unused-argument
    variable = {"postgres": "WAYBILL_POSTGRES", "mariadb": "WAYBILL_MARIADB"}[kind]
    done = waybill("bench", "scale", "--log", kind, "--finished", FINISHED, "--open", OPEN, "--messages", MESSAGES, "--hold",
                   3, "--json", "--dir", tmp_path / "bench", "--allow-volatile", cwd=tmp_path, deadline_s=300,
                   **{variable: url_of(kind)})
    assert done.returncode == 0, done.stderr  # what was carried is counted right beside what was stored
    report = json.loads(done.stdout)
    assert (report["log"], report["finished"], report["open"]) == (kind, FINISHED, OPEN)
    assert report["messages"] >= MESSAGES and "problems" not in report
    for name in ("accept", "claim", "finish"):
        for prefix in ("", "held_"):
            assert 0 < report[f"{prefix}{name}_ms"]["p50"] <= report[f"{prefix}{name}_ms"]["p99"]
            assert report[f"{prefix}{name}_p99_to_empty"] > 0
    assert 0 < report["rows_read_per_message"] < READ_MOST, report
    assert 0 < report["empty_rows_read_per_message"] < READ_MOST, report


def test_a_log_in_a_file_is_refused(tmp_path):
    refused = waybill("bench", "scale", "--log", "sqlite", cwd=tmp_path)
    assert refused.returncode == 2 and "for logs that are shared" in refused.stderr


@pytest.mark.services("rabbitmq")
def test_the_pipeline_tells_what_a_message_costs_the_store(tmp_path, kind):
    variable = {"postgres": "WAYBILL_POSTGRES", "mariadb": "WAYBILL_MARIADB"}[kind]
    done = waybill("bench", "pipeline", "--log", kind, "--broker", "rabbitmq", "--messages", 5_000, "--json", "--dir",
                   tmp_path / "bench", "--allow-volatile", cwd=tmp_path, deadline_s=300,
                   **{variable: url_of(kind), "WAYBILL_RABBITMQ": url_of("rabbitmq")})
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert 0 < report["commits_per_message"] < report["statements_per_message"] < 10, report
    assert 512 < report["wal_bytes_per_message"], report
