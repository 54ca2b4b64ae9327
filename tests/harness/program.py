"""The program under test, run once: its command line."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("WAYBILL_BUILD", ROOT / "build" / "release"))
PROGRAM = BUILD / "waybill"


def clean_environment(**more):
    """This process's environment without anything that configures Waybill, plus `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
    return {**kept, **more}


def as_variable(key):
    """`mail.journal` -> `WAYBILL_CFG_MAIL__JOURNAL`."""
    return "WAYBILL_CFG_" + key.upper().replace(".", "__")


def waybill(*arguments, cwd, deadline_s=60, text=None, **environment):
    """Runs one command and returns it, ended, with its output as text."""
    return subprocess.run([str(PROGRAM), *map(str, arguments)], cwd=cwd, env=clean_environment(**environment),
                          input=text, stdin=subprocess.DEVNULL if text is None else None, capture_output=True,
                          text=True, timeout=deadline_s, check=False)


def children_of(pid):
    """The pids of a process's children."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [int(child) for child in children.read().split()]


def is_running(pid):
    """False too for what has ended and only waits to be reaped."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False
