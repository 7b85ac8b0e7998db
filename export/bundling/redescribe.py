"""A bundle with faults described anew: from a finished one, a file of sentences, or examples; its encoder untouched.

Every vector of words comes from the very tower that the encoder was trained with (`export.bundling.sentence_reader`),
every one of an example from that encoder (`export.bundling.examples`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from agent.bundle.load import Bundle, load_bundle
from agent.bundle.manifest import FILES, Manifest, identity_of
from agent.errors import ConfigError
from export.bundling import examples as by_examples
from export.bundling.bundle_folder import check_folder, check_same
from export.bundling.examples import Moved, hear_examples
from export.bundling.given_words import NOTHING_GIVEN, Descriptions, read_descriptions, sentences_of_given, texts_of
from export.bundling.judged_words import check_words, remarks_on_words
from export.bundling.rewritten import descriptions_bytes, replace_bundle
from export.bundling.sentence_reader import Near, Reader, reader_of
from export.bundling.stored_examples import Stored, check_place, keep_examples, read_stored
from export.bundling.stored_towers import check_tower, folder_of, place_to_keep
from export.bundling.told import counted, grants_of, named_by, told_of
from export.calibration.head_start import TAKEN
from export.data import trained_files
from export.network.graph import Floats

UNGRANTED = "the tower was stored without windows: a new fault is granted nothing, and hardly ever named; train anew"


@dataclass(frozen=True, slots=True)
class Redescribed:
    """What `redescribe` found on its way."""

    nearest: Mapping[str, Near]  # for every fault described, the nearest other one
    granted: Mapping[str, float]  # for every fault that the encoder was not trained with, described before or now
    remarks: tuple[str, ...]  # what is wrong with which sentence or example, and how to mend it
    moved: Mapping[str, Moved] = field(default_factory=dict)  # every fault that has examples, given before or now


def redescribe(
    bundle_path: Path | str,
    descriptions: Path | None,
    out: Path,
    *,
    examples: Sequence[Path] = (),
    tower: Path | None = None,
    version: str | None = None,
    takes_anyway: bool = False,
    near_anyway: bool = False,
    replace: bool = False,
) -> Redescribed:
    """Write to `out` the bundle with the faults of `descriptions` and of `examples` described anew; others keep theirs.

    TextError, RecordingError or BundleError, and nothing at `out` touched, where anything is wrong. That examples take
    too many windows from other faults is wrong unless `takes_anyway`; that words describe another fault than theirs,
    or say nothing of one, is unless `near_anyway`; so is another bundle at `out` unless `replace`.
    """
    if descriptions is None and not examples:
        raise ConfigError(NOTHING_GIVEN)
    bundle = load_bundle(bundle_path)
    given = {} if descriptions is None else read_descriptions(descriptions)
    reader = reader_of(bundle, tower, folder=bundle_path)
    check_folder(out)
    check_place(out)
    if not near_anyway:
        check_words(bundle, reader, given)
    source = folder_of(bundle_path)
    heard, notes = hear_examples(examples, bundle) if examples else ({}, ())
    told = told_of(
        bundle, _vectors(given, reader, bundle), read_stored(source.absolute(), identity_of(bundle.manifest)), heard
    )
    described = told.described()
    before = dict(zip(bundle.descriptions.faults, bundle.descriptions.vectors, strict=True))
    known = before | described
    faults, vectors = tuple(known), np.stack(list(known.values()))
    granted = grants_of(bundle, known, reader, told.weights)
    names = named_by(reader, before, bundle.calibration.granted), named_by(reader, known, granted)
    moved = counted(by_examples.moves_of(told.examples, told.words, known, told.weights), *names)
    if not takes_anyway:
        by_examples.check_moves({fault: one for fault, one in moved.items() if fault in heard})
    digest = _digest(bundle, [*([] if descriptions is None else [descriptions]), *examples])
    made = msgspec.structs.replace(
        bundle.manifest,
        faults=faults,
        version=version or f"{bundle.manifest.version.split('+')[0]}+{digest[:8]}",
        wordings_sha256=digest,
        calibration=msgspec.structs.replace(bundle.manifest.calibration, granted=granted),
    )
    contents = {name: (source / name).read_bytes() for name in FILES}
    contents["descriptions.npy"] = descriptions_bytes(vectors)
    contents["texts.json"] = texts_of(bundle, given)
    if not replace:
        check_same(out, made, contents)
    if (place := place_to_keep(reader.stored, out)) is not None:
        check_tower(place, reader.stored, replace=replace)
    by_windows = reader.heard is not None
    contents["model_card.md"] += _card(bundle, made, described, moved, by_windows=by_windows).encode()
    trained_on = source / trained_files.FILE
    beside = {trained_files.FILE: trained_on.read_bytes()} if trained_on.is_file() else {}
    replace_bundle(out, contents, made, beside)
    if place is not None:
        place.write_bytes(reader.stored)
    keep_examples(Stored(told.examples, told.words), out, identity_of(load_bundle(out).manifest))
    ungranted = (UNGRANTED,) if granted and reader.heard is None else ()
    remarks = (*ungranted, *notes, *by_examples.remarks_on(moved), *remarks_on_words(bundle, reader, given))
    return Redescribed({one: _nearest_other(one, faults, vectors) for one in described}, granted, remarks, moved)


def _digest(bundle: Bundle, files: Sequence[Path]) -> str:
    digest = hashlib.sha256(bundle.manifest.wordings_sha256.encode())
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _vectors(given: Descriptions, reader: Reader, bundle: Bundle) -> dict[str, Floats]:
    """fault -> unit vector, every language with the same weight."""
    sentences = sentences_of_given(given)
    if not sentences.texts:
        return {}
    faults = tuple(dict.fromkeys(sentences.faults))
    rows = reader.describe(sentences, faults, trained=bundle.manifest.trained)
    return dict(zip(faults, rows, strict=True))


def _card(
    bundle: Bundle,
    made: Manifest,
    described: Mapping[str, Floats],
    moved: Mapping[str, Moved],
    *,
    by_windows: bool,
) -> str:
    before = bundle.manifest
    lines = [
        f"\n## Described anew: {made.version}",
        "",
        f"From version {before.version}, without touching the encoder: {', '.join(described)}. The scores, the "
        "temperature and the limits of unknown above were measured with the descriptions before.",
    ]
    if moved:
        lines += ["", *(f"- {line}" for line in by_examples.as_lines(moved))]
    granted = made.calibration.granted
    if granted and by_windows:
        numbers = ", ".join(f"{fault} ({cosine:+.2f})" for fault, cosine in granted.items())
        lines.append(
            f"\nNot validated, the encoder was trained without: {numbers}. The number is added to its similarity, so "
            f"that at most {TAKEN:.0%} of the windows trained on would be named after it."
        )
    elif granted:
        lines.append(f"\nNot validated, the encoder was trained without: {', '.join(granted)}; {UNGRANTED}.")
    return "\n".join(lines) + "\n"


def _nearest_other(fault: str, faults: Sequence[str], vectors: Floats) -> Near:
    own = faults.index(fault)
    similarity = vectors @ vectors[own]
    similarity[own] = -np.inf
    other = int(similarity.argmax())
    return Near(faults[other], float(similarity[other]))
