"""Exim, private to a test. Its package excludes Postfix's, so that it is unpacked and not installed."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from harness.postfix import free_port, running
from harness.program import ROOT
from harness.waiting import eventually

PACKAGE = "exim4-daemon-light"
# It will not start without a user and a group of this name, which its package would have made.
USER = "Debian-exim"

CONFIGURATION = """spool_directory={directory}/spool
log_file_path={directory}/log/%slog
pid_file_path={directory}/pid
primary_hostname=exim.test
local_interfaces=127.0.0.1
daemon_smtp_ports={port}
exim_user=nobody
exim_group=nogroup
deliver_drop_privilege=true
tls_advertise_hosts=*
tls_certificate={directory}/cert.pem
tls_privatekey={directory}/key.pem
pipelining_advertise_hosts=*
accept_8bitmime=true
smtp_accept_queue_per_connection=0
log_selector=+smtp_protocol_error +pipelining +tls_cipher
acl_smtp_rcpt=recipient
acl_smtp_data=content
begin acl
recipient:
  deny local_parts=^bad.*
  defer local_parts=^tmp.*
  accept
content:
  deny senders=^eod5.*
  defer senders=^eod4.*
  accept
begin routers
all:
  driver=accept
  transport=maildir
begin transports
maildir:
  driver=appendfile
  directory={directory}/mail
  maildir_format
  envelope_to_add
  user=nobody
  group=nogroup
  create_directory
"""


class Exim:
    """One instance. bad…@ is refused, tmp…@ is busy, the senders eod4…@ and eod5…@ after their content."""

    def __init__(self, directory):
        self._directory = directory
        self.port = free_port()

    def mails(self):
        new = self._directory / "mail" / "new"
        return [path.read_bytes() for path in sorted(new.iterdir())] if new.is_dir() else []

    def await_mail(self, message_id):
        def found():
            return [mail for mail in self.mails() if f"<{message_id}>".encode() in mail]
        (mail,) = eventually(found, 20, f"{message_id} is delivered")
        return mail

    def log(self):
        return (self._directory / "log" / "mainlog").read_text(encoding="utf-8")


@contextmanager
def exim(key, certificate):
    """Runs one that shows this certificate after STARTTLS."""
    assert os.geteuid() == 0, "Exim starts as root only: run this test as root"
    subprocess.run([str(ROOT / "scripts" / "bootstrap"), "exim"], check=True, timeout=900)
    directory = Path(tempfile.mkdtemp(prefix="waybill-exim-", dir="/var/tmp"))
    try:
        directory.chmod(0o755)
        made = Exim(directory)
        _unpack(directory)
        _configure(directory, made.port, key, certificate)
        start = f"mount --bind {directory}/passwd /etc/passwd && mount --bind {directory}/group /etc/group && exec " + \
            f"{directory}/usr/sbin/exim4 -C {directory}/exim.conf -bdf"
        # In a name space of its own, where those are.
        with running(["unshare", "-m", "sh", "-c", start], made.port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            yield made
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _unpack(directory):
    subprocess.run(["apt-get", "-q", "download", PACKAGE], cwd=directory, check=True, timeout=300, capture_output=True)
    (package,) = directory.glob(f"{PACKAGE}_*.deb")
    subprocess.run(["dpkg", "-x", str(package), str(directory)], check=True, timeout=60)


def _configure(directory, port, key, certificate):
    for name in ("spool", "log", "mail"):
        (directory / name).mkdir()
        shutil.chown(directory / name, "nobody", "nogroup")
    shutil.copy(key, directory / "key.pem")
    shutil.copy(certificate, directory / "cert.pem")
    for name in ("key.pem", "cert.pem"):
        shutil.chown(directory / name, "nobody", "nogroup")
    for name, entry in (("passwd", "x:65534:65534::/nonexistent:/usr/sbin/nologin"), ("group", "x:65534:")):
        known = (Path("/etc") / name).read_text(encoding="utf-8")
        (directory / name).write_text(f"{known}{USER}:{entry}\n", encoding="utf-8")
    (directory / "exim.conf").write_text(CONFIGURATION.format(directory=directory, port=port), encoding="utf-8")
