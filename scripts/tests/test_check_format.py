"""A file that is not formatted is found wherever there is C++, and what is formatted passes quietly."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORMATTED = "int main() { return 0; }\n"


def check(root, name, text):
    for kept in ("scripts/check-format", ".clang-format"):
        (root / kept).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / kept, root / kept)
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return subprocess.run([str(root / "scripts" / "check-format")], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["src/base/a.cc", "src/base/a.h", "testing/a.cc", "tests/unit/a.cc", "bench/a.cc",
                                  "tests/fault/a.c", "scripts/tests/a.cc"])
def test_a_file_that_is_not_formatted_is_found(tmp_path, name):
    done = check(tmp_path, name, "int   main( ) {return 0;}\n")
    assert done.returncode == 1
    assert f"{name}: not formatted\n" in done.stdout
    done = check(tmp_path, name, FORMATTED)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
