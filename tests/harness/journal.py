"""The journal of effects (src/mail/journal.h): one durable line for each mail delivered, independent of the log."""

import json
from collections import Counter


class Journal:
    """Follows a journal that grows; reads only what is new."""

    def __init__(self, path):
        self._path = path
        self._read = 0
        self._counted = Counter()

    def effects(self):
        """How often each message id was delivered so far."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read)
                whole_lines, _, _ = file.read().rpartition(b"\n")
            if whole_lines:
                self._read += len(whole_lines) + 1
                self._count(whole_lines.decode("utf-8", "replace"))
        return self._counted

    def _count(self, text):
        for line in text.split("\n"):
            try:
                message_id, _ = json.JSONDecoder().raw_decode(line.partition(" ")[2])
            except ValueError:
                continue  # torn by a crash or a full disk: it records nothing
            self._counted[message_id] += 1


def effects(path):
    """How often each message id was delivered."""
    return Journal(path).effects()
