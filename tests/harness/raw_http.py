"""Requests that no HTTP library would send: bytes on a socket."""

import socket

SEND_HEAD = (b"POST /mail/send/v2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n")


def connect(port, deadline_s=30):
    return socket.create_connection(("127.0.0.1", port), timeout=deadline_s)


def read_to_end(connection):
    """All that comes until the server closes; a reset ends it too."""
    received = b""
    try:
        while chunk := connection.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def exchange(port, request, deadline_s=30):
    """Sends the bytes and reads the answer to its end; (status, whole answer). Status 0: there was none."""
    with connect(port, deadline_s) as connection:
        try:
            connection.sendall(request)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it answered before it had read everything
        answer = read_to_end(connection)
    return status_of(answer), answer


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.") else 0
