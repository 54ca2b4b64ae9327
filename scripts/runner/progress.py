"""One line that tells what is being done: rewritten in place on a terminal, else a plain line every half minute."""

import shutil
import sys
import threading
import time

QUIET_S = 30


class Progress:
    def __init__(self, stream=sys.stderr):
        self._stream = stream
        self._terminal = stream.isatty()
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._told = self._started
        self._doing = {}
        self._passed = 0
        self._failed = 0

    def doing(self, job, what=None):
        """Without `what` it is still at what it was doing."""
        with self._lock:
            self._doing[job] = what or self._doing.get(job, "")
            self._show()

    def end(self, job, passed, failed):
        with self._lock:
            self._doing.pop(job, None)
            self._passed += passed
            self._failed += failed
            self._show()

    def say(self, text):
        """Prints something lasting, above the line."""
        with self._lock:
            self._clear()
            print(text, flush=True)

    def clear(self):
        with self._lock:
            self._clear()
            self._stream.flush()

    def _show(self):
        doing = ", ".join(f"{job} {what}".rstrip() for job, what in self._doing.items())
        line = f"{time.monotonic() - self._started:4.0f} s  {self._passed} passed, {self._failed} failed so far  {doing}"
        if self._terminal:
            self._clear()
            self._stream.write(line[:shutil.get_terminal_size().columns - 1])
            self._stream.flush()
        elif doing and time.monotonic() - self._told >= QUIET_S:
            self._told = time.monotonic()
            print(line, file=self._stream, flush=True)

    def _clear(self):
        if self._terminal:
            self._stream.write("\r\033[K")
