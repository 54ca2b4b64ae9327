"""Steady load: clients that send mails one after the other and remember what each was answered."""

import http.client
import json
import threading


class Load:
    """Some clients at once, until end(). Lost connections are part of the game; anything but 200 is kept as refused."""

    def __init__(self, port, clients=16, deadline_s=30):
        self.answered = []  # ids, in the order of the answers; list.append is atomic
        self.refused = []   # (status, body)
        self._port = port
        self._deadline_s = deadline_s
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
            body = json.dumps({"subject": f"mail {number} of client {client}", "content": "x" * 100,
                               "tos": "a@example.org"})
            try:
                connection.request("POST", "/mail/send/v2", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                text = response.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                self._ended.wait(0.02)
                continue
            if response.status == 200:
                self.answered.append(json.loads(text)["data"]["msgId"])
            else:
                self.refused.append((response.status, text))
                self._ended.wait(0.02)
        connection.close()
