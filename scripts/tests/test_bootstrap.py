"""scripts/bootstrap with stand-ins for dpkg-query and apt-get: what it asks for, and what it says when that fails."""

import os
import subprocess
from pathlib import Path

import pytest

BOOTSTRAP = Path(__file__).resolve().parent.parent / "bootstrap"


@pytest.fixture
def machine(tmp_path):
    """Runs bootstrap on a pretended machine; the calls of apt-get are in the file `calls`."""
    def run(*purposes, missing=(), apt="exit 0", user=None):
        stand_in(tmp_path / "dpkg-query", f"""
            for package in "${{@:3}}"; do
              case " {' '.join(missing)} " in *" $package "*) ;; *) echo "installed $package" ;; esac
            done""")
        stand_in(tmp_path / "apt-get", f'echo "$*" >>{tmp_path}/calls\n{apt}')
        stand_in(tmp_path / "id", f"echo {0 if user is None else user}")
        # Only what bootstrap itself needs, so that no sudo of this machine is found.
        for tool in ("env", "sed", "sort", "comm", "mktemp", "rm", "cat", "tail", "tr", "sleep", "grep", "awk", "dirname",
                     "paste", "bash", "mv", "chmod"):
            link = tmp_path / tool
            if not link.exists():
                link.symlink_to(f"/usr/bin/{tool}")
        (tmp_path / "calls").write_text("", encoding="utf-8")
        done = subprocess.run(["/bin/bash", str(BOOTSTRAP), *purposes],
                              env={**os.environ, "PATH": str(tmp_path), "TMPDIR": str(tmp_path),
                                   "WAYBILL_POLICY_RC_D": str(tmp_path / "policy")},
                              capture_output=True, text=True, timeout=30, check=False)
        done.calls = (tmp_path / "calls").read_text(encoding="utf-8")
        return done
    return run


def stand_in(path, body):
    path.write_text(f"#!/bin/bash\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def test_with_nothing_missing_nothing_is_asked_and_nothing_said(machine):
    done = machine("build", "test")
    assert (done.returncode, done.stdout, done.stderr, done.calls) == (0, "", "", "")


def test_only_what_is_missing_is_installed_and_nothing_removed(machine):
    done = machine("build", missing=["cmake", "ninja-build"])
    assert done.returncode == 0
    assert done.stderr == "installing cmake ninja-build\n"
    (call,) = done.calls.splitlines()
    assert call.endswith(" cmake ninja-build")
    assert {"install", "--no-remove", "--no-upgrade", "--no-install-recommends"} <= set(call.split())


def test_the_lists_are_fetched_only_if_the_first_try_fails(machine):
    done = machine("build", missing=["cmake"], apt='mark="${0%/*}/tried"; [ -e "$mark" ] || { : >"$mark"; exit 100; }')
    assert done.returncode == 0
    kinds = [next(word for word in call.split() if word in ("install", "update")) for call in done.calls.splitlines()]
    assert kinds == ["install", "update", "install"]


def test_without_a_network_one_sentence_names_what_is_missing(machine):
    done = machine("test", missing=["strace"], apt='echo "E: Could not resolve host"; exit 100')
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert said[0] == "installing strace"
    assert len(said) == 2 and "strace" in said[1] and "Could not resolve host" in said[1]


# As Debian's apt-get says it when another flavour of libcurl's development files is installed.
FLAVOURS = """
case "$*" in
  "-s "*prometheus-cpp-dev*) echo "Remv libcurl4-gnutls-dev [7.88.1]" ;;
  "-s "*) ;;
  *) echo "E: Packages need to be removed but remove is disabled."; exit 100 ;;
esac"""


def test_a_conflict_is_named_with_what_to_do_and_nothing_changed(machine):
    done = machine("build", missing=["cmake", "prometheus-cpp-dev"], apt=FLAVOURS)
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert len(said) == 2, said
    assert said[1].startswith("prometheus-cpp-dev cannot be installed beside libcurl4-gnutls-dev: nothing was changed.")
    assert "`apt-get install prometheus-cpp-dev`" in said[1]
    changing = [call for call in done.calls.splitlines() if " install " in call and not call.startswith("-s ")]
    assert changing and all("--no-remove" in call for call in changing)


def test_packages_that_conflict_only_together_are_named(machine):
    done = machine("build", missing=["cmake", "ninja-build"], apt="""
        case "$*" in
          "-s "*cmake*ninja-build*) echo "Remv precious [1.0]" ;;
          "-s "*) ;;
          *) echo "E: Packages need to be removed but remove is disabled."; exit 100 ;;
        esac""")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1].startswith("cmake ninja-build cannot be installed together beside precious:")


def test_what_apt_cannot_bring_together_is_named(machine):
    """One of the two is on hold."""
    done = machine("build", missing=["prometheus-cpp-dev"], apt="""
        echo "The following packages have unmet dependencies:"
        echo " libcurl4-openssl-dev : Conflicts: libcurl4-gnutls-dev but 7.88.1 is to be installed"
        echo "E: Error, pkgProblemResolver::Resolve generated breaks, this may be caused by held packages."
        exit 100""")
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert len(said) == 2, said
    assert "libcurl4-openssl-dev : Conflicts: libcurl4-gnutls-dev" in said[1]
    assert "no network" not in said[1]


ASK_POLICY = '"${0%/*}/policy" rabbitmq-server start; echo "policy says $?" >>"${0%/*}/calls"'


@pytest.mark.parametrize("apt", [ASK_POLICY, ASK_POLICY + "; exit 100"])
@pytest.mark.parametrize("former", [None, "exit 0", "exit 104"])
def test_no_service_is_started_by_an_install_and_the_policy_is_as_before(machine, tmp_path, former, apt):
    policy = tmp_path / "policy"
    if former:
        stand_in(policy, former)
    before = policy.read_bytes() if former else None
    done = machine("rabbitmq", missing=["rabbitmq-server"], apt=apt)
    assert "policy says 101" in done.calls
    assert (policy.read_bytes() if policy.exists() else None) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("policy")] == (["policy"] if former else [])


@pytest.mark.parametrize("former", [None, "exit 104"])
def test_the_policy_of_a_killed_install_stands_aside_and_the_next_one_restores(machine, tmp_path, former):
    policy = tmp_path / "policy"
    if former:
        stand_in(policy, former)
    machine("rabbitmq", missing=["rabbitmq-server"],
            apt=f"kill -9 $(sed -n 's:.*/proc/\\([0-9]*\\) .*:\\1:p' {policy})")
    assert policy.exists()
    assert subprocess.run([str(policy), "rabbitmq-server", "start"], check=False).returncode == (104 if former else 0)
    machine("rabbitmq", missing=["rabbitmq-server"])
    assert (policy.read_text(encoding="utf-8") if policy.exists() else None) == (
        f"#!/bin/bash\n{former}\n" if former else None)


def test_without_root_and_sudo_it_says_so(machine):
    done = machine("test", missing=["strace"], user=1000)
    assert (done.returncode, done.calls) == (1, "")
    assert "strace" in done.stderr and "sudo" in done.stderr


@pytest.mark.parametrize("purposes", [(), ("nonsense",)])
def test_a_purpose_is_needed(machine, purposes):
    assert machine(*purposes).returncode == 1
