"""Servers for tests: where the shared ones of this run are, and private ones for tests that kill theirs."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from harness.program import ROOT
from harness.waiting import eventually

SERVICES = ROOT / "scripts" / "services"
WITH_SERVICES = ROOT / "scripts" / "with-services"
START_S = 240


def variable_of(name):
    return "WAYBILL_" + name.upper().replace("-", "_")


def url_of(name):
    """The URL of a server that the test's mark `services` names. A test without its server has failed."""
    url = os.environ.get(variable_of(name), "")
    assert url, f"{variable_of(name)} is not set: run this by ./test, or by scripts/with-services {name} -- COMMAND"
    return url


class PrivateServices:
    """scripts/services on a directory of its own; end() leaves nothing. The verbs raise if the script fails."""

    def __init__(self, **environment):
        # Below the directory of the test run, which ends what a killed test leaves. Not below pytest's tmp_path: the
        # servers' own users cannot pass through that.
        above = os.environ.get("WAYBILL_SERVICES_DIR", "/var/tmp")
        self.directory = tempfile.mkdtemp(prefix="waybill-services-", dir=above)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
        self.environment = {**kept, "WAYBILL_SERVICES_DIR": self.directory, **environment}

    def run(self, *arguments, program=SERVICES, **environment):
        """Runs it to its end, whatever that is."""
        return subprocess.run([str(program), *arguments], env={**self.environment, **environment}, timeout=START_S,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def __call__(self, verb, *names):
        """What the verb printed."""
        done = self.run(verb, *names)
        assert done.returncode == 0, f"scripts/services {verb} {' '.join(names)}: {done.stderr}"
        return done.stdout

    def url(self, name):
        line = next(line for line in self("env", name).splitlines() if line.startswith(f"export {variable_of(name)}="))
        return line.partition("=")[2].strip("'")

    def pid(self, name):
        """The number of the server's process."""
        return int(self("status", name).partition("pid ")[2].split()[0])

    def control(self, name, *arguments):
        """rabbitmqctl, psql or mariadb on it."""
        return self("ctl", name, *arguments)

    def wait_on_disk(self, queues, name="rabbitmq", quorum=False):
        """Until a kill cannot make RabbitMQ forget the queues. Version 3.10 first notes in a log what is declared, and
        from time to time moves that into the tables' own files, where it is up to two seconds late: after a kill in
        between the queue is gone, or, a quorum queue, comes back empty, without a leader, and answers nobody. So the
        move is asked for, and the tables' files are looked at."""
        node = Path(self.directory) / name / "data" / f"{name}@localhost"
        self.control(name, "eval", "mnesia:dump_log().")

        def holds(pattern, folder, queue):
            return any(queue.encode() in file.read_bytes() for file in folder.glob(pattern))

        for queue in queues:
            eventually(lambda queue=queue: holds("*.DC[DL]", node, queue), 20, f"{queue} is on the disk")
            if quorum:
                eventually(lambda queue=queue: holds("names.dets", node / "quorum" / node.name, queue), 20,
                           f"{queue} is registered on the disk")

    def end(self):
        running = self.run("status").stdout.splitlines()
        names = [line.split()[0] for line in running]
        self("wipe", *names)
        shutil.rmtree(self.directory)
