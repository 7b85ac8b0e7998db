"""Who made a bundle: an Ed25519 signature (RFC 8032) over its manifest, which holds the hash of every other file.

The signature stands in `manifest.sig` beside the manifest. Keys are PEM files as openssl and ssh-keygen -m write them;
whose public key lies in the operator's folder is trusted, and who is trusted no longer is by taking the file away.
"""

from __future__ import annotations

import hashlib
import importlib.util
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from agent.errors import BundleError, ConfigError
from firmware_bridge.installing import pip_line

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

SCHEMA = "textvib/signature/1"
SIGNATURE = "manifest.sig"
PREFIX = b"textvib/signature/1 of a bundle's manifest\n"
"""Goes before what is signed, so that no signature over anything else is one over a manifest."""
SUFFIX = ".pub"
MAX_BYTES = 4096  # of a signature or a key


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`manifest.sig`."""

    schema: str
    key: str  # the id of the public key
    ed25519: bytes  # base64 in the file


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose bundles are taken."""

    folder: Path
    keys: Mapping[str, Ed25519PublicKey] = field(default_factory=dict)  # by their id
    is_required: bool = True  # False: a bundle without a signature is taken, too


def trust_in(folder: Path, *, is_required: bool) -> Trust:
    """The keys `*.pub` in `folder`; ConfigError where one is none, where anybody may change them, or there is none."""
    if importlib.util.find_spec("cryptography") is None:
        raise ConfigError(f"bundle.trusted_keys: needs the package cryptography; mend: {pip_line('signatures')}")
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX)
        open_to_all = [path for path in (folder, *paths) if path.stat().st_mode & stat.S_IWOTH]
        keys = [_public_key(path) for path in paths]
    except OSError as error:
        raise ConfigError(
            f"bundle.trusted_keys: {error.filename or folder}: cannot be read ({error.strerror}); name a folder of "
            f"public keys (*{SUFFIX})"
        ) from error
    if open_to_all:
        raise ConfigError(
            f"bundle.trusted_keys: anybody may write to {open_to_all[0]}; mend: chmod o-w {open_to_all[0]}"
        )
    if not keys:
        raise ConfigError(f"bundle.trusted_keys: {folder} holds no public key (*{SUFFIX}); put one there")
    return Trust(folder, {key_id(key): key for key in keys}, is_required)


def key_id(key: Ed25519PublicKey) -> str:
    """16 hex digits of the SHA-256 of the key's 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def check_signature(folder: Path, manifest: bytes, trust: Trust) -> None:
    """BundleError where the bytes of the bundle's manifest in `folder` are not signed by one who is trusted."""
    from cryptography.exceptions import InvalidSignature

    path = folder / SIGNATURE
    signature = _read_signature(path)
    if signature is None:
        if trust.is_required:
            raise BundleError(
                f"{path}: the bundle is not signed, and bundle.require_signature is set; sign a copy of it (python -m "
                "export sign BUNDLE --key FILE) and name that in agent.bundle"
            )
        return
    key = trust.keys.get(signature.key)
    if key is None:
        raise BundleError(
            f"{path}: signed with the key {signature.key}, which is not among those of {trust.folder} "
            f"({', '.join(trust.keys)}); put its public key there if you trust it, or take a bundle of theirs"
        )
    try:
        key.verify(signature.ed25519, PREFIX + manifest)
    except InvalidSignature:
        raise BundleError(
            f"{path}: the signature is not one of this manifest; the bundle was changed after it was signed: copy it "
            "again from who signed it"
        ) from None


def _read_signature(path: Path) -> Signature | None:
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise BundleError(f"{path}: is no file; copy the bundle again")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror}); copy the bundle again") from error
    try:
        if len(content) > MAX_BYTES:
            raise msgspec.DecodeError(f"larger than {MAX_BYTES} bytes")
        signature = msgspec.json.decode(content, type=Signature)
        if signature.schema != SCHEMA:
            raise msgspec.DecodeError(f"schema is {signature.schema!r}, this agent reads {SCHEMA!r}")
    except (msgspec.DecodeError, RecursionError) as error:
        raise BundleError(f"{path}: not a signature: {error}; sign the bundle again") from error
    return signature


def _public_key(path: Path) -> Ed25519PublicKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    with path.open("rb") as file:
        content = file.read(MAX_BYTES)
    try:
        key = load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(
            f"bundle.trusted_keys: {path}: no public key in PEM; take the file away or mend it"
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"bundle.trusted_keys: {path}: not an Ed25519 key; take the file away")
    return key
