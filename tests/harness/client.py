"""The HTTP interface, as a client that nobody here wrote speaks it."""

import json

import requests

SAMPLE = {"subject": "Greetings", "content": "Hello, world.", "tos": "someone@example.org"}


def mail_message(**fields):
    """A message that is a mail, for POST /v1/messages; fields replace or join its own."""
    return {"exchange": "mail.exchange", "routing_key": "mail.routing.key", "body": SAMPLE, **fields}


class Client:
    """One connection pool; use one from one thread."""

    def __init__(self, url, deadline_s=15):
        self.url = url
        self._deadline_s = deadline_s
        self._session = requests.Session()
        self._session.trust_env = False

    def post(self, path, **more):
        return self._session.post(self.url + path, timeout=self._deadline_s, **more)

    def get(self, path, **more):
        return self._session.get(self.url + path, timeout=self._deadline_s, **more)

    def send(self, key=None, **fields):
        """Posts a mail like the sample one and returns the response."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.post("/mail/send/v2", json={**SAMPLE, **fields}, headers=headers)

    def accepted(self, **fields):
        """Posts a mail that must be accepted; returns its id."""
        response = self.send(**fields)
        assert response.status_code == 200, response.text
        answer = response.json()
        assert answer["code"] == 0, answer
        return answer["data"]["msgId"]

    def post_messages(self, messages, key=None, lines=False):
        """Posts messages (a list, or one) to /v1/messages, as JSON or one a line; returns the response."""
        headers = {"Content-Type": "application/x-ndjson" if lines else "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        text = "".join(json.dumps(one) + "\n" for one in messages) if lines else json.dumps(messages)
        return self.post("/v1/messages", data=text.encode(), headers=headers)

    def message(self, message_id):
        """The message's trail, or None if there is none."""
        response = self.get(f"/v1/messages/{requests.utils.quote(message_id, safe='')}")
        if response.status_code == 404:
            return None
        assert response.status_code == 200, response.text
        return response.json()

    def status(self, message_id):
        """The message's state by number."""
        return self.message(message_id)["status"]["code"]

    def stats(self):
        response = self.get("/v1/stats")
        assert response.status_code == 200, response.text
        return response.json()

    def open_count(self):
        """Rows that are not final."""
        states = self.stats()["states"]
        return sum(states.values()) - states["consumed"] - states["dead"] - states["cancelled"]
