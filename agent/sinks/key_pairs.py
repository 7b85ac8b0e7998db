"""Whether a certificate and a key serve together: with somebody else's key a server starts, and nobody gets in."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from agent.transport.secrets import path_of

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from cryptography.x509 import Certificate

MAX_FILE_BYTES = 1 << 20
PEM = b"-----BEGIN"


@runtime_checkable
class Paired(Protocol):
    """The keys of a sink that names both, or neither."""

    @property
    def cert_file(self) -> str | None:
        """In PEM or DER."""

    @property
    def key_file(self) -> str | None:
        """Likewise, without a password."""


def problem_of_pair(pair: Paired) -> str | None:
    """Why its files do not serve together, led by the key at fault; None where they do, where none are named, and where
    no package is installed that could use them."""
    if pair.cert_file is None or pair.key_file is None or importlib.util.find_spec("cryptography") is None:
        return None
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    try:
        told = _certificate(_content(pair.cert_file)).public_key()
    except (OSError, ValueError):
        return (
            f"cert_file: {pair.cert_file}: is no certificate in PEM or DER; check that it and key_file are not swapped"
        )
    try:
        own = _private_key(_content(pair.key_file)).public_key()
    except (OSError, ValueError, TypeError):  # TypeError: there is a password on it
        return f"key_file: {pair.key_file}: is no private key in PEM or DER without a password; give one"
    if told != own:
        return f"key_file: {pair.key_file}: is not the key of the certificate in cert_file, {pair.cert_file}; give that"
    if not isinstance(told, RSAPublicKey):
        return f"cert_file: {pair.cert_file}: is no RSA certificate, which clients encrypt with; make one of RSA 2048"
    return None


def _content(name: str) -> bytes:
    with path_of(name).open("rb") as file:
        return file.read(MAX_FILE_BYTES)


def _certificate(content: bytes) -> Certificate:
    from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

    return (load_pem_x509_certificate if PEM in content else load_der_x509_certificate)(content)


def _private_key(content: bytes) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    try:
        return (load_pem_private_key if PEM in content else load_der_private_key)(content, None)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from error
