"""What a test program told: its cases, and whether it ended as a test program should."""

from dataclasses import dataclass, field

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


@dataclass(frozen=True)
class Case:
    """One GoogleTest case, one pytest item, one check."""

    name: str
    outcome: str
    detail: str = ""


@dataclass
class Report:
    """All that came of one job. A job that crashed, hung or ran nothing has a failed case of its own."""

    job: str
    cases: list[Case] = field(default_factory=list)
    output: str = ""

    def add_problem(self, what: str) -> None:
        self.cases.append(Case(self.job, FAILED, what))

    def failed(self) -> list[Case]:
        return [case for case in self.cases if case.outcome == FAILED]


class KnownSkips:
    """tests/known_skips: `NAME: REASON` a line. A skip that is not listed there counts as failed."""

    def __init__(self, path):
        self.reasons = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            name, separator, reason = line.partition(": ")
            if not separator or not reason.strip():
                raise ValueError(f"{path.name}:{number}: a skip needs its reason: `NAME: REASON`")
            self.reasons[name.strip()] = reason.strip()

    def judge(self, report: Report) -> None:
        """Turns every skip that is not listed into a failure."""
        for index, case in enumerate(report.cases):
            if case.outcome == SKIPPED and case.name not in self.reasons:
                what = f"skipped, and not listed in tests/known_skips: {case.detail}".rstrip(": ")
                report.cases[index] = Case(case.name, FAILED, what)
