"""Requests to every operation of the HTTP interface, so that each answer it describes is given; see test_openapi.py."""

import http.client
import json
import urllib.parse
from datetime import datetime, timedelta, timezone

from harness.openapi import Answer, Exchange
from harness.raw_http import connect
from harness.waiting import eventually

JSON, LINES = "application/json", "application/x-ndjson"
NONE = "no-such-id"
MESSAGE = {"exchange": "orders", "routing_key": "order.created", "body": "text"}
MAIL = {"to": "a@example.org", "subject": "s", "text": "t"}
CLASSIC = {"subject": "s", "content": "c", "tos": "a@example.org"}


def read_answer(connection, method="GET"):
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


class Asker:
    """Asks one server by the operations' ids, and keeps all that was said. `token` may be None."""

    def __init__(self, description, port, token=None):
        self.description = description
        self.exchanges = []
        self.port = port
        self._token = token

    def head(self, operation_id, headers=(), path_id=NONE, query=None):
        """The bytes of a request's head, without its end."""
        method, path, _ = self.description.operations[operation_id]
        target = path.replace("{id}", urllib.parse.quote(path_id, safe=""))
        if query:
            target += "?" + urllib.parse.urlencode(query)
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *headers]
        if self._token and self.description.needs_token(operation_id):
            lines.append(f"Authorization: Bearer {self._token}")
        return ("\r\n".join(lines) + "\r\n").encode()

    def send_raw(self, request):
        connection = connect(self.port)
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answered before it had read everything
        return connection

    def raw(self, operation_id, request):
        with self.send_raw(request) as connection:
            return self.keep(Exchange(operation_id, read_answer(connection)))

    def keep(self, exchange):
        self.exchanges.append(exchange)
        return exchange.answer

    def ask(self, operation_id, body=None, content_type=JSON, key=None, path_id=NONE, query=None):
        """`body`: bytes, or what is sent as JSON; None: no body at all."""
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = [f"Idempotency-Key: {key}"] if key else []
        if payload is not None:
            headers += [f"Content-Type: {content_type}", f"Content-Length: {len(payload)}"]
        with self.send_raw(self.head(operation_id, headers, path_id, query) + b"\r\n" + (payload or b"")) as connection:
            answer = read_answer(connection)
        return self.keep(Exchange(operation_id, answer, query or {}, None if payload is None else content_type, payload or b""))

    def examples(self, operation_id, **more):
        """Sends each request that the document shows."""
        return [self.ask(operation_id, body, content_type, **more)
                for content_type, body in self.description.request_examples(operation_id)]


def later():
    return (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()


def send_mails(asker):
    for operation_id, mail in (("sendClassicMail", CLASSIC), ("sendMails", MAIL)):
        asker.examples(operation_id)
        for subject in ("one", "one", "another"):  # 200, 200, 422
            asker.ask(operation_id, {**mail, "subject": subject}, key=f"key of {operation_id}")
        asker.ask(operation_id, {**mail, "unknown": 1})
        asker.ask(operation_id, b"{")
    asker.ask("sendMails", [{**MAIL, "to": "nobody"}, MAIL])
    asker.ask("sendMails", [{**MAIL, "to": "nobody"}])
    for subject in ("one", "another"):
        asker.ask("sendMails", [{**MAIL, "subject": subject}], key="key of many")


def send_messages(asker):
    asker.examples("sendMessages")
    for text in ("one", "one", "another"):  # 200, 200, 422
        asker.ask("sendMessages", {**MESSAGE, "body": text}, key="key of one")
        asker.ask("sendMessages", [{**MESSAGE, "body": text}], key="key of many")
        asker.ask("sendMessages", json.dumps({**MESSAGE, "body": text}).encode(), LINES, key="key of lines")
    for text in ("one", "one", "another"):  # 200, 200, 409
        message = {**MESSAGE, "body": text, "id": "mine"}
        asker.ask("sendMessages", message)
        asker.ask("sendMessages", [message])
        asker.ask("sendMessages", json.dumps(message).encode(), LINES)
    asker.ask("sendMessages", {**MESSAGE, "unknown": 1})
    asker.ask("sendMessages", [MESSAGE, {}])
    asker.ask("sendMessages", [{}])
    asker.ask("sendMessages", b"{}\n{\n", LINES)
    asker.ask("sendMessages", b"[")


def look(asker, held):
    asker.ask("listMessages")
    page = asker.ask("listMessages", query={"limit": "2"}).json()
    asker.ask("listMessages", query={"limit": "2", "cursor": page["next_cursor"]})
    asker.ask("listMessages", query={"status": "consumed", "queue": "mail.queue", "since": "2026-01-31T08:00:00Z", "until": later()})
    asker.ask("listMessages", query={"status": "6", "queue": ""})
    for query in ({"limit": "0"}, {"unknown": "1"}, {"status": "lost"}):
        asker.ask("listMessages", query=query)
    asker.ask("showMessage", path_id=held)
    asker.ask("showMessage", path_id=held, query={"body": "1"})
    asker.ask("showMessage", path_id="order-4711", query={"body": "1"})
    asker.ask("showMessage", path_id=held, query={"body": "2"})
    asker.ask("showMessage")
    for operation_id in ("stats", "metrics", "health", "readiness", "openapi"):
        asker.ask(operation_id)
    for operation_id in ("stats", "metrics", "openapi"):
        asker.ask(operation_id, query={"unknown": "1"})


def delivered(asker, message_id):
    eventually(lambda: asker.ask("showMessage", path_id=message_id).json()["status"]["name"] == "consumed", 20, "delivered")


def change_one(asker, held):
    def for_later():
        return asker.ask("sendMails", {**MAIL, "send_at": later()}).json()["id"]

    asker.examples("cancelMessage", path_id=for_later())
    waiting = for_later()
    asker.ask("rescheduleMessage", {"deliver_at": later()}, path_id=waiting)
    asker.ask("retryMessage", path_id=waiting)  # 409: it is not at its end
    asker.ask("cancelMessage", path_id=waiting)
    asker.ask("retryMessage", path_id=waiting)
    asker.examples("rescheduleMessage", path_id=waiting)  # to a time that has passed
    delivered(asker, waiting)
    asker.examples("retryMessage", path_id=waiting)
    delivered(asker, waiting)
    asker.examples("resolveMessage", path_id=held)  # 200, then 409: it is known
    for operation_id in ("cancelMessage", "rescheduleMessage"):
        asker.examples(operation_id, path_id=waiting)  # 409
    for operation_id in ("retryMessage", "cancelMessage", "resolveMessage", "rescheduleMessage"):
        asker.examples(operation_id)  # 404
        asker.ask(operation_id, {"unknown": 1}, path_id=waiting)
    for operation_id in ("resolveMessage", "rescheduleMessage"):
        asker.ask(operation_id, path_id=waiting)


def change_many(asker):
    for operation_id in ("retryMessages", "cancelMessages", "prune"):
        asker.examples(operation_id)
        asker.ask(operation_id, {"unknown": 1})
        asker.ask(operation_id)
    asker.ask("retryMessages", {"status": "consumed"})
    asker.ask("cancelMessages", {"status": "dead"})
    asker.ask("prune", {"older_than": "a week"})


def refuse_at_the_door(asker):
    """What every operation answers before it is asked."""
    for operation_id in asker.description.operations:
        asker.raw(operation_id, asker.head(operation_id).replace(b"Host: localhost\r\n", b"") + b"\r\n")  # 400
        asker.raw(operation_id, asker.head(operation_id, ["Content-Length: 99999999"]) + b"\r\n")  # 413
        asker.raw(operation_id, asker.head(operation_id, ["X-Long: " + "x" * 20_000]) + b"\r\n")  # 431
        if "requestBody" in asker.description.operation(operation_id):
            asker.ask(operation_id, b"x", "text/plain")  # 415


def dawdle(asker):
    """A body that never comes: 408."""
    waiting = {operation_id: asker.send_raw(asker.head(operation_id, ["Content-Length: 9", f"Content-Type: {JSON}"]) + b"\r\n")
               for operation_id in asker.description.operations}
    for operation_id, connection in waiting.items():
        with connection:
            asker.keep(Exchange(operation_id, read_answer(connection)))


def crowd(asker):
    """To a server that takes one connection at a time: 503."""
    def taken():
        connection = connect(asker.port)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if read_answer(connection).status == 200:
            return connection
        connection.close()
        return None

    with eventually(taken, 20, "the one connection is ours"):
        for operation_id in asker.description.operations:
            asker.ask(operation_id)
