"""Steady load: clients that send messages one request after the other and remember what each was answered."""

import http.client
import json
import threading


class Load:
    """Some clients at once, until end(). Lost connections are part of the game; anything but 200 is kept as refused.

    With `batch` each request is an array of so many messages, else it is one mail in the classic form."""

    def __init__(self, port, clients=16, deadline_s=30, batch=None):
        self.answered = []  # ids, in the order of the answers; list.append is atomic
        self.refused = []   # (status, body); of a message in an array its own answer
        self._port = port
        self._deadline_s = deadline_s
        self._batch = batch
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(number,), daemon=True) for number in range(clients)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _send(self, client):
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=self._deadline_s)
        number = 0
        while not self._ended.is_set():
            number += 1
            path, body = self._request(f"mail {number} of client {client}")
            try:
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self._ended.wait(0.02)
                continue
            if not self._take(response.status, text):
                self._ended.wait(0.02)
        connection.close()

    def _request(self, subject):
        mail = {"subject": subject, "content": "x" * 100, "tos": "a@example.org"}
        if self._batch is None:
            return "/mail/send/v2", json.dumps(mail)
        one = {"exchange": "mail.exchange", "routing_key": "mail.routing.key", "body": mail}
        return "/v1/messages", json.dumps([one] * self._batch)

    def _take(self, status, text):
        """Remembers an answer; true if all of it was accepted."""
        if status != 200:
            self.refused.append((status, text))
            return False
        if self._batch is None:
            self.answered.append(json.loads(text)["data"]["msgId"])
            return True
        answers = json.loads(text)
        for answer in answers:
            if "id" in answer:
                self.answered.append(answer["id"])
            else:
                later = answer["error"]["code"] in ("unavailable", "in_doubt")
                self.refused.append((503 if later else 400, answer))
        return all("id" in answer for answer in answers)


class MixedLoad:
    """Mails in the classic form, and beside them arrays of messages."""

    def __init__(self, port, clients=16, array_clients=2):
        self._loads = (Load(port, clients), Load(port, array_clients, batch=10))

    @property
    def answered(self):
        return [one for load in self._loads for one in load.answered]

    @property
    def refused(self):
        return [one for load in self._loads for one in load.refused]

    def __enter__(self):
        for load in self._loads:
            load.__enter__()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        for load in self._loads:
            load.end()
