"""Runs one program with a deadline, its output in a file, and ends it with all its children."""

import os
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Ended:
    code: int
    output: str
    timed_out: bool

    def problem(self) -> str | None:
        """Why this was not a clean end; None if it was, or if the program itself says what failed (exit code 1)."""
        if self.timed_out:
            return "did not end before its deadline and was killed"
        if self.code < 0:
            return f"was killed by {signal.Signals(-self.code).name}"
        if self.code > 1:
            return f"ended with exit code {self.code}"
        return None


class Running:
    """The processes that run now, so that Ctrl-C can end them."""

    def __init__(self):
        self._lock = threading.Lock()
        self._groups = set()
        self._stopping = False

    def run(self, command, deadline_s, *, cwd, env=None, on_tick=None) -> Ended:
        """`on_tick` is called every second with what the program has written since."""
        with tempfile.TemporaryFile() as sink:
            with self._lock:
                if self._stopping:
                    return Ended(-signal.SIGTERM, "", timed_out=False)
                process = subprocess.Popen(
                    command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
                    start_new_session=True)
                self._groups.add(process.pid)
            timed_out = not self._wait(process, deadline_s, sink, on_tick)
            self._end(process)
            return Ended(process.returncode, _text_of(sink, 0), timed_out)

    def stop(self):
        with self._lock:
            self._stopping = True
            for group in self._groups:
                _signal_group(group, signal.SIGKILL)

    @staticmethod
    def _wait(process, deadline_s, sink, on_tick) -> bool:
        left = deadline_s
        seen = 0
        while left > 0:
            try:
                process.wait(timeout=min(left, 1.0))
                return True
            except subprocess.TimeoutExpired:
                left -= 1.0
            if on_tick:
                size = os.fstat(sink.fileno()).st_size
                on_tick(_text_of(sink, seen))
                seen = size
        return False

    def _end(self, process):
        """Nothing of a test outlives it: its whole group is killed, whether or not it ended by itself."""
        with self._lock:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()
            self._groups.discard(process.pid)


def _text_of(sink, start) -> str:
    return os.pread(sink.fileno(), os.fstat(sink.fileno()).st_size - start, start).decode("utf-8", "replace")


def _signal_group(group, number):
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass
