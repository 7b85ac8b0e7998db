"""Signs a finished bundle, and makes the keys for it: a private one for who packs bundles, a public one for the agents.

What is signed is the manifest, which holds the hash of every other file; `agent.bundle.signature` checks it.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.bundle.load import load_bundle
from agent.bundle.manifest import MANIFEST
from agent.bundle.signature import MAX_BYTES, PREFIX, SCHEMA, SIGNATURE, SUFFIX, Signature, key_id
from agent.errors import ConfigError


def make_key(path: Path, *, passphrase: bytes | None = None) -> tuple[Path, str]:
    """Write a new private key to `path`, for its owner alone, and its public half beside it; that one's file and id.

    With a passphrase the private key is of use to nobody without it. ConfigError where a file is there already.
    """
    public = path.with_name(path.name + SUFFIX)
    key = Ed25519PrivateKey.generate()
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        lock = serialization.BestAvailableEncryption(passphrase)
    private_pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    public_pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for file, content, mode in ((path, private_pem, 0o600), (public, public_pem, 0o644)):
        try:
            number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            raise ConfigError(f"{file}: is there already, and a key is never written over; name another file") from None
        with os.fdopen(number, "wb") as stream:
            stream.write(content)
    return public, key_id(key.public_key())


def read_key(path: Path, *, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """The private key in a PEM file; ConfigError where it is none, or where the passphrase is not its own."""
    with path.open("rb") as file:
        content = file.read(MAX_BYTES)
    try:
        key = serialization.load_pem_private_key(content, passphrase)
    except TypeError as error:  # a passphrase too many, or one too few
        mend = "name the file with its passphrase (--passphrase-file)" if passphrase is None else "give no passphrase"
        raise ConfigError(f"{path}: {mend}") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{path}: no private key in PEM, or of another passphrase; name its file") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigError(f"{path}: not an Ed25519 key; make one with: python -m export key FILE")
    return key


def sign_bundle(folder: Path, key: Ed25519PrivateKey) -> str:
    """Sign the bundle in `folder` in place, having held its files against its manifest; the id of the key.

    BundleError where it is no bundle.
    """
    load_bundle(folder)
    manifest = (folder / MANIFEST).read_bytes()
    signature = Signature(SCHEMA, key_id(key.public_key()), key.sign(PREFIX + manifest))
    part = folder / f"{SIGNATURE}.part"
    part.write_bytes(msgspec.json.format(msgspec.json.encode(signature), indent=1) + b"\n")
    part.replace(folder / SIGNATURE)
    return signature.key
