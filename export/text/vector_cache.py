"""Vectors of sentences that were read before, kept in the user's cache folder: reading one costs far more than a look.

A cache is never believed and never needed: a file that is broken or cannot be written costs the time to read again.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from export.network.graph import Floats

MOST = 8192
"""Sentences kept per encoder, 13 MB of MiniLM's; the oldest go first."""
KEY_BYTES = 16


def cache_folder() -> Path:
    """Where this user keeps what can be made again (XDG base directory specification)."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".cache") / "textvib"


class VectorCache:
    """The vectors (dim,) of one encoder; `version` is all that they depend on beside the sentence."""

    def __init__(self, name: str, *, dim: int, version: str, folder: Path | None = None) -> None:
        digest = hashlib.sha256(version.encode()).hexdigest()[:12]
        self._path = (folder or cache_folder()) / f"{name}-{digest}.npz"
        self._dim = dim
        self._kept = self._load()

    def get(self, text: str) -> Floats | None:
        return self._kept.get(_key(text))

    def put(self, vectors: Mapping[str, Floats]) -> None:
        """Keep the vectors of these sentences too, beside those that another process has kept in the meantime."""
        fresh = {_key(text): vector for text, vector in vectors.items()}
        merged = {key: vector for key, vector in self._load().items() if key not in fresh} | fresh
        self._kept = dict(list(merged.items())[-MOST:])
        part = self._path.with_suffix(f".{os.getpid()}.part")
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                keys = np.frombuffer(b"".join(self._kept), np.uint8).reshape(-1, KEY_BYTES)
                np.savez(file, keys=keys, vectors=np.stack(list(self._kept.values())), sum=_sum(self._kept))
            part.replace(self._path)

    def _load(self) -> dict[bytes, Floats]:
        try:
            with np.load(self._path, allow_pickle=False) as stored:
                keys, vectors, total = (stored[name] for name in ("keys", "vectors", "sum"))
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return {}
        fits = keys.dtype == np.uint8 and keys.shape == (len(vectors), KEY_BYTES) and vectors.dtype == np.float32
        if not fits or vectors.shape != (len(keys), self._dim):
            return {}
        kept: dict[bytes, Floats] = {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}
        return kept if np.array_equal(_sum(kept), total) else {}


def _sum(kept: Mapping[bytes, Floats]) -> np.ndarray[tuple[int], np.dtype[np.uint8]]:
    """SHA-256 over keys and vectors, so that a file half rotten is none."""
    digest = hashlib.sha256(b"".join(key + vector.tobytes() for key, vector in kept.items())).digest()
    return np.frombuffer(digest, np.uint8)


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:KEY_BYTES]
