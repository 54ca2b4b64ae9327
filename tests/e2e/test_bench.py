"""`waybill bench`: that it measures what it says and notices what is lost. How fast anything is, no test asks."""

import json
import os
import signal
import subprocess

import pytest

from harness.postfix import install
from harness.program import PROGRAM, children_of, clean_environment, is_running, waybill
from harness.waiting import eventually

DONE, FAILED, USAGE = range(3)
BENCH_S = 240


@pytest.fixture
def bench(tmp_path):
    """Runs one benchmark, wherever the tests work, and returns it with its JSON, if it printed some."""
    def run(*arguments, **environment):
        done = waybill("bench", *arguments, "--allow-volatile", "--json", cwd=tmp_path, deadline_s=BENCH_S, **environment)
        done.result = json.loads(done.stdout) if done.stdout else None
        return done
    return run


def completed(done):
    assert done.returncode == DONE, done.stderr + done.stdout
    assert "problems" not in done.result
    return done.result


def check_spread(spread):
    assert set(spread) == {"p50", "p99", "max"}
    assert 0 < spread["p50"] <= spread["p99"] <= spread["max"]


def own_directories(place):
    return [path for path in place.iterdir() if path.name.startswith("waybill-bench")]


@pytest.mark.parametrize("count, load", [
    (2000, ("--concurrency", 300, "--batch", 50)), (200, ("--concurrency", 1)), (2000, ("--rate", 4000)),
    (2000, ("--flood",))])
def test_the_pipeline_handles_every_message_once(bench, count, load):
    result = completed(bench("pipeline", "--messages", count, "--size", 64, *load))
    assert (result["lost"], result["duplicates"], result["strangers"]) == (0, 0, 0)
    assert (result["rows_consumed"], result["rows_open"]) == (count, 0)
    check_spread(result["latency_ms"])
    check_spread(result["accept_ms"])
    check_spread(result["fdatasync_us"])
    for field in ("messages_per_second", "commits_per_message", "cpu_seconds_per_1000", "max_rss_mib"):
        assert result[field] > 0, field
    assert result["accept_ms"]["p50"] <= result["latency_ms"]["p50"], "handled before it was accepted"
    assert result["file_system"]


def test_a_rate_is_kept(bench):
    result = completed(bench("pipeline", "--messages", 1000, "--rate", 1000))
    assert 0.9 < result["seconds"] < 60
    assert result["messages_per_second"] < 1100


def test_messages_to_a_missing_exchange_wait_and_the_others_are_handled(bench):
    result = completed(bench("pipeline", "--messages", 2000, "--missing-exchange-percent", 1))
    assert (result["lost"], result["duplicates"], result["rows_consumed"]) == (0, 0, 1980)
    assert result["rows_open"] == result["misdirected"] == 20
    assert 0 < result["misdirected_failed"] <= 20
    assert result["undisturbed_messages_per_second"] > 0
    assert result["share_of_undisturbed"] > 0


def test_a_restart_drives_what_waits(bench):
    result = completed(bench("pipeline", "--messages", 0, "--waiting", 3000))
    assert result["rows_consumed"] == 3000
    assert 0 < result["first_handled_ms"] <= result["full_rate_ms"]


def test_stored_rows_are_kept_and_found_again(bench, tmp_path):
    store = tmp_path / "store"
    for turn in range(2):
        result = completed(bench("pipeline", "--messages", 100, "--stored", 20000, "--dir", store))
        assert (result["stored"], result["rows_consumed"]) == (20000, 100), turn
    assert (store / "waybill.db").exists()


def test_history_is_pruned_meanwhile(bench):
    result = completed(bench("pipeline", "--messages", 2000, "--stored", 20000, "--prune", 15000))
    assert 0 < result["rows_pruned"] <= 15000
    assert result["rows_consumed"] == 2000


def test_nothing_is_left_behind(tmp_path):
    """Beside the data directory, if there is one."""
    (tmp_path / "var").mkdir()
    done = waybill("bench", "log", "--messages", 100, "--allow-volatile", cwd=tmp_path, deadline_s=BENCH_S)
    assert done.returncode == DONE, done.stderr
    assert "verbs_messages_per_second" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["var"]
    assert list((tmp_path / "var").iterdir()) == []


def test_the_log(bench):
    result = completed(bench("log", "--messages", 3000, "--batch", 500))
    for field in ("messages_per_second", "verbs_messages_per_second", "insert_messages_per_second",
                  "cpu_seconds_per_1000", "max_rss_mib"):
        assert result[field] > 0, field
    check_spread(result["fdatasync_us"])


@pytest.mark.parametrize("more", [("--roles", "api", "--connections", 8), ("--connections", 2),
                                  ("--roles", "api", "--connections", 2, "--bulk", 100)])
def test_every_answer_of_a_server_is_a_row(bench, more):
    result = completed(bench("http", "--seconds", 1, *more))
    assert result["errors"] == {}
    assert result["rows"] == result["accepted"] > 0
    assert (result["lost"], result["duplicates"], result["in_doubt"]) == (0, 0, 0)
    check_spread(result["latency_ms"])
    for field in ("requests_per_second", "messages_per_second", "server_cpu_seconds_per_1000",
                  "client_cpu_seconds_per_1000", "server_max_rss_mib"):
        assert result[field] > 0, field
    if "--bulk" in more:
        assert result["messages_per_second"] == pytest.approx(100 * result["requests_per_second"], rel=0.01)
    if "--roles" not in more:
        assert result["delivered"] == result["accepted"]


def test_our_smtp_client_alone(bench):
    install()
    result = completed(bench("mail", "--client-only", "--mails", 500))
    assert (result["mails"], result["duplicates"]) == (500, 0) and 1020 <= result["mail_bytes"] <= 1024
    for field in ("mails_per_second", "cpu_us_per_mail", "smtp_source_mails_per_second", "ratio_to_smtp_source"):
        assert result[field] > 0, field


@pytest.mark.parametrize("more", [(), ("--bulk", 50, "--postfix-mails", 0)])
def test_every_mail_is_brought_to_the_sink_once(bench, more):
    """Also by those that it is compared with; Postfix only as root."""
    install()
    result = completed(bench("mail", "--mails", 500, "--relay-connections", 8, *more))
    assert (result["mails"], result["arrived"], result["rows"]["consumed"]) == (500, 500, 500)
    assert (result["lost"], result["duplicates"], result["in_doubt"], result["errors"]) == (0, 0, 0, {})
    for field in ("mails_per_second", "smtp_source_mails_per_second", "ratio_to_smtp_source", "plain_libcurl_mails_per_second",
                  "accepted_per_second", "server_cpu_us_per_mail", "server_max_rss_mib"):
        assert result[field] > 0, field
    if "--postfix-mails" not in more and os.geteuid() == 0:
        assert result["postfix_mails_per_second"] > 0


def test_an_idle_server(bench):
    result = completed(bench("idle", "--settle", 0, "--seconds", 1))
    assert result["rss_mib"] > 1
    assert 0 <= result["cpu_percent"] < 200


def test_a_server_that_cannot_start_is_told(bench):
    done = bench("http", "--set", "http.listen=127.0.0.1:0", "--roles", "juggler")
    assert done.returncode in (FAILED, USAGE)
    assert done.result is None
    assert "juggler" in done.stderr


def test_an_interruption_leaves_no_server_and_no_files(tmp_path):
    (tmp_path / "var").mkdir()
    process = subprocess.Popen([str(PROGRAM), "bench", "http", "--seconds", "60", "--allow-volatile"], cwd=tmp_path,
                               env=clean_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    try:
        child = eventually(lambda: children_of(process.pid), 20, "a server runs")[0]
        eventually(lambda: own_directories(tmp_path) and (own_directories(tmp_path)[0] / "port").exists(), 20, "it serves")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == FAILED
        assert "interrupted" in process.stderr.read()
    finally:
        process.kill()
        process.wait()
    eventually(lambda: not is_running(child), 10, "the server has ended")
    assert own_directories(tmp_path) == []


def test_a_file_system_in_memory_is_refused(tmp_path):
    """With a mount of its own: where the tests work may be either."""
    place = tmp_path / "memory"
    place.mkdir()
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    script = f"mount -t tmpfs none {place}; {PROGRAM} bench log --messages 10 --dir {place}/bench \"$@\""

    def run(*more):
        return subprocess.run([*unshare, "bash", "-euc", script, "bench", *more], env=clean_environment(), cwd=tmp_path,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=BENCH_S, check=False)

    refused = run()
    assert refused.returncode == USAGE, refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "tmpfs" in refused.stderr and "--allow-volatile" in refused.stderr
    assert refused.stdout == ""
    allowed = run("--allow-volatile", "--json")
    assert allowed.returncode == DONE, allowed.stderr
    assert json.loads(allowed.stdout)["file_system"] == "tmpfs"


def test_the_users_messages_are_not_touched(bench, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "waybill.db").write_text("precious", encoding="utf-8")
    assert bench("pipeline", "--messages", 10, "--dir", precious).returncode == USAGE
    done = bench("pipeline", "--messages", 10, WAYBILL_CFG_MESSAGE_LOG__URL=f"sqlite:{precious}/waybill.db",
                 WAYBILL_CFG_DATA__DIR=str(precious))
    completed(done)
    assert [path.name for path in precious.iterdir()] == ["waybill.db"]
    assert (precious / "waybill.db").read_text(encoding="utf-8") == "precious"
