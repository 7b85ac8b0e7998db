"""Examples that have moved a bundle's descriptions, kept with the words beside the bundle: they never ship with it.

Without them, examples that are given twice would count twice, and more would start from where fewer left off. A file
belongs to the bundle whose manifest it names; beside another it says nothing.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from agent.errors import BundleError
from agent.recordings.foreign import reading
from export.calibration.few_shots import Examples
from export.network.graph import Floats

BUNDLE = "bundle"  # array: the identity of the bundle's manifest


@dataclass(frozen=True, slots=True)
class Stored:
    """Fault -> its examples, and the description (dim,) that its words alone give."""

    examples: Mapping[str, Examples] = field(default_factory=dict)
    words: Mapping[str, Floats] = field(default_factory=dict)

    def with_more(self, more: Mapping[str, Examples]) -> dict[str, Examples]:
        """All examples; an alert that is told of again is what it is told to be now."""
        told = {alert for one in more.values() for alert in one.alerts.tolist()}
        left = {fault: _without(one, told) for fault, one in self.examples.items()}
        return {
            fault: _both(kept, more.get(fault))
            for fault in dict.fromkeys((*left, *more))
            if (kept := left.get(fault)) is not None or fault in more
        }


def place_of(bundle: Path) -> Path:
    """The file for the examples of the bundle in folder `bundle`."""
    return bundle.with_name(f"{bundle.name}.examples.npz")


def read_stored(bundle: Path, identity: str) -> Stored:
    """What lies beside a bundle of that identity, nothing where no examples moved it; RecordingError where damaged."""
    path = place_of(bundle)
    if not path.is_file():
        return Stored()
    with reading(path, "file of examples, as `python -m export describe` writes it"):
        with np.load(path, allow_pickle=False) as arrays:
            if str(arrays[BUNDLE]) != identity:
                return Stored()
            faults, labels, vectors = (arrays[name] for name in ("faults", "labels", "vectors"))
            machines, alerts, words = (arrays[name] for name in ("machines", "alerts", "words"))
        if not (np.isfinite(vectors).all() and np.isfinite(words).all()) or vectors.shape[1] != words.shape[1]:
            raise ValueError(f"vectors of {vectors.shape} and {words.shape}")
        own = {str(fault): labels == fault for fault in faults}
        examples = {fault: Examples(vectors[rows], machines[rows], alerts[rows]) for fault, rows in own.items()}
        return Stored(examples, dict(zip(own, words, strict=True)))


def check_place(bundle: Path) -> None:
    """BundleError where something else lies in the place for the examples of the bundle in folder `bundle`."""
    path = place_of(bundle)
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if BUNDLE in arrays.files:
                return
    except FileNotFoundError:
        return
    except (OSError, ValueError, EOFError, AttributeError, BadZipFile):
        pass  # somebody's own, as what other arrays hold is
    raise BundleError(f"{path}: is there, and is where the bundle's examples go; move it, or name another --out")


def keep_examples(stored: Stored, bundle: Path, identity: str) -> None:
    """Put them beside the bundle, in the place of what lay there; nothing is left there where there are none."""
    path = place_of(bundle)
    if stored.examples:
        path.write_bytes(_bytes(stored, identity))
    else:
        path.unlink(missing_ok=True)


def _bytes(stored: Stored, identity: str) -> bytes:
    buffer, faults = io.BytesIO(), list(stored.examples)
    every = list(stored.examples.values())
    np.savez_compressed(
        buffer,
        bundle=np.array(identity),
        faults=np.array(faults),
        words=np.stack([stored.words[fault] for fault in faults]),
        labels=np.repeat(faults, [len(one) for one in every]),
        vectors=np.concatenate([one.vectors for one in every]),
        machines=np.concatenate([one.machines for one in every]),
        alerts=np.concatenate([one.alerts for one in every]),
    )
    return buffer.getvalue()


def _without(examples: Examples, alerts: set[str]) -> Examples | None:
    kept = ~np.isin(examples.alerts, list(alerts))
    return Examples(examples.vectors[kept], examples.machines[kept], examples.alerts[kept]) if kept.any() else None


def _both(kept: Examples | None, more: Examples | None) -> Examples:
    parts = [one for one in (kept, more) if one is not None]
    return Examples(
        np.concatenate([one.vectors for one in parts]),
        np.concatenate([one.machines for one in parts]),
        np.concatenate([one.alerts for one in parts]),
    )
