"""Many requests at the same moment, each on a connection of its own: more than a thread pool could hold."""

import asyncio
import json
import socket
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict


@contextmanager
def connections_held(port, count, deadline_s=30):
    """So many connections that say nothing. The kernel makes them, whether or not they are accepted."""
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=deadline_s))
        yield


def post_at_once(port, path, requests, deadline_s=60):
    """Opens one connection for each (headers, JSON value) of `requests`, then sends all; the answers in order."""
    return asyncio.run(asyncio.wait_for(_post_all(port, path, requests), deadline_s))


async def _post_all(port, path, requests):
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in requests]
    return await asyncio.gather(*(_post(connection, path, headers, value)
                                  for connection, (headers, value) in zip(connections, requests)))


async def _post(connection, path, headers, value):
    reader, writer = connection
    body = json.dumps(value).encode()
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json",
             f"Content-Length: {len(body)}", "Connection: close", *(f"{name}: {text}" for name, text in headers.items())]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    head, _, text = answer.partition(b"\r\n\r\n")
    return Answer(int(head.split(b" ", 2)[1]), json.loads(text))
