"""Dovecot, private to a test: it takes mails by LMTP, shows them by IMAP, and says to Postfix who may log in."""

import email
import email.policy
import imaplib
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

from harness.postfix import free_port, running
from harness.program import ROOT
from harness.waiting import eventually

PASSWORD = "correct:horse@battery/+"

CONFIGURATION = """base_dir={directory}/run
state_dir={directory}/state
log_path={directory}/log
listen=127.0.0.1
protocols=imap lmtp
ssl=no
disable_plaintext_auth=no
auth_mechanisms={mechanisms}
auth_failure_delay=0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode=0
  }}
}}
first_valid_uid=1
mail_location=maildir:{directory}/mail/%n
passdb {{
  driver=static
  args=password={password}
}}
userdb {{
  driver=static
  args=uid=nobody gid=nogroup home={directory}/mail/%n allow_all_users=yes
}}
service imap-login {{
  inet_listener imap {{
    port={imap}
  }}
  inet_listener imaps {{
    port=0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address=127.0.0.1
    port={lmtp}
  }}
}}
service auth {{
  inet_listener sasl {{
    address=127.0.0.1
    port={sasl}
  }}
}}
"""


class Dovecot:
    """One instance. Every user exists, and has the PASSWORD."""

    def __init__(self, directory):
        self._directory = directory
        self.imap_port, self.lmtp_port, self.sasl_port = free_port(), free_port(), free_port()

    def postfix_delivers_here(self):
        """Settings with which Postfix brings its mails here, and lets in who has the password, but only over TLS."""
        return {"virtual_transport": f"lmtp:inet:127.0.0.1:{self.lmtp_port}", "smtpd_sasl_auth_enable": "yes",
                "smtpd_sasl_type": "dovecot", "smtpd_sasl_path": f"inet:127.0.0.1:{self.sasl_port}",
                "smtpd_tls_auth_only": "yes"}

    def mails(self, user, message_id):
        """All of this user's mails with the id, as Python's email package reads them."""
        with imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=20) as imap:
            imap.login(user, PASSWORD)
            imap.select("INBOX", readonly=True)
            _, (numbers,) = imap.search(None, "HEADER", "Message-ID", f'"{message_id}"')
            fetched = [imap.fetch(number, "(BODY.PEEK[])")[1][0][1] for number in numbers.split()]
        return [email.message_from_bytes(mail, policy=email.policy.SMTPUTF8) for mail in fetched]

    def await_mail(self, user, message_id):
        (mail,) = eventually(lambda: self.mails(user, message_id), 20, f"{message_id} is in the mailbox of {user}", every_s=0.1)
        return mail


@contextmanager
def dovecot(mechanisms="plain login"):
    """Runs one that offers these ways to log in."""
    assert os.geteuid() == 0, "Dovecot starts as root only: run this test as root"
    subprocess.run([str(ROOT / "scripts" / "bootstrap"), "dovecot"], check=True, timeout=900)
    directory = Path(tempfile.mkdtemp(prefix="waybill-dovecot-", dir="/var/tmp"))
    try:
        directory.chmod(0o755)
        for name in ("run", "state", "mail"):
            (directory / name).mkdir()
        shutil.chown(directory / "mail", "nobody", "nogroup")
        made = Dovecot(directory)
        file = directory / "dovecot.conf"
        file.write_text(CONFIGURATION.format(directory=directory, mechanisms=mechanisms, password=PASSWORD, imap=made.imap_port,
                                             lmtp=made.lmtp_port, sasl=made.sasl_port), encoding="utf-8")
        with running(["dovecot", "-F", "-c", str(file)], made.lmtp_port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            yield made
    finally:
        shutil.rmtree(directory, ignore_errors=True)
