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


def waybill(*arguments, cwd, deadline_s=20, text=None, **environment):
    """Runs one command and returns it, ended, with its output as text."""
    return subprocess.run([str(PROGRAM), *map(str, arguments)], cwd=cwd, env=clean_environment(**environment),
                          input=text, stdin=subprocess.DEVNULL if text is None else None, capture_output=True,
                          text=True, timeout=deadline_s, check=False)
