#!/usr/bin/python3
"""A gate between TCP clients and a server, which makes the network as bad as a test wants.

    with TcpGate(server_port) as gate:     # clients connect to gate.port instead
        gate.stall(TO_CLIENT, after=100)   # the 101st byte from now on does not come
        gate.heal()                        # now it does

A fault is for both directions unless one is named, and for the connections there are as well as for those to come. What
passes is in order and unchanged. A connection that lost bytes passes none any more: heal() resets it.

As a program (tcp_gate.py SERVER_PORT) it prints its port, takes one command a line (`stall to_client 100`), answers `ok`
or what is wrong, and ends with its input.
"""

import asyncio
import socket
import struct
import sys
import threading
from dataclasses import dataclass

TO_SERVER, TO_CLIENT = "to_server", "to_client"
DIRECTIONS = (TO_SERVER, TO_CLIENT)
CHUNK = 64 * 1024
QUEUED_MAX = 256
CONTROL_S = 20


@dataclass
class Rule:
    """What happens to the bytes of one direction."""

    swallow: bool = False
    piece: int = CHUNK              # bytes a write
    pause_s: float = 0.0            # after each write
    pass_only: int | None = None    # so many more on each connection
    latency_s: float = 0.0


class TcpGate:
    """Listens on 127.0.0.1, and connects each client to the server there. Used by one thread."""

    def __init__(self, server_port):
        self._server_port = server_port
        self._rules = {direction: Rule() for direction in DIRECTIONS}
        self._passed = dict.fromkeys(DIRECTIONS, 0)
        self._links = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setblocking(False)
        self.port = self._listening.getsockname()[1]
        self.accepted = 0  # connections so far
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp gate")
        self._thread.start()
        self._accepting = asyncio.run_coroutine_threadsafe(self._accept(), self._loop)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Resets every connection, and is gone."""
        self._accepting.cancel()
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CONTROL_S)
        self._loop.close()
        self._listening.close()

    def cut(self):
        """Resets (RST) every connection on both sides. New ones pass."""
        self._do(self._reset(lambda link: True))

    def blackhole(self, direction=None):
        """Bytes and ends of connections vanish. Both ways: a half-open connection."""
        self._change(direction, swallow=True)

    def fragment(self, direction=None, size=1, pause_s=0.001):
        """No write has more bytes than this. Without a pause it is faster, but a receiver may find pieces joined."""
        self._change(direction, piece=size, pause_s=pause_s)

    def stall(self, direction=None, after=0):
        """Each connection passes so many bytes more and then stands still; its sender is not read from any more."""
        self._change(direction, pass_only=after)

    def delay(self, direction=None, seconds=0.0):
        """Every byte comes that much later."""
        self._change(direction, latency_s=seconds)

    def heal(self):
        """All passes again, and what a stall held back comes."""
        async def heal():
            await self._reset(lambda link: link.lost)
            for rule in self._rules.values():
                rule.__init__()
            self._tell_links()
        self._do(heal())

    @property
    def connections(self):
        """How many there are now."""
        return len(self._links)

    def passed(self, direction):
        """Bytes that went on in this direction so far, on all connections."""
        return self._passed[direction]

    def _change(self, direction, **what):
        async def change():
            for each in [direction] if direction else DIRECTIONS:
                vars(self._rules[each]).update(what)
            self._tell_links()
        self._do(change())

    # From here on, on the gate's own thread.

    def _do(self, coroutine):
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(CONTROL_S)

    def _tell_links(self):
        for link in self._links:
            link.rules_changed()

    async def _accept(self):
        while True:
            client, _ = await self._loop.sock_accept(self._listening)
            self.accepted += 1
            link = _Link(client, self._rules, self._passed)
            self._links.add(link)
            link.task = asyncio.create_task(link.run(self._server_port))
            link.task.add_done_callback(lambda _, link=link: self._links.discard(link))

    async def _reset(self, which):
        tasks = [link.task for link in self._links if which(link)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Link:
    """One client's connection, and the gate's own to the server."""

    def __init__(self, client, rules, passed):
        self.task = None
        self.lost = False  # bytes, or an end
        self.rules = rules
        self.passed = passed
        self._sockets = [client]
        self._ways = []

    def rules_changed(self):
        for way in self._ways:
            way.rule_changed()

    async def run(self, server_port):
        """Until both sides have ended their half. Everything else that ends it is a reset, also of the other side."""
        ended = False
        try:
            client = self._sockets[0]
            server = socket.socket()
            self._sockets.append(server)
            for each in self._sockets:
                each.setblocking(False)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(server, ("127.0.0.1", server_port))
            self._ways = [_Way(self, TO_SERVER, client, server), _Way(self, TO_CLIENT, server, client)]
            async with asyncio.TaskGroup() as group:
                for way in self._ways:
                    group.create_task(way.read())
                    group.create_task(way.write())
            ended = True
        except* OSError:
            pass
        finally:
            for each in self._sockets:
                if not ended:
                    each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                each.close()


class _Way:
    """One direction of one connection: what is read goes, when its time has come, to the other side."""

    def __init__(self, link, direction, source, sink):
        self._link = link
        self._direction = direction
        self._source = source
        self._sink = sink
        self._rule = link.rules[direction]
        self._way_back = link.rules[TO_CLIENT if direction == TO_SERVER else TO_SERVER]
        self._left = self._rule.pass_only
        self._changed = asyncio.Event()
        self._queue = asyncio.Queue(QUEUED_MAX)  # (when, bytes); no bytes: the end
        self._loop = asyncio.get_running_loop()

    def rule_changed(self):
        self._left = self._rule.pass_only
        self._changed.set()

    async def read(self):
        while True:
            try:
                data = await self._loop.sock_recv(self._source, CHUNK)
            except ConnectionError:
                if not self._rule.swallow:
                    raise
                data = b""
            await self._let_through(data)
            if not data:
                return

    async def _let_through(self, data):
        """Returns when all of it has passed or is lost."""
        rest = memoryview(data)
        while True:
            if self._rule.swallow:
                await self._lose(at_end=not data)
                return
            if self._left != 0:
                size = len(rest) if self._left is None else min(len(rest), self._left)
                self._left = None if self._left is None else self._left - size
                await self._queue.put((self._loop.time() + self._rule.latency_s, rest[:size]))
                rest = rest[size:]
                if not rest:
                    return
            else:
                self._changed.clear()
                await self._changed.wait()

    async def _lose(self, at_end):
        self._link.lost = True
        if at_end:
            await asyncio.Event().wait()  # nobody learns of it, until the gate is healed

    async def write(self):
        while True:
            when, data = await self._queue.get()
            await asyncio.sleep(when - self._loop.time())
            if not data:
                self._sink.shutdown(socket.SHUT_WR)
                return
            try:
                await self._write(data)
            except ConnectionError:
                if not self._way_back.swallow:
                    raise
                await self._lose(at_end=True)

    async def _write(self, data):
        while data:
            piece, data = data[:self._rule.piece], data[self._rule.piece:]
            await self._loop.sock_sendall(self._sink, piece)
            self._link.passed[self._direction] += len(piece)
            await asyncio.sleep(self._rule.pause_s)


def main(server_port):
    with TcpGate(int(server_port)) as gate:
        print(gate.port, flush=True)
        for line in sys.stdin:
            print(command(gate, line.split()), flush=True)


NUMBERS = {"cut": (), "heal": (), "blackhole": (), "fragment": (int, float), "stall": (int,), "delay": (float,)}


def command(gate, words):
    """Carries out `cut`, `heal`, `blackhole`, `fragment 1 0.001`, `stall 100`, `delay 0.1`; the last four may name a direction
    after the verb."""
    try:
        verb, *rest = words
        kinds = NUMBERS[verb]
        direction = [] if verb in ("cut", "heal") else [rest.pop(0) if rest and rest[0] in DIRECTIONS else None]
        numbers = [kind(word) for kind, word in zip(kinds, rest, strict=True)]
    except (ValueError, KeyError):
        return f"not understood: {' '.join(words)}"
    getattr(gate, verb)(*direction, *numbers)
    return "ok"


if __name__ == "__main__":
    main(sys.argv[1])
