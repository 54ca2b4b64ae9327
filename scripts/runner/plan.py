"""Which jobs a label means, and what must be built for them."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from runner.jobs import CheckJob, FuzzJob, GtestJob, PytestJob
from services_lib.catalog import NAMES

DEFAULT_LABELS = ("lint", "unit", "contract", "integration", "sim", "fuzz", "e2e", "fault")
LABELS = (*DEFAULT_LABELS, "slow")

SEED_MOST = (1 << 64) - 1

CHECKS = ("scripts/check-format", "scripts/check-includes", "scripts/check-tree")


@dataclass(frozen=True)
class Folder:
    """A folder of pytest files, and the programs that its tests drive. Its tests with the mark `apart` are a job of
    their own: two jobs of half the length keep both hands busy."""

    label: str
    path: str
    targets: tuple[str, ...] = ()
    alone: bool = True
    apart: str = ""

    @property
    def parts(self):
        return (f"not {self.apart}", self.apart) if self.apart else ("",)


FOLDERS = (
    Folder("lint", "scripts/tests", alone=False),
    Folder("integration", "tests/stores", ("waybill",), alone=False, apart="mariadb"),
    Folder("integration", "tests/integration", ("mime_tool", "smtp_tool", "waybill"), alone=False),
    Folder("integration", "tests/rabbitmq", ("waybill",), alone=False),
    Folder("integration", "tests/postgres", ("waybill",), alone=False),
    Folder("integration", "tests/mariadb", ("waybill",), alone=False),
    Folder("e2e", "tests/e2e", ("waybill",)),
    Folder("fault", "tests/fault", ("waybill",)),
)
# How tests in a folder say which servers they need: a decorator, or the mark of a whole file.
SERVICES_MARK = re.compile(r"^\s*(?:@|pytestmark\s*=\s*)pytest\.mark\.services\(([^)]*)\)", re.MULTILINE)
DEADLINES_S = {"lint": 180, "unit": 300, "contract": 300, "integration": 1500, "sim": 600, "e2e": 600, "fault": 900,
               "slow": 3600}


class UsageError(Exception):
    pass


@dataclass
class Plan:
    """`together` may run two at a time; `alone` need the machine for themselves, because they measure time."""

    together: list = field(default_factory=list)
    alone: list = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    fuzz_targets: list[str] = field(default_factory=list)


def check_labels(labels) -> list[str]:
    for label in labels:
        if label not in LABELS:
            raise UsageError(f"unknown label '{label}'; known: {', '.join(LABELS)}")
    wanted = labels or DEFAULT_LABELS
    return [label for label in LABELS if label in wanted]


def read_seed(text) -> int:
    """A seed as the simulator takes it."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 40 or int(text) > SEED_MOST:
        raise UsageError(f"'{text}' is not a seed: give --seed a whole number from 0 to {SEED_MOST}")
    return int(text)


def needs_build(labels) -> bool:
    return labels != ["lint"]


def listed_programs(build: Path) -> list[tuple[str, str, tuple[str, ...]]]:
    """(label, program, servers that it needs) of every line that cmake left in tests.list."""
    listing = build / "tests.list"
    if not listing.exists():
        return []
    lines = [line.split() for line in listing.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [(label, name, _known(services, name)) for label, name, *services in lines]


def _known(services, who) -> tuple[str, ...]:
    for service in services:
        if service not in NAMES:
            raise UsageError(f"{who} needs the unknown server '{service}'; known: {', '.join(NAMES)}")
    return tuple(services)


def make_plan(labels, root: Path, build: Path) -> Plan:
    plan = Plan()
    for label in labels:
        before = len(plan.together) + len(plan.alone)
        _add_programs(plan, label, build)
        _add_folders(plan, label, root)
        if label == "lint":
            plan.together += [CheckJob(check, label, DEADLINES_S[label]) for check in CHECKS]
        if label == "fuzz":
            plan.fuzz_targets = [name for _, name, _ in listed_programs(root / "build" / "fuzz")]
            plan.together += [FuzzJob(name, label) for name in plan.fuzz_targets]
        if len(plan.together) + len(plan.alone) == before:
            raise UsageError(f"label '{label}' has no tests")
    return plan


def _add_programs(plan, label, build):
    for of_label, name, services in listed_programs(build):
        if of_label == label:
            plan.together.append(GtestJob(name, label, DEADLINES_S[label], services))
            plan.targets.append(name)


def _add_folders(plan, label, root):
    slow = label == "slow"
    for folder in FOLDERS:
        path = root / folder.path
        if _has_tests(path, "pytest.mark.slow") if slow else folder.label == label and _has_tests(path):
            jobs = [PytestJob(folder.path, label, DEADLINES_S[label], slow, _services_of(path), part)
                    for part in (("",) if slow else folder.parts)]
            (plan.alone if folder.alone or slow else plan.together).extend(jobs)
            plan.targets += [target for target in folder.targets if target not in plan.targets]


def _has_tests(folder: Path, containing="") -> bool:
    return any(containing in path.read_text(encoding="utf-8") for path in folder.glob("test_*.py"))


def _services_of(folder: Path) -> tuple[str, ...]:
    found = {}
    for path in sorted(folder.glob("test_*.py")):
        for mark in SERVICES_MARK.findall(path.read_text(encoding="utf-8")):
            names = [name.strip(" \"'\n") for name in mark.split(",")]
            found.update(dict.fromkeys(_known(names, path.name)))
    return tuple(found)
