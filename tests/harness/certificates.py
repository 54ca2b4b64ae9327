"""Certificates for tests, made by the openssl command."""

import subprocess


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
