"""A door of TLS before a plain port."""

import socket
import ssl
import threading


class TlsDoor:
    """Listens on 127.0.0.1 and passes on what comes by TLS. With `clients_by` only clients of that authority pass."""

    def __init__(self, target, certificate, key, clients_by=None, maximum_version=None):
        self._target = target
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        if clients_by:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(clients_by)
        if maximum_version:
            self._context.minimum_version = ssl.TLSVersion.TLSv1
            self._context.maximum_version = maximum_version
            self._context.set_ciphers("DEFAULT@SECLEVEL=0")
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listening.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            inside = self._context.wrap_socket(client, server_side=True)
            server = socket.create_connection(self._target)
        except OSError:
            client.close()
            return
        threading.Thread(target=self._pass, args=(server, inside), daemon=True).start()
        self._pass(inside, server)

    @staticmethod
    def _pass(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
