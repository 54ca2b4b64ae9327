"""The kinds of job: a GoogleTest program, a pytest folder, a check, a fuzz target. Each runs and tells its cases."""

import json
import os
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from runner.result import FAILED, PASSED, SKIPPED, Case, Report
from services_lib.problem import Problem

PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Surroundings:
    """Where jobs run."""

    root: Path
    build: Path
    running: object  # process.Running
    tell: object     # called with (job, what it is doing; nothing if that is not known)
    servers: object  # servers.Servers

    def environment(self, report, services, **more):
        """This process's environment with where the servers are that a job needs; None, reported, if one did not start."""
        try:
            return {**os.environ, **self.servers.variables(services), **more}
        except Problem as problem:
            report.add_problem(str(problem))
            return None


@dataclass(frozen=True)
class GtestJob:
    name: str
    label: str
    deadline_s: int
    services: tuple[str, ...] = ()

    @property
    def title(self):
        return f"{self.label} {self.name}"

    def run(self, around: Surroundings) -> Report:
        report = Report(self.title)
        environment = around.environment(report, self.services)
        if environment is None:
            return report
        with tempfile.TemporaryDirectory(prefix="waybill-test-") as scratch:
            told = Path(scratch) / "cases.json"
            ended = around.running.run(
                [str(around.build / self.name), f"--gtest_output=json:{told}", "--gtest_brief=1"], self.deadline_s,
                cwd=around.root, env={**environment, "TMPDIR": scratch}, on_tick=lambda _: around.tell(report.job))
            _take_cases(report, told, _read_gtest)
        report.output = ended.output
        return _completed(report, ended)


def _take_cases(report: Report, told: Path, read) -> None:
    """A report that nobody can read (torn by a kill, a full disk) is a failure of its job, and its output is shown."""
    if not told.exists():
        return
    try:
        report.cases = list(read(told))
    except (ValueError, LookupError, TypeError, ElementTree.ParseError) as error:
        report.add_problem(f"its report cannot be read: {error!r}")


def _read_gtest(told: Path):
    # What a test compared and found different need not be text.
    for suite in json.loads(told.read_text(encoding="utf-8", errors="replace"))["testsuites"]:
        for case in suite["testsuite"]:
            name = f'{suite["name"]}.{case["name"]}'
            if case.get("failures"):
                yield Case(name, FAILED, case["failures"][0]["failure"])
            elif case["status"] == "NOTRUN" or case["result"] == "SKIPPED":
                yield Case(name, SKIPPED, " ".join(skip["message"] for skip in case.get("skipped", [])))
            else:
                yield Case(name, PASSED)


@dataclass(frozen=True)
class PytestJob:
    folder: str
    label: str
    deadline_s: int
    slow: bool = False
    services: tuple[str, ...] = ()
    part: str = ""  # of its tests, those that pytest chooses by this expression of marks; all if there is none

    @property
    def title(self):
        return f"{self.label} {self.folder}" + (f" ({self.part})" if self.part else "")

    def run(self, around: Surroundings) -> Report:
        report = Report(self.title)
        environment = around.environment(
            report, self.services, WAYBILL_BUILD=str(around.build), PYTHONDONTWRITEBYTECODE="1")
        if environment is None:
            return report
        with tempfile.TemporaryDirectory(prefix="waybill-test-") as scratch:
            told = Path(scratch) / "cases.xml"
            ended = around.running.run(
                [PYTHON, "-m", "pytest", "-v", "--tb=short", "-p", "no:cacheprovider", f"--junitxml={told}",
                 "-m", self._marks(), "--basetemp", f"{scratch}/tests", self.folder],
                self.deadline_s, cwd=around.root, on_tick=lambda text: around.tell(report.job, _last_item(text)),
                env=environment)
            _take_cases(report, told, _read_pytest)
        report.output = ended.output
        return _completed(report, ended)

    def _marks(self):
        pace = "slow" if self.slow else "not slow"
        return f"{pace} and ({self.part})" if self.part else pace


def _last_item(text):
    items = [line.split(" ")[0] for line in text.splitlines() if "::" in line]
    return items[-1].rpartition("/")[2] if items else None


def _read_pytest(told: Path):
    for case in ElementTree.parse(told).iter("testcase"):
        name = f'{case.get("classname", "").rpartition(".")[2]}.{case.get("name")}'.lstrip(".")
        for kind, outcome in (("failure", FAILED), ("error", FAILED), ("skipped", SKIPPED)):
            found = case.find(kind)
            if found is not None:
                yield Case(name, outcome, found.get("message", ""))
                break
        else:
            yield Case(name, PASSED)


@dataclass(frozen=True)
class CheckJob:
    """A program that is quiet and exits 0 when all is well: one case."""

    command: str
    label: str
    deadline_s: int

    @property
    def title(self):
        return f"{self.label} {self.command}"

    def run(self, around: Surroundings) -> Report:
        ended = around.running.run([str(around.root / self.command)], self.deadline_s, cwd=around.root)
        passed = ended.code == 0 and not ended.timed_out
        detail = "" if passed else ended.problem() or "found something"
        return Report(self.title, [Case(self.command, PASSED if passed else FAILED, detail)], ended.output)


@dataclass(frozen=True)
class FuzzJob:
    """A libFuzzer target: first its kept corpus, then 30 s of new inputs. What it finds stays out of the corpus."""

    name: str
    label: str
    seconds: int = 30

    @property
    def title(self):
        return f"{self.label} {self.name}"

    def run(self, around: Surroundings) -> Report:
        report = Report(self.title)
        corpus = around.root / "tests" / "fuzz" / "corpus" / self.name
        if not corpus.is_dir():
            report.add_problem(f"has no corpus: {corpus.relative_to(around.root)}")
            return report
        with tempfile.TemporaryDirectory(prefix="waybill-fuzz-") as scratch:
            ended = around.running.run(
                [str(around.root / "build" / "fuzz" / self.name), f"-max_total_time={self.seconds}", "-timeout=10",
                 f"-artifact_prefix={scratch}/", scratch, str(corpus)], self.seconds * 4 + 60, cwd=around.root)
            found = [path for path in Path(scratch).iterdir() if path.name.startswith(("crash-", "timeout-", "oom-"))]
            inputs = "".join(f"\n{path.name}: {path.read_bytes()!r}" for path in found)
        passed = ended.code == 0 and not ended.timed_out
        report.cases.append(Case(self.name, PASSED if passed else FAILED, "" if passed else f"failed on{inputs}"))
        report.output = ended.output
        return report


def _completed(report: Report, ended) -> Report:
    """Makes sure that a job which went wrong as a whole has a failed case that says so."""
    problem = ended.problem()
    if problem:
        report.add_problem(problem)
    elif ended.code != 0 and not report.failed():
        report.add_problem(f"ended with exit code {ended.code} without naming a failed case")
    elif not report.cases:
        report.add_problem("ran no test case")
    return report
