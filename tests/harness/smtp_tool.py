"""The SMTP transport alone, as the program smtp_tool runs it."""

import subprocess

from harness.program import BUILD

MAIL = "From: a@example.test\r\nSubject: =?utf-8?B?6YKu5Lu2?=\r\nMessage-ID: <{id}@example.test>\r\n\r\n.dots\r\n..\r\nend\r\n"


def send(url, *to, sender="a@example.test", mail=None, options=()):
    """What became of the mail: (`done`, what it tells), and so on."""
    content = MAIL.format(id=1) if mail is None else mail
    ran = subprocess.run([str(BUILD / "smtp_tool"), *map(str, options), url, sender, *to], capture_output=True,
                         input=content if isinstance(content, bytes) else content.encode(), timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    kind, _, told = ran.stdout.decode().strip().partition(" ")
    return kind, told
