#!/usr/bin/python3
"""Builds and runs the tests of the given labels (all but `slow` if none). Called by ./test.

Ends with `N passed, N failed`, where N counts test cases. A skip counts as failed unless tests/known_skips names it.
Exit codes: 0 nothing failed and something ran, 1 failed, 2 usage.
"""

import argparse
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from runner.jobs import Surroundings
from runner.plan import LABELS, UsageError, check_labels, make_plan, needs_build, read_seed
from runner.process import Running
from runner.progress import Progress
from runner.result import FAILED, PASSED, KnownSkips, Report
from runner.servers import Servers

ROOT = Path(__file__).resolve().parent.parent


def build(preset, targets=()):
    if subprocess.run([str(ROOT / "scripts" / "build"), preset, *targets], check=False).returncode != 0:
        print("0 passed, 1 failed")
        sys.exit(1)


def prepare(labels, preset):
    """Configures, which tells what tests there are, and builds what they need."""
    if needs_build(labels):
        build(preset)
    if "fuzz" in labels:
        build("fuzz")
    plan = make_plan(labels, ROOT, ROOT / "build" / preset)
    if plan.targets:
        build(preset, plan.targets)
    if plan.fuzz_targets:
        build("fuzz", plan.fuzz_targets)
    return plan


def read_known_skips():
    try:
        return KnownSkips(ROOT / "tests" / "known_skips")
    except ValueError as error:
        raise UsageError(error) from error


class TestRun:
    """Runs jobs and keeps count."""

    def __init__(self, preset, known_skips, tell_all=False):
        self.tell_all = tell_all
        self.progress = Progress()
        self.running = Running()
        self.servers = Servers()
        self.around = Surroundings(ROOT, ROOT / "build" / preset, self.running, self.progress.doing, self.servers)
        self.known_skips = known_skips
        self.passed = 0
        self.failed = 0

    def run(self, plan):
        try:
            self._run_all(plan)
        finally:
            self.servers.stop()

    def _run_all(self, plan):
        with ThreadPoolExecutor(max_workers=2) as pool:
            try:
                for done in as_completed([pool.submit(self._run_one, job) for job in plan.together]):
                    self._count(done.result())
                for job in plan.alone:
                    self._count(self._run_one(job))
            except BaseException:
                self.running.stop()
                pool.shutdown(cancel_futures=True)
                raise

    def _run_one(self, job) -> Report:
        self.progress.doing(job.title)
        report = job.run(self.around)
        self.known_skips.judge(report)
        failed = len(report.failed())
        self.progress.end(job.title, sum(case.outcome == PASSED for case in report.cases), failed)
        return report

    def _count(self, report):
        self.passed += sum(case.outcome == PASSED for case in report.cases)
        self.failed += len(report.failed())
        if self.tell_all and not report.failed():
            self.progress.say(report.output.rstrip())
        if report.failed():
            self.progress.say(f"==== {report.job}\n{report.output.rstrip()}")
            for case in report.failed():
                self.progress.say(f"{FAILED}: {case.name}: {case.detail}")


def simulate_one(preset, seed, record):
    """One run of the simulator, told in full."""
    build(preset, ["sim_test"])
    command = [str(ROOT / "build" / preset / "sim_test"), "--seed", str(seed)]
    return subprocess.run(command + (["--record", record] if record else []), check=False).returncode


class Arguments(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message):
        print(f"./test: {message}", file=sys.stderr)
        sys.exit(2)


def main():
    parser = Arguments(prog="./test", description="Runs the tests of the given labels.")
    parser.add_argument("labels", nargs="*", metavar="LABEL", help=f"{', '.join(LABELS)}; none: all but slow")
    parser.add_argument("--preset", default="release", help="which build to test (default: release)")
    parser.add_argument("--seed", help="with sim: one run of the simulator, told in full")
    parser.add_argument("--record", metavar="FILE", help="with --seed: also writes what it asked of the log")
    arguments = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    try:
        if arguments.seed is not None or arguments.record is not None:
            if arguments.labels != ["sim"] or arguments.seed is None:
                raise UsageError("--seed N goes with the label sim alone, and --record FILE with --seed N")
            return simulate_one(arguments.preset, read_seed(arguments.seed), arguments.record)
        labels = check_labels(arguments.labels)
        # The simulator's coverage is worth reading also when all is well.
        run = TestRun(arguments.preset, read_known_skips(), tell_all=labels == ["sim"])
        run.run(prepare(labels, arguments.preset))
    except UsageError as error:
        print(f"./test: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    run.progress.clear()
    print(f"{run.passed} passed, {run.failed} failed")
    return 0 if run.failed == 0 and run.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
