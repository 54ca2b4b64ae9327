"""Reading and bending the system calls of the program, by strace."""

import re
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

CALLS = "pwrite64,write,fdatasync,fsync,sendto,sendmsg,writev"
SLOW_SYNC_US = 15_000
LINE = re.compile(r"^(\d+)\s+(.*)$")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)$")


def tracing(output):
    """To start a program under: its calls, whole strings, the names of files. The program keeps its own pid (-D)."""
    return ["strace", "-f", "-D", "-y", "-s", "1000000", "-o", str(output), "-e", f"trace={CALLS}", "-e", "signal=none"]


def injecting(output, what, path=None):
    """To start a program under: `what` happens to its calls, on the file if one is given. See strace(1), Tampering."""
    call = what.partition(":")[0]
    on_path = ["-P", str(path)] if path else []
    return ["strace", "-f", "-D", "-o", str(output), *on_path, "-e", f"trace={call}", "-e", f"inject={what}"]


def injected(output):
    """How many calls were tampered with so far."""
    text = output.read_text(encoding="ascii", errors="replace")
    return text.count("(INJECTED)") + text.count("(DELAYED)")


@dataclass
class Call:
    """One call; `begin` and `end` are places in the order in which strace saw things happen."""

    name: str
    text: str
    begin: int
    end: int


def read_calls(output):
    """Every call that ended, in the order of their beginnings."""
    calls, pending = [], {}
    for place, line in enumerate(output.read_text(encoding="ascii", errors="replace").splitlines()):
        found = LINE.match(line)
        if not found:
            continue
        thread, text = found.groups()
        resumed = RESUMED.match(text)
        if resumed:
            call = pending.pop(thread, None)
            if call:
                call.text += resumed.group(2)
                call.end = place
        elif "(" in text:
            call = Call(text.partition("(")[0], text, place, place)
            if text.endswith("<unfinished ...>"):
                call.end = 1 << 60
                pending[thread] = call
            calls.append(call)
    return calls


@contextmanager
def attached(output, processes, slow_syncs=False):
    """Traces processes that run already, and what they start, in one order; the calls are complete after the end. With
    the addresses of sockets. `slow_syncs`: who does not wait for a sync is far ahead of it."""
    pids = [argument for process in processes for argument in ("-p", str(process))]
    slow = ["-e", f"inject=fdatasync:delay_enter={SLOW_SYNC_US}"] if slow_syncs else []
    tracer = subprocess.Popen(["strace", "-f", "-yy", "-s", "1000000", "-o", str(output), "-e", f"trace={CALLS}", "-e",
                               "signal=none", *slow, *pids], stderr=subprocess.PIPE, text=True)
    for _ in processes:
        line = tracer.stderr.readline()
        assert "attached" in line, line
    try:
        yield
    finally:
        tracer.send_signal(signal.SIGINT)  # detaches
        tracer.communicate()
