"""A door of TLS before a plain port, and certificates for it, made by the openssl command."""

import socket
import ssl
import subprocess
import threading


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)


class Authority:
    """Signs certificates. `file` is what clients check against."""

    def __init__(self, directory, name):
        self._directory = directory
        self.file = directory / f"{name}.pem"
        self._key = directory / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.file)

    def certificate(self, name, days=2):
        """(certificate, key) for a host name, or an address if it looks like one."""
        kind = "IP" if name.replace(".", "").isdigit() else "DNS"
        certificate, key, request, extension = (self._directory / f"{name}.{end}" for end in ("crt", "key", "csr", "ext"))
        extension.write_text(f"subjectAltName={kind}:{name}\n", encoding="utf-8")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", days,
                "-extfile", extension, "-out", certificate)
        return certificate, key


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
