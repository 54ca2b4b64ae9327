"""Mail servers that nobody here wrote, private to a test: Debian's Postfix, and its smtp-sink."""

import os
import random
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from harness.program import ROOT, children_of
from harness.waiting import eventually

MAIN = """compatibility_level=3.6
queue_directory={directory}/spool
data_directory={directory}/data
maillog_file_prefixes={directory}
maillog_file={directory}/maillog
inet_interfaces=127.0.0.1
inet_protocols=ipv4
myhostname=mx.test
mydestination=
virtual_mailbox_domains=example.test
virtual_mailbox_base={directory}/mail
virtual_mailbox_maps=static:all/
virtual_uid_maps=static:65534
virtual_gid_maps=static:65534
smtputf8_enable=yes
smtpd_recipient_limit=120
smtpd_recipient_overshoot_limit=1
smtpd_recipient_restrictions=check_recipient_access regexp:{{{{/^bad/ 550 5.1.1 no such user}} {{/^tmp/ 450 4.2.1 mailbox busy}}}}, reject_unauth_destination
smtpd_end_of_data_restrictions=check_sender_access regexp:{{{{/^eod4/ 450 4.7.1 later}} {{/^eod5/ 550 5.7.1 content rejected}}}}
smtpd_tls_chain_files={key},{certificate}
smtpd_tls_security_level=may
smtpd_tls_loglevel=1
"""


def free_port():
    """One that nobody is given who connects somewhere: whoever listens here may end, and start again."""
    while True:
        port = random.randrange(10_000, 20_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def listens(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(command, port, pid_file=None, **options):
    """A program in the foreground, from when it listens. It is ended by the pid in the file, if it leaves one."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options) as process:
        try:
            eventually(lambda: process.poll() is not None or listens(port), 20, f"{command[0]} listens on {port}")
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.kill(int(pid_file.read_text(encoding="ascii")) if pid_file and pid_file.exists() else process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def install():
    subprocess.run([str(ROOT / "scripts" / "bootstrap"), "postfix"], check=True, timeout=900)


class Postfix:
    """One instance. bad…@ is refused, tmp…@ is busy, the senders eod4…@ and eod5…@ after their content."""

    def __init__(self, directory, port, tls_port):
        self._directory = directory
        self._new = directory / "mail" / "all" / "new"
        self._pid_file = directory / "spool" / "pid" / "master.pid"
        self._life = ExitStack()
        self.port = port
        self.tls_port = tls_port

    def start(self):
        self._life.enter_context(running(["postfix", "-c", str(self._directory / "etc"), "start-fg"], self.port, self._pid_file,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def stop(self):
        self._life.close()

    def kill(self):
        """All of its processes, without a warning. Its queue and its mails stay for the next start."""
        master = int(self._pid_file.read_text(encoding="ascii"))
        os.kill(master, signal.SIGSTOP)  # or it starts others while these are killed
        for pid in (*children_of(master), master):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._pid_file.unlink()
        self._life.close()
        eventually(lambda: not listens(self.port), 20, "its sockets are gone with its processes")

    def mails(self):
        """All mails that were delivered."""
        return [path.read_bytes() for path in sorted(self._new.iterdir())] if self._new.is_dir() else []

    def mail_count(self):
        return len(os.listdir(self._new)) if self._new.is_dir() else 0

    def queue_is_empty(self):
        """True once all that it accepted is delivered. What a kill left unfinished is not executable, and was not accepted."""
        queues = (self._directory / "spool" / name for name in ("incoming", "active", "deferred"))
        return not any(path.is_file() and os.access(path, os.X_OK) for queue in queues for path in queue.rglob("*"))

    def await_mails(self, count):
        return eventually(lambda: len(found := self.mails()) >= count and found, 20, f"{count} mails are delivered")

    def log(self):
        return (self._directory / "maillog").read_text(encoding="utf-8")

    def busy_no_more(self):
        """From now on tmp…@ is taken like everybody; bad…@ is still refused."""
        self._without("{/^tmp/ 450 4.2.1 mailbox busy}")

    def refuses_no_more(self):
        """From now on bad…@ is taken like everybody, on connections that are made from now on."""
        self._without("{/^bad/ 550 5.1.1 no such user}")
        eventually(lambda: self._takes("bad@example.test"), 20, "the rule is forgotten")

    def _takes(self, address):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as probe:
            probe.ehlo()
            probe.mail("a@example.test")
            return probe.rcpt(address)[0] == 250

    def _without(self, rule):
        main = self._directory / "etc" / "main.cf"
        main.write_text(main.read_text(encoding="utf-8").replace(rule, ""), encoding="utf-8")
        subprocess.run(["postfix", "-c", str(self._directory / "etc"), "reload"], check=True, timeout=20, capture_output=True)


@contextmanager
def postfix(key, certificate, **settings):
    """Runs one that shows this certificate, on one port with STARTTLS and on one with TLS from the start. `settings` are
    further lines of its main.cf, or replace those above."""
    assert os.geteuid() == 0, "Postfix starts as root only: run this test as root"
    install()
    directory = Path(tempfile.mkdtemp(prefix="waybill-postfix-", dir="/var/tmp"))
    try:
        directory.chmod(0o755)
        made = Postfix(directory, free_port(), free_port())
        _configure(directory, made, key, certificate, settings)
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _configure(directory, ports, key, certificate, settings):
    for name in ("etc", "spool", "data", "mail"):
        (directory / name).mkdir()
    (directory / "maillog").touch()
    # Who looks after the queue at a start runs as this user, and ends if it cannot write down what a kill has left there.
    shutil.chown(directory / "maillog", "postfix")
    shutil.chown(directory / "data", "postfix")
    shutil.chown(directory / "mail", "nobody")
    shutil.copy(key, directory / "key.pem")
    shutil.copy(certificate, directory / "cert.pem")
    usual = MAIN.format(directory=directory, key=directory / "key.pem", certificate=directory / "cert.pem")
    lines = {**dict(line.split("=", 1) for line in usual.splitlines()), **settings}
    (directory / "etc" / "main.cf").write_text("".join(f"{name}={value}\n" for name, value in lines.items()), encoding="utf-8")
    shutil.copy("/usr/share/postfix/master.cf.dist", directory / "etc" / "master.cf")
    services = [f"127.0.0.1:{ports.port}/inet=127.0.0.1:{ports.port} inet n - n - - smtpd",
                f"127.0.0.1:{ports.tls_port}/inet=127.0.0.1:{ports.tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes"]
    for arguments in (["-F", "*/*/chroot=n"], ["-MX", "smtp/inet"], *(["-M", service] for service in services)):
        subprocess.run(["postconf", "-c", str(directory / "etc"), *arguments], check=True, timeout=20)


@contextmanager
def smtp_sink(*options, port=None):
    """Runs smtp-sink, which takes everything, and gives its port."""
    install()
    port = port or free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with running(["smtp-sink", *user, *options, f"127.0.0.1:{port}", "1000"], port, stdout=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL):
        yield port
