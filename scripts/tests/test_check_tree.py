"""Planted open ends, paths, dead links and broken scripts must be found."""

import subprocess
from pathlib import Path

import pytest

CHECK = Path(__file__).resolve().parent.parent / "check-tree"


def check(root, name, text):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return subprocess.run([str(CHECK), "--root", str(root)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name, text", [
    ("src/base/a.h", "#pragma once\n// TO" "DO(#12): later\n"),
    ("docs/a.md", "# One thing\n\n[here](#one-thing) [there](b/../a.md) [out](https://example.org/x)\n"),
    ("docs/a.md", "```\n[not a link](nowhere.md)\n```\n"),
    ("run", "#!/bin/bash\necho ok\n"),
    ("scripts/x.py", "print(1)\n"),
])
def test_what_is_in_order_passes_quietly(tmp_path, name, text):
    done = check(tmp_path, name, text)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name, text, why", [
    ("src/base/a.h", "#pragma once\n// TO" "DO: later\n", "needs the number"),
    ("src/base/a.cc", "// FIX" "ME\n", "needs the number"),
    ("src/base/a.cc", "int a; \n", "blanks"),
    ("src/base/a.cc", "int a;", "no end"),
    ("src/base/a.h", "int a;\n", "#pragma once"),
    ("docs/a.md", "see /wor" "k/main\n", "path of one machine"),
    ("docs/a.md", "[x](b.md)\n", "dead link: b.md"),
    ("docs/a.md", "# Title\n[x](#titel)\n", "no such heading"),
    ("run", "#!/bin/bash\nif true; then\n", "syntax error"),
    ("tests/fault/plant.c", "int a; \n", "blanks"),
    (".clang-format", "# see /wor" "k/main\n", "path of one machine"),
    (".gitignore", "build/ \n", "blanks"),
    ("LICENSE", "FIX" "ME\n", "needs the number"),
    ("scripts/x.py", "def f(:\n", "invalid syntax"),
    ("scripts/x", "#!/usr/bin/env python3\nprint(1)\n", "#!/usr/bin/python3"),
])
def test_what_is_out_of_order_is_found(tmp_path, name, text, why):
    done = check(tmp_path, name, text)
    assert done.returncode == 1
    assert done.stdout.startswith(name) and why in done.stdout


def test_where_no_file_is_large_nothing_is_listed(tmp_path):
    assert check(tmp_path, "src/base/a.cc", "//\n" * 500).returncode == 0
    done = subprocess.run([str(CHECK), "--root", str(tmp_path), "--sizes"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_large_files_are_only_listed(tmp_path):
    assert check(tmp_path, "src/base/a.cc", "//\n" * 501).returncode == 0
    done = subprocess.run([str(CHECK), "--root", str(tmp_path), "--sizes"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("501 lines")) == (0, 1)
