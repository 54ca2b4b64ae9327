"""The TCP gate itself: what passes, what does not, and what each side sees."""

import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from harness import tcp_gate
from harness.tcp_gate import TO_CLIENT, TO_SERVER, TcpGate
from harness.waiting import eventually

SILENCE_S = 0.3
COMES_S = 10


class Pair:
    """Both ends of a connection through the gate."""

    def __init__(self, gate, listening):
        self.client = socket.create_connection(("127.0.0.1", gate.port), timeout=COMES_S)
        self.server, _ = listening.accept()
        for end in (self.client, self.server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.settimeout(COMES_S)

    def close(self):
        self.client.close()
        self.server.close()


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.settimeout(COMES_S)
        yield made


@pytest.fixture
def gate(listening):
    with TcpGate(listening.getsockname()[1]) as made:
        yield made


@pytest.fixture
def pair(gate, listening):
    made = Pair(gate, listening)
    yield made
    made.close()


def receive(end, size):
    data = b""
    while len(data) < size:
        more = end.recv(size - len(data))
        assert more, f"ended after {data!r}"
        data += more
    return data


def is_silent(end):
    """True if nothing comes: no byte, no end, no reset."""
    end.settimeout(SILENCE_S)
    try:
        end.recv(1)
    except TimeoutError:
        return True
    finally:
        end.settimeout(COMES_S)
    return False


def reset(end):
    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end.close()


def is_reset(end):
    with pytest.raises(ConnectionResetError):
        while True:
            assert end.recv(4096), "an orderly end"
    return True


def test_all_passes_unchanged_both_ways_and_ends_by_halves(gate, pair):
    sent = bytes(range(256)) * 20_000
    sender = threading.Thread(target=lambda: (pair.client.sendall(sent), pair.client.shutdown(socket.SHUT_WR)))
    sender.start()
    assert receive(pair.server, len(sent)) == sent
    sender.join()
    assert pair.server.recv(1) == b""
    pair.server.sendall(b"answer")
    assert receive(pair.client, 6) == b"answer"
    eventually(lambda: (gate.passed(TO_SERVER), gate.passed(TO_CLIENT)) == (len(sent), 6), COMES_S, "all is counted")
    assert gate.accepted == 1
    pair.server.close()
    assert pair.client.recv(1) == b""
    eventually(lambda: gate.connections == 0, COMES_S, "the connection is gone")


def test_a_reset_of_one_side_is_one_for_the_other(pair):
    reset(pair.server)
    assert is_reset(pair.client)


def test_a_server_that_is_not_there_is_a_reset(gate, listening):
    listening.close()
    with pytest.raises(ConnectionResetError):  # by then the connection may have been made or not
        with socket.create_connection(("127.0.0.1", gate.port), timeout=COMES_S) as client:
            client.recv(1)


def test_cut_resets_both_sides_and_new_connections_pass(gate, listening, pair):
    gate.cut()
    assert is_reset(pair.client) and is_reset(pair.server)
    again = Pair(gate, listening)
    again.client.sendall(b"x")
    assert receive(again.server, 1) == b"x"
    again.close()


def test_half_open_is_silent_both_ways_until_healed(gate, listening, pair):
    gate.blackhole()
    pair.client.sendall(b"x")
    pair.server.sendall(b"y")
    assert is_silent(pair.server) and is_silent(pair.client)
    other = Pair(gate, listening)
    other.client.sendall(b"x")
    assert is_silent(other.server)
    pair.client.close()
    reset(other.client)
    assert is_silent(pair.server) and is_silent(other.server)
    gate.heal()
    assert is_reset(pair.server) and is_reset(other.server)
    other.close()


def test_a_connection_that_lost_nothing_lives_on_after_a_blackhole(gate, pair):
    gate.blackhole()
    gate.heal()
    pair.client.sendall(b"x")
    assert receive(pair.server, 1) == b"x"


@pytest.mark.parametrize("lost", [TO_SERVER, TO_CLIENT])
def test_one_way_is_silent_and_the_other_passes(gate, pair, lost):
    gate.blackhole(lost)
    deaf, heard = (pair.server, pair.client) if lost == TO_SERVER else (pair.client, pair.server)
    heard.sendall(b"lost")
    deaf.sendall(b"comes")
    assert receive(heard, 5) == b"comes"
    assert is_silent(deaf)
    heard.close()
    assert is_silent(deaf)
    for _ in range(2):  # the first makes the closed end answer with a reset, the second finds it
        deaf.sendall(b"x")
        assert is_silent(deaf)


def test_fragments_come_one_by_one(gate, pair):
    gate.fragment(TO_SERVER, pause_s=SILENCE_S)
    pair.client.sendall(b"abcd")
    assert [pair.server.recv(100) for _ in range(3)] == [b"a", b"b", b"c"]
    pair.server.sendall(b"abcd")
    assert pair.client.recv(100) == b"abcd"
    gate.fragment(size=2, pause_s=0)
    sent = bytes(range(250)) * 200
    pair.client.sendall(sent)
    assert receive(pair.server, 1 + len(sent)) == b"d" + sent


def test_a_stall_comes_after_exactly_so_many_bytes_and_the_rest_when_healed(gate, pair):
    pair.client.sendall(b"before")
    receive(pair.server, 6)
    gate.stall(TO_SERVER, after=3)
    pair.client.sendall(b"stalled")
    pair.client.shutdown(socket.SHUT_WR)
    assert receive(pair.server, 3) == b"sta"
    assert is_silent(pair.server)
    pair.server.sendall(b"passes")
    assert receive(pair.client, 6) == b"passes"
    gate.stall(TO_SERVER, after=1)
    assert receive(pair.server, 1) == b"l"
    assert is_silent(pair.server)
    gate.heal()
    assert receive(pair.server, 3) == b"led"
    assert pair.server.recv(1) == b""


def test_the_sender_of_a_stalled_way_cannot_send_for_ever(gate, pair):
    gate.stall(TO_SERVER)
    pair.client.settimeout(SILENCE_S)
    with pytest.raises(TimeoutError):
        for _ in range(1000):
            pair.client.sendall(b"x" * 1_000_000)


def test_latency_delays_and_keeps_the_order_and_the_rate(gate, pair):
    gate.delay(TO_SERVER, seconds=SILENCE_S)
    began = time.monotonic()
    for number in range(20):
        pair.client.sendall(bytes([number]))
    assert receive(pair.server, 20) == bytes(range(20))
    took = time.monotonic() - began
    assert SILENCE_S <= took < 10 * SILENCE_S, "all travel at the same time"


def test_closing_resets_what_is_open(listening):
    with TcpGate(listening.getsockname()[1]) as gate:
        pair = Pair(gate, listening)
        port = gate.port
    assert is_reset(pair.client)
    pair.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_as_a_program_it_takes_commands(listening):
    program = subprocess.Popen([sys.executable, str(Path(tcp_gate.__file__)), str(listening.getsockname()[1])],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(line):
        program.stdin.write(line + "\n")
        program.stdin.flush()
        return program.stdout.readline().strip()

    try:
        port = int(program.stdout.readline())
        for line in ("fragment to_server 1 0", "delay 0.01", "blackhole", "heal", "stall to_client 2"):
            assert say(line) == "ok"
        for line in ("", "jam", "stall", "stall to_nobody 2", "fragment 1", "cut to_client", "delay long"):
            assert say(line) == f"not understood: {line}".rstrip()
        with socket.create_connection(("127.0.0.1", port), timeout=COMES_S) as client:
            server, _ = listening.accept()
            server.sendall(b"abc")
            assert receive(client, 2) == b"ab"
            assert is_silent(client)
            assert say("cut") == "ok"
            assert is_reset(client)
            server.close()
        program.stdin.close()
        assert program.wait(timeout=COMES_S) == 0
    finally:
        program.kill()
        program.wait()
        program.stdout.close()
