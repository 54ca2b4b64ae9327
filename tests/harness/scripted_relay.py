"""A mail server that misbehaves once, as it is told, and is a good one otherwise. It keeps a journal of what it was given."""

import select
import socket
import threading
from contextlib import contextmanager

GREETING = "220 relay.test ESMTP\r\n"
OFFERS = "250-relay.test\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
USUAL = {"EHLO": OFFERS, "MAIL": "250 2.1.0 ok\r\n", "RCPT": "250 2.1.5 ok\r\n", "DATA": "354 go on\r\n",
         ".": "250 2.0.0 taken\r\n", "RSET": "250 2.0.0 ok\r\n", "NOOP": "250 2.0.0 ok\r\n"}
NEEDED = {"RCPT": "MAIL", "DATA": "RCPT"}
DRIBBLE_S = 0.3  # between two bytes
PATIENCE_S = 60


class Ended(Exception):
    """The connection is over."""


class ScriptedRelay:
    """`faults` are (verb, kind, text), each met once, in this order; the verbs are CONNECT, EHLO, MAIL, RCPT, DATA and `.`.
    Kinds: `say` the text instead; `close`; `hang`; `dribble` the usual answer so slowly that nobody waits for its end;
    `late`: the usual answer when nobody waits for it any more."""

    def __init__(self, *faults):
        self._faults = list(faults)
        self._lock = threading.Lock()
        self._open = set()
        self._given = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.port}"

    def given(self):
        """Each whole content that came and was not refused, in the order in which they came."""
        with self._lock:
            return list(self._given)

    def met(self):
        """True once nothing is left to misbehave with."""
        with self._lock:
            return not self._faults

    def say_to_idle(self, text):
        """Says it on every open connection, and ends them."""
        with self._lock:
            for connection in self._open:
                connection.sendall(text.encode())
                connection.shutdown(socket.SHUT_WR)

    def end(self):
        self._listener.close()
        with self._lock:
            for connection in self._open:
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection, connection.makefile("rb") as lines:
                try:
                    self._answer(connection, "CONNECT", GREETING)
                    accepted = set()  # verbs of this transaction
                    while self._hear(connection, lines, accepted):
                        pass
                finally:
                    with self._lock:
                        self._open.discard(connection)
        except (Ended, OSError):
            pass

    def _hear(self, connection, lines, accepted):
        verb = lines.readline()[:4].decode("ascii", "replace").strip().upper()
        if verb in ("", "QUIT"):
            return False
        if verb in ("MAIL", "RSET"):
            accepted.clear()
        needed = NEEDED.get(verb)
        usual = USUAL.get(verb, "500 5.5.2 what\r\n") if needed is None or needed in accepted else f"503 5.5.1 {needed} first\r\n"
        said = self._answer(connection, verb, usual)
        if said.startswith("2"):
            accepted.add(verb)
        if said.startswith("354"):
            self._take(connection, lines)
            accepted.clear()
        return True

    def _take(self, connection, lines):
        content = []
        while (line := lines.readline()) != b".\r\n":
            if not line:
                raise Ended
            content.append(line)
        with self._lock:  # it is in the journal before the other side can know
            if not (self._faults and self._faults[0][:2] == (".", "say")):
                self._given.append(b"".join(content))
        self._answer(connection, ".", USUAL["."])

    def _answer(self, connection, verb, usual):
        with self._lock:
            _, kind, text = self._faults.pop(0) if self._faults and self._faults[0][0] == verb else (verb, "say", usual)
        if kind == "close":
            raise Ended
        if kind in ("hang", "late"):
            self._await_end(connection)
        if kind == "dribble":
            for byte in usual.encode():
                connection.sendall(bytes([byte]))
                if select.select([connection], [], [], DRIBBLE_S)[0] and not connection.recv(1, socket.MSG_PEEK):
                    raise Ended
        else:
            connection.sendall((text if kind == "say" else usual).encode())
        return text if kind == "say" else usual

    @staticmethod
    def _await_end(connection):
        """Until the other side has closed, whatever it says before."""
        while select.select([connection], [], [], PATIENCE_S)[0] and connection.recv(4096):
            pass


@contextmanager
def scripted_relay(*faults):
    relay = ScriptedRelay(*faults)
    try:
        yield relay
    finally:
        relay.end()
