"""`waybill doctor` and `waybill topology` with no server at all."""

import json

from harness.program import waybill


def test_a_new_place_is_healthy_and_stays_as_it_was(tmp_path):
    ended = waybill("doctor", "--data", tmp_path / "data", cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert all(line.startswith("ok ") for line in ended.stdout.splitlines()), ended.stdout
    assert not (tmp_path / "data").exists()


def test_it_looks_at_a_place_where_an_instance_runs(daemon, tmp_path):
    client = daemon.client()
    client.accepted()
    ended = waybill("doctor", "--data", daemon.data, "--json", cwd=tmp_path)
    report = json.loads(ended.stdout)
    assert ended.returncode == 0 and report["healthy"], ended.stdout
    assert any("WAL, synchronous=FULL" in one["what"] for one in report["findings"])
    client.accepted()


def test_a_log_that_is_none_is_a_problem(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "waybill.db").write_text("this is no database, however long one looks at it" * 50)
    ended = waybill("doctor", "--data", tmp_path / "data", cwd=tmp_path)
    assert ended.returncode == 1
    problem = next(line for line in ended.stdout.splitlines() if line.startswith("problem"))
    assert "not an SQLite database" in problem and "→" in problem


def test_a_mail_directory_that_is_a_file_is_a_problem(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mail").write_text("")
    ended = waybill("doctor", "--data", tmp_path / "data", cwd=tmp_path)
    assert ended.returncode == 1
    assert "mail.maildir" in ended.stdout


def test_a_wrong_configuration_is_usage(tmp_path):
    assert waybill("doctor", "--broker", "carrier-pigeon", cwd=tmp_path).returncode == 2


def test_the_broker_in_the_process_has_nothing_to_declare(tmp_path):
    for verb in ("show", "declare", "diff"):
        ended = waybill("topology", verb, cwd=tmp_path)
        assert ended.returncode == 0
        assert len(ended.stdout.splitlines()) == 1 and "nothing to declare" in ended.stdout
    assert json.loads(waybill("topology", "show", "--json", cwd=tmp_path).stdout)["queues"] == []
    assert json.loads(waybill("topology", "diff", "--json", cwd=tmp_path).stdout) == {"same": True, "things": []}
