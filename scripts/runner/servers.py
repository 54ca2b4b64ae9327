"""The servers that jobs ask for: private ones, of this run alone, started for the first job that needs them."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

from services_lib.catalog import Catalog
from services_lib.directory import end_all
from services_lib.problem import Problem
from services_lib.verbs import start


def unmount_below(directory):
    """What tests had mounted there and could not unmount, for they were killed or had lost their server."""
    for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
        place = Path(line.split()[1].replace("\\040", " "))  # proc(5): a space is written so
        if directory in place.parents:
            subprocess.run(["umount", "--lazy", str(place)], check=True)


class Servers:
    """One that the environment gives already (WAYBILL_RABBITMQ and the like) is used and left alone."""

    def __init__(self):
        self._lock = threading.Lock()
        self._base = None
        self._ready = set()
        self._problems = {}  # by the names that were asked for: no job waits again for what did not start

    def variables(self, names):
        """What a job that needs these is told. Raises Problem if one does not start."""
        with self._lock:
            if names in self._problems:
                raise self._problems[names]
            try:
                return self._started(names)
            except Problem as problem:
                self._problems[names] = problem
                raise

    def _started(self, names):
        if self._base is None:
            # Not below TMPDIR: the servers' own users must pass through it, and it should be on a disk.
            self._base = Path(tempfile.mkdtemp(prefix="waybill-services-", dir="/var/tmp"))
            self._base.chmod(0o711)
        told = {"WAYBILL_SERVICES_DIR": str(self._base)}
        services = [service for service in Catalog(self._base).services(names) if service.variable not in os.environ]
        new = [service for service in services if service.name not in self._ready]
        if new:
            start(new, lambda service: service.up())
        self._ready.update(service.name for service in new)
        for service in services:
            told.update(service.variables())
        return told

    def stop(self):
        """Ends all that was started and removes what it left, also what killed tests started or mounted for themselves
        below our directory. Not to be interrupted: nobody else would do it."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        former = [signal.signal(number, signal.SIG_IGN) for number in numbers]
        with self._lock:
            if self._base is not None:
                end_all(self._base)
                unmount_below(self._base)
                shutil.rmtree(self._base)
        for number, handler in zip(numbers, former):
            signal.signal(number, handler)
