"""Mails with large attachments, and what is left of them in a Maildir."""

import base64
import email
import email.policy
import os
from pathlib import Path

from harness.waiting import eventually

MIB = 1 << 20
CONSUMED = 3


class LargeMail:
    """One attachment of so many bytes, and nothing else."""

    def __init__(self, size):
        self.content = os.urandom(size)
        self.message_id = None

    def post(self, client):
        response = client.post("/v1/mails", json={"to": "a@example.org", "attachments": [
            {"filename": "a.bin", "content": base64.b64encode(self.content).decode()}]})
        assert response.status_code == 200, response.text
        self.message_id = response.json()["id"]
        return self.message_id

    def wait_until_delivered(self, client, within_s=60):
        """It must arrive with every byte."""
        eventually(lambda: client.status(self.message_id) == CONSUMED, within_s, f"mail {self.message_id} is delivered")
        raw = Path(client.message(self.message_id)["result"]).read_bytes()
        assert email.message_from_bytes(raw, policy=email.policy.SMTP).get_payload(decode=True) == self.content


def most_memory(process):
    """The most bytes that the process ever had in memory."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
