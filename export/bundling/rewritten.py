"""A finished bundle written again with other contents: loaded and self-tested before it takes its place."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from agent.bundle.encoder import load_encoder
from agent.bundle.load import load_bundle
from agent.bundle.manifest import MANIFEST, FileEntry, Manifest
from agent.errors import BundleError
from export.bundling.bundle_folder import made_beside
from export.bundling.pack import MAX_BUNDLE_BYTES
from export.network.graph import Floats


def descriptions_bytes(vectors: Floats) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, vectors.astype(np.float16), allow_pickle=False)
    return buffer.getvalue()


def replace_bundle(out: Path, contents: Mapping[str, bytes], manifest: Manifest, beside: Mapping[str, bytes]) -> None:
    """Write beside `out`, load and self-test as an agent would, then move into its place.

    `beside` are files that no agent reads.
    """
    files = {name: FileEntry(hashlib.sha256(content).hexdigest(), len(content)) for name, content in contents.items()}
    encoded = msgspec.json.encode(msgspec.structs.replace(manifest, files=files))
    with made_beside(out) as part:
        for name, content in (*contents.items(), *beside.items()):
            (part / name).write_bytes(content)
        (part / MANIFEST).write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")
        load_encoder(load_bundle(part))
        total = sum(path.stat().st_size for path in part.iterdir())
        if total > MAX_BUNDLE_BYTES:
            raise BundleError(f"the bundle would have {total} bytes, more than {MAX_BUNDLE_BYTES}; describe less")
