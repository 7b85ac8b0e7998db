"""A certificate authority of a test's own, and certificates that it has signed."""

from __future__ import annotations

import subprocess
from pathlib import Path

CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """`ca.crt` in a folder, readable by brokers that run as another user."""

    def __init__(self, folder: Path, name: str = "Plant CA") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        _openssl(
            "req",
            "-x509",
            *CURVE,
            "-days",
            "2",
            "-subj",
            f"/CN={name}",
            "-keyout",
            self._file("ca.key"),
            "-out",
            self.ca,
        )

    @property
    def ca(self) -> Path:
        return self._file("ca.crt")

    def sign(self, name: str) -> tuple[Path, Path]:
        """Certificate and key of `name`, which is also good for this computer's own address."""
        request, names = self._file(f"{name}.csr"), self._file(f"{name}.names")
        certificate, key = self._file(f"{name}.crt"), self._file(f"{name}.key")
        names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost")
        _openssl("req", *CURVE, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        signing = ["-CA", self.ca, "-CAkey", self._file("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", names]
        _openssl("x509", "-req", "-in", request, *signing, "-out", certificate)
        key.chmod(0o644)
        return certificate, key

    def _file(self, name: str) -> Path:
        return self.folder / name


def _openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
