"""Vectors of sentences that were read before, kept in the user's cache folder: reading one costs far more than a look.

A cache is never believed and never needed: a file that is broken or cannot be written costs the time to read again.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from export.network.graph import Floats

MOST = 8192
"""Sentences kept per encoder, 13 MB of MiniLM's; the oldest go first."""
KEY_BYTES, DIGEST_BYTES = 16, 32


def cache_folder() -> Path:
    """Where this user keeps what can be made again (XDG base directory specification)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "textvib"


class VectorCache:
    """The vectors (dim,) of one encoder; `version` is all that they depend on beside the sentence."""

    def __init__(self, name: str, *, dim: int, version: str, folder: Path | None = None) -> None:
        digest = hashlib.sha256(f"{dim} {version}".encode()).hexdigest()[:12]
        self._path = (folder or cache_folder()) / f"{name}-{digest}.vectors"
        self._kept = self._load()

    def get(self, text: str) -> Floats | None:
        return self._kept.get(_key(text))

    def put(self, vectors: Mapping[str, Floats]) -> None:
        """Keep the vectors of these sentences too, beside those that another process has kept in the meantime."""
        if not vectors:
            return
        fresh = {_key(text): vector for text, vector in vectors.items()}
        merged = {key: vector for key, vector in self._load().items() if key not in fresh} | fresh
        self._kept = dict(list(merged.items())[-MOST:])
        keys = np.frombuffer(b"".join(self._kept), np.uint8).reshape(-1, KEY_BYTES)
        buffer = io.BytesIO()
        np.savez(buffer, keys=keys, vectors=np.stack(list(self._kept.values())))
        content = buffer.getvalue()
        part = self._path.with_suffix(f".{os.getpid()}.part")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(hashlib.sha256(content).digest() + content)
            part.replace(self._path)

    def _load(self) -> dict[bytes, Floats]:
        """Nothing where the file is not what was written, to the last bit."""
        try:
            stored = self._path.read_bytes()
        except OSError:
            return {}
        digest, content = stored[:DIGEST_BYTES], stored[DIGEST_BYTES:]
        if hashlib.sha256(content).digest() != digest:
            return {}
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            keys, vectors = arrays["keys"], arrays["vectors"]
        return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:KEY_BYTES]
