"""The test runner counts what ran, and nothing that went wrong passes for a success."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from runner.jobs import CheckJob, FuzzJob, GtestJob, PytestJob, Surroundings
from runner.plan import UsageError, check_labels, make_plan, read_seed
from runner.process import Running
from runner.result import FAILED, PASSED, SKIPPED, Case, KnownSkips, Report
from services_lib.problem import Problem

RUNNER = Path(__file__).resolve().parent.parent / "test_runner.py"


@pytest.fixture
def around(tmp_path):
    (tmp_path / "build").mkdir()
    return Surroundings(tmp_path, tmp_path / "build", Running(), lambda job, what=None: None, StandInServers())


class StandInServers:
    def variables(self, names):
        if "mariadb" in names:
            raise Problem("mariadb ended at its start")
        return {f"WAYBILL_{name.upper()}": f"{name}://there" for name in names}


def program(around, name, body, told=None):
    """A stand-in for a GoogleTest program: writes `told` as its report, then runs `body`."""
    path = around.build / name
    report = f"cat >\"${{1#--gtest_output=json:}}\" <<'EOF'\n{json.dumps(told)}\nEOF\n" if told else ""
    path.write_text(f"#!/bin/bash\n{report}{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return GtestJob(name, "unit", 2)


def gtest_report(*cases):
    return {"testsuites": [{"name": "Suite", "testsuite": list(cases)}]}


def case(name, **more):
    return {"name": name, "status": "RUN", "result": "COMPLETED", **more}


def outcomes(report):
    return [(found.name, found.outcome) for found in report.cases]


def test_each_gtest_case_is_counted(around):
    told = gtest_report(case("A"), case("B", failures=[{"failure": "1 != 2"}]), case("C", result="SKIPPED"),
                        case("D", status="NOTRUN", result="SUPPRESSED"))
    report = program(around, "some_test", "echo out; exit 1", told).run(around)
    assert outcomes(report) == [("Suite.A", PASSED), ("Suite.B", FAILED), ("Suite.C", SKIPPED), ("Suite.D", SKIPPED)]
    assert report.output == "out\n"


@pytest.mark.parametrize("body, told, why", [
    ("kill -SEGV $$", None, "SIGSEGV"),
    ("kill -ABRT $$", gtest_report(case("A")), "SIGABRT"),
    ("sleep 60", gtest_report(case("A")), "deadline"),
    ("exit 0", gtest_report(), "no test case"),
    ("exit 0", None, "no test case"),
    ("exit 1", gtest_report(case("A")), "without naming"),
    ("exit 77", gtest_report(case("A")), "exit code 77"),
])
def test_a_program_that_goes_wrong_as_a_whole_has_failed(around, body, told, why):
    report = program(around, "some_test", body, told).run(around)
    assert len(report.failed()) == 1
    assert why in report.failed()[0].detail


def test_bytes_that_are_no_text_lose_no_case(around):
    told = json.dumps(gtest_report(case("A"), case("B", failures=[{"failure": "got BYTE"}]))).replace("BYTE", r"\xff")
    report = program(around, "some_test", f"printf '{told}' >\"${{1#--gtest_output=json:}}\"; exit 1").run(around)
    assert outcomes(report) == [("Suite.A", PASSED), ("Suite.B", FAILED)]
    assert report.failed()[0].detail == "got \ufffd"


@pytest.mark.parametrize("torn", ['{"testsuites":[', '{"testsuites":[{}]}', "[]"])
def test_a_report_that_cannot_be_read_is_a_failure(around, torn):
    body = f"echo out; echo '{torn}' >\"${{1#--gtest_output=json:}}\""
    report = program(around, "some_test", body).run(around)
    assert "cannot be read" in report.failed()[0].detail
    assert report.output == "out\n"


def test_a_pytest_report_that_cannot_be_read_is_a_failure(around):
    folder = around.root / "cases"
    folder.mkdir()
    (folder / "conftest.py").write_text(
        "from pathlib import Path\n"
        "def pytest_unconfigure(config): Path(config.option.xmlpath).write_text('<testsuites>')\n", encoding="utf-8")
    (folder / "test_things.py").write_text("def test_good(): pass\n", encoding="utf-8")
    report = PytestJob("cases", "e2e", 60).run(around)
    assert "cannot be read" in report.failed()[0].detail
    assert "test_good" in report.output


def test_nothing_of_a_test_outlives_it(around):
    left = around.root / "left"
    report = program(around, "some_test", f"(sleep 1; touch {left}) & exit 0", gtest_report(case("A"))).run(around)
    assert outcomes(report) == [("Suite.A", PASSED)]
    around.running.run(["sleep", "1.5"], 5, cwd=around.root)
    assert not left.exists()


def test_pytest_items_are_counted(around):
    folder = around.root / "cases"
    folder.mkdir()
    (around.root / "pytest.ini").write_text("[pytest]\nmarkers = slow\n", encoding="utf-8")
    (folder / "test_things.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert 1 == 2\n"
        "@pytest.mark.skip(reason='why')\ndef test_skipped(): pass\n"
        "@pytest.mark.slow\ndef test_slow(): pass\n"
        "@pytest.fixture\ndef broken(): raise RuntimeError\n"
        "def test_error(broken): pass\n", encoding="utf-8")
    report = PytestJob("cases", "e2e", 60).run(around)
    assert outcomes(report) == [("test_things.test_good", PASSED), ("test_things.test_bad", FAILED),
                                ("test_things.test_skipped", SKIPPED), ("test_things.test_error", FAILED)]
    assert outcomes(PytestJob("cases", "slow", 60, slow=True).run(around)) == [("test_things.test_slow", PASSED)]


def test_a_folder_of_two_parts_is_two_jobs_that_run_each_test_once(around, tmp_path):
    folder = around.root / "tests" / "stores"
    folder.mkdir(parents=True)
    (around.root / "pytest.ini").write_text("[pytest]\nmarkers =\n  slow\n  mariadb\n", encoding="utf-8")
    (folder / "test_things.py").write_text(
        "import pytest\n"
        "of_kind = pytest.mark.parametrize('kind', ['one', pytest.param('two', marks=pytest.mark.mariadb)])\n"
        "@of_kind\ndef test_of_a_kind(kind): pass\n"
        "@pytest.mark.slow\n@of_kind\ndef test_slow(kind): pass\n"
        "def test_of_none(): pass\n", encoding="utf-8")
    jobs = make_plan(["integration"], around.root, tmp_path).together
    assert [outcomes(job.run(around)) for job in jobs] == [
        [("test_things.test_of_a_kind[one]", PASSED), ("test_things.test_of_none", PASSED)],
        [("test_things.test_of_a_kind[two]", PASSED)]]
    assert len({job.title for job in jobs}) == 2
    (job,) = make_plan(["slow"], around.root, tmp_path).alone
    assert len(job.run(around).cases) == 2


def test_a_pytest_folder_that_cannot_be_collected_has_failed(around):
    folder = around.root / "cases"
    folder.mkdir()
    (folder / "test_things.py").write_text("import no_such_module_anywhere\n", encoding="utf-8")
    assert PytestJob("cases", "e2e", 60).run(around).failed()


@pytest.mark.parametrize("body, outcome", [("exit 0", PASSED), ("echo bad; exit 1", FAILED), ("kill -9 $$", FAILED)])
def test_a_check_is_one_case(around, body, outcome):
    program(around, "check", body)
    assert outcomes(CheckJob("build/check", "lint", 5).run(around)) == [("build/check", outcome)]


def test_a_fuzz_target_without_a_corpus_has_failed(around):
    assert "no corpus" in FuzzJob("some_fuzz", "fuzz").run(around).failed()[0].detail


def test_a_skip_counts_as_failed_unless_it_is_known(tmp_path):
    listing = tmp_path / "known_skips"
    listing.write_text("# comment\n\nSuite.Known: needs a moon\n", encoding="utf-8")
    report = Report("job", [Case("Suite.Known", SKIPPED), Case("Suite.Other", SKIPPED, "tired")])
    KnownSkips(listing).judge(report)
    assert outcomes(report) == [("Suite.Known", SKIPPED), ("Suite.Other", FAILED)]


@pytest.mark.parametrize("line", ["Suite.Case", "Suite.Case: ", "Suite.Case:because"])
def test_a_known_skip_needs_its_reason(tmp_path, line):
    listing = tmp_path / "known_skips"
    listing.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match="needs its reason"):
        KnownSkips(listing)


@pytest.mark.parametrize("labels", [["no-such-label"], [""], ["unit", "units"]])
def test_an_unknown_or_empty_label_is_an_error(labels):
    with pytest.raises(UsageError, match="unknown label"):
        check_labels(labels)


@pytest.mark.parametrize("arguments, named", [
    *((("sim", "--seed", seed), seed) for seed in ("abc", "", "1.5", "1e3", "0x10", "-1", "+1", " 1", "1_0", "\u0661",
                                                   "18446744073709551616", "9" * 100)),
    (("sim", "--seed"), "--seed"), (("sim", "--seed", "--record", "x"), "--seed"), (("unit", "--seed", "1"), "--seed"),
    (("sim", "--record", "x"), "--record"), (("--fast",), "--fast"), (("simulator",), "simulator"),
])
def test_a_wrong_argument_is_one_sentence(arguments, named):
    ended = subprocess.run([sys.executable, str(RUNNER), *arguments], capture_output=True, text=True, timeout=30,
                           check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    (said,) = ended.stderr.splitlines()
    assert said.startswith("./test: ") and named in said


def test_every_seed_of_the_simulator_is_taken():
    assert [read_seed(text) for text in ("0", "007", "18446744073709551615")] == [0, 7, (1 << 64) - 1]


def test_without_labels_everything_but_slow_is_run():
    assert check_labels([]) == ["lint", "unit", "contract", "integration", "sim", "fuzz", "e2e", "fault"]


def test_a_label_without_tests_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="no tests"):
        make_plan(["unit"], tmp_path, tmp_path / "build")


def test_only_the_programs_of_the_labels_are_run_and_built(tmp_path):
    (tmp_path / "tests.list").write_text("unit a_test\ncontract b_test\nunit c_test\n", encoding="utf-8")
    plan = make_plan(["unit"], tmp_path, tmp_path)
    assert plan.targets == ["a_test", "c_test"]
    assert [job.name for job in plan.together] == ["a_test", "c_test"]


def test_a_job_is_told_where_its_servers_are(around, monkeypatch):
    monkeypatch.delenv("WAYBILL_POSTGRES", raising=False)
    body = f'echo "$WAYBILL_RABBITMQ $WAYBILL_POSTGRES" >{around.root}/told'
    job = program(around, "some_test", body, gtest_report(case("A")))
    replace(job, services=("rabbitmq",)).run(around)
    assert (around.root / "told").read_text(encoding="utf-8") == "rabbitmq://there \n"


@pytest.mark.parametrize("job", [GtestJob("some_test", "integration", 5, ("rabbitmq", "mariadb")),
                                 PytestJob("cases", "integration", 5, services=("mariadb",))])
def test_a_job_whose_server_does_not_start_has_failed(around, job):
    report = job.run(around)
    assert [(found.outcome, found.detail) for found in report.cases] == [(FAILED, "mariadb ended at its start")]


def test_a_program_names_its_servers_in_the_list(tmp_path):
    listing = tmp_path / "tests.list"
    listing.write_text("integration a_test rabbitmq postgres\nintegration b_test \n", encoding="utf-8")
    assert [job.services for job in make_plan(["integration"], tmp_path, tmp_path).together] == [
        ("rabbitmq", "postgres"), ()]
    listing.write_text("integration a_test rabitmq\n", encoding="utf-8")
    with pytest.raises(UsageError, match="a_test needs the unknown server 'rabitmq'"):
        make_plan(["integration"], tmp_path, tmp_path)


def test_a_folder_names_its_servers_by_a_mark(tmp_path):
    folder = tmp_path / "tests" / "integration"
    folder.mkdir(parents=True)
    (folder / "test_one.py").write_text("pytestmark = pytest.mark.services('rabbitmq')\n", encoding="utf-8")
    (folder / "test_two.py").write_text('@pytest.mark.services("postgres", "rabbitmq")\n', encoding="utf-8")
    (folder / "test_six.py").write_text("say('@pytest.mark.services(\"mariadb\")')\n", encoding="utf-8")
    (job,) = make_plan(["integration"], tmp_path, tmp_path).together
    assert job.services == ("rabbitmq", "postgres")


def test_a_folder_of_tests_brings_the_programs_that_it_drives(tmp_path):
    folder = tmp_path / "tests" / "e2e"
    folder.mkdir(parents=True)
    (folder / "test_one.py").write_text("def test_x(): pass\n", encoding="utf-8")
    plan = make_plan(["e2e"], tmp_path, tmp_path)
    assert (plan.targets, [job.folder for job in plan.alone]) == (["waybill"], ["tests/e2e"])
    with pytest.raises(UsageError, match="no tests"):
        make_plan(["slow"], tmp_path, tmp_path)
    (folder / "test_two.py").write_text("@pytest.mark.slow\ndef test_y(): pass\n", encoding="utf-8")
    assert [job.slow for job in make_plan(["slow"], tmp_path, tmp_path).alone] == [True]


def test_the_repository_lists_only_skips_with_reasons():
    KnownSkips(Path(__file__).resolve().parents[2] / "tests" / "known_skips")
