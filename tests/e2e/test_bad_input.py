"""What is not acceptable gets a clear 4xx that names what was wrong, and nothing is recorded."""

import json
import time

import pytest

from harness.client import SAMPLE
from harness.daemon import Daemon
from harness.raw_http import SEND_HEAD, connect, exchange, read_to_end, status_of

MIB = 1 << 20


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("bad-input"), config={"http.header_deadline": "2s", "http.body_deadline": "2s"}) as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_is_recorded(daemon):
    yield
    assert sum(daemon.client().stats()["states"].values()) == 0


def mail(**changes):
    """The sample mail with fields replaced; None leaves a field out."""
    return {name: value for name, value in {**SAMPLE, **changes}.items() if value is not None}


@pytest.mark.parametrize("fields, named", [
    (mail(subject=None), {"subject"}),
    (mail(content=None), {"content"}),
    (mail(tos=None), {"tos"}),
    ({}, {"subject", "content", "tos"}),
    (mail(subject=""), {"subject"}),
    (mail(subject=7), {"subject"}),
    (mail(subject=None) | {"subject": None}, {"subject"}),
    (mail(subject="x" * 999), {"subject"}),
    (mail(subject="a\r\nBcc: b@example.org"), {"subject"}),
    (mail(subject="a\nb"), {"subject"}),
    (mail(subject="a\0b"), {"subject"}),
    (mail(content=["x"]), {"content"}),
    (mail(content="a\0b"), {"content"}),
    (mail(tos=""), {"tos"}),
    (mail(tos=[]), {"tos"}),
    (mail(tos={}), {"tos"}),
    (mail(tos="nobody"), {"tos"}),
    (mail(tos="@example.org"), {"tos"}),
    (mail(tos="a@"), {"tos"}),
    (mail(tos="a@example.org, b"), {"tos"}),
    (mail(tos=["a@example.org", "b c@example.org"]), {"tos"}),
    (mail(tos=["a@example.org", 3]), {"tos"}),
    (mail(tos="a@example.org\r\nBcc: b@example.org"), {"tos"}),
    (mail(tos="a\0@example.org"), {"tos"}),
    (mail(tos=[f"a{number}@example.org" for number in range(51)]), {"tos"}),
    (mail(tos="a" * 400 + "@example.org"), {"tos"}),
    (mail(cc="b@example.org"), {"cc"}),
    (mail(subject="", tos="nobody", extra=1), {"subject", "tos", "extra"}),
], ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else ",".join(sorted(value)))
def test_a_bad_field_is_named(daemon, fields, named):
    response = daemon.client().post("/mail/send/v2", json=fields)
    assert response.status_code == 400
    answer = response.json()
    assert answer["code"] == 201
    assert answer["msg"]
    assert {error["field"] for error in answer["data"]["errors"]} == named
    assert all(error["message"] for error in answer["data"]["errors"])


@pytest.mark.parametrize("body", [
    b"", b"x", b"{", b"[]", b'"text"', b"null", b'{"subject":', b'{"subject":"a"}{"subject":"b"}',
    b"[" * 10_000, b'{"a":' * 10_000, b'{"subject":"\xff\xfe","content":"c","tos":"a@example.org"}',
    b'{"subject":"\\ud800","content":"c","tos":"a@example.org"}', b"\xef\xbb\xbf{}",
], ids=lambda body: repr(body[:30]))
def test_a_body_that_cannot_be_read_is_refused(daemon, body):
    response = daemon.client().post("/mail/send/v2", data=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["code"] == 201


def test_a_body_over_the_limit_is_refused(daemon):
    body = json.dumps(mail(content="x" * MIB)).encode()
    head = SEND_HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode()
    assert exchange(daemon.port, head + body)[0] == 413
    assert exchange(daemon.port, head)[0] == 413, "it is known before the body comes"


def test_an_endless_chunked_body_is_refused(daemon):
    request = SEND_HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + (b"10000\r\n" + b"x" * 0x10000 + b"\r\n") * 20
    assert exchange(daemon.port, request)[0] == 413


def test_headers_over_the_limit_are_refused(daemon):
    assert exchange(daemon.port, SEND_HEAD + b"X-Long: " + b"x" * 20_000 + b"\r\n\r\n")[0] == 431


@pytest.mark.parametrize("method, path, allowed", [
    ("GET", "/mail/send/v2", "POST"), ("PUT", "/mail/send/v2", "POST"), ("POST", "/v1/stats", "GET"),
    ("DELETE", "/v1/messages/1", "GET"), ("GET", "/v1/messages/1/retry", "POST"),
])
def test_a_wrong_method_is_told_the_right_one(daemon, method, path, allowed):
    status, answer = exchange(daemon.port, f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert status == 405
    allow = [line for line in answer.decode().split("\r\n") if line.lower().startswith("allow:")]
    assert allowed in allow[0]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "nonsense", None])
def test_a_wrong_content_type_is_refused(daemon, content_type):
    headers = {"Content-Type": content_type} if content_type else {}
    assert daemon.client().post("/mail/send/v2", data=json.dumps(SAMPLE), headers=headers).status_code == 415


@pytest.mark.parametrize("path", ["/", "/nowhere", "/mail/send", "/mail/send/v2/", "/v1/messages/no-such-id", "/v2/stats"])
def test_what_does_not_exist_is_not_found(daemon, path):
    assert daemon.client().get(path).status_code == 404


@pytest.mark.parametrize("query", ["status=99", "status=lost", "limit=0", "limit=1001", "limit=x"])
def test_a_bad_list_filter_is_refused(daemon, query):
    response = daemon.client().get(f"/v1/messages?{query}")
    assert response.status_code == 400
    assert query.partition("=")[0] in json.dumps(response.json())


@pytest.mark.parametrize("request_bytes", [
    b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", SEND_HEAD + b"Content-Length: -1\r\n\r\n",
    SEND_HEAD + b"Content-Length: x\r\n\r\n",
    SEND_HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    SEND_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    SEND_HEAD + b"Bad Header\r\n\r\n", SEND_HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
], ids=lambda request: repr(request[-40:]))
def test_what_is_not_http_is_refused(daemon, request_bytes):
    assert exchange(daemon.port, request_bytes)[0] == 400


def test_half_a_request_is_dropped(daemon):
    with connect(daemon.port) as connection:
        connection.sendall(SEND_HEAD + b"Content-Length: 100\r\n\r\n{\"subject\":")
    assert daemon.client().get("/healthz").status_code == 200


@pytest.mark.parametrize("part", [b"POST /mail/se", SEND_HEAD, SEND_HEAD + b"Content-Length: 100\r\n\r\n{"],
                         ids=["line", "headers", "body"])
def test_a_slow_client_gets_408(daemon, part):
    started = time.monotonic()
    with connect(daemon.port) as connection:
        connection.sendall(part)
        assert status_of(read_to_end(connection)) == 408
    assert 1.5 < time.monotonic() - started < 20


def test_a_client_that_drips_gets_408(daemon):
    started = time.monotonic()
    with connect(daemon.port) as connection:
        connection.settimeout(0.2)
        answer = b""
        for byte in SEND_HEAD * 3:
            try:
                connection.sendall(bytes([byte]))
                answer = connection.recv(4096)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            break
        assert status_of(answer) == 408
    assert time.monotonic() - started < 20
