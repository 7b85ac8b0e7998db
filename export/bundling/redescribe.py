"""A bundle with faults described anew: from a finished one and a file of sentences, its encoder untouched.

Every new vector comes from the very tower that the encoder was trained with (`export.bundling.sentence_reader`).
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from agent.bundle.encoder import load_encoder
from agent.bundle.load import Bundle, load_bundle
from agent.bundle.manifest import FILES, MANIFEST, FileEntry, Manifest
from agent.diagnosis.matching import Text
from agent.errors import BundleError
from agent.types import HEALTHY, INVALID, UNKNOWN
from export.bundling.pack import MAX_BUNDLE_BYTES
from export.bundling.sentence_reader import Near, Reader, rank, reader_of
from export.bundling.stored_towers import folder_of, keep_tower
from export.calibration.head_start import TAKEN, grant_of
from export.data import trained_files
from export.network.graph import Floats
from export.text.encoders import Sentences, TextError

FAULT_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
ADVICE = {"ko": "설비를 점검하고 진동 추이를 관찰하십시오.", "en": "Inspect the machine and watch the trend."}
"""For a fault that is described without advice; other languages get the English one."""
UNGRANTED = "the tower was stored without windows: a new fault is granted nothing, and hardly ever named; train anew"


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one language describes a fault; title, sentence and advice are what people read in an alert."""

    sentences: tuple[str, ...]
    title: str | None = None
    sentence: str | None = None
    advice: str | None = None


Descriptions = Mapping[str, Mapping[str, Wording]]
"""language -> fault -> wording"""


@dataclass(frozen=True, slots=True)
class Redescribed:
    """What `redescribe` found on its way."""

    nearest: Mapping[str, Near]  # for every fault described, the nearest other one
    granted: Mapping[str, float]  # for every fault that the encoder was not trained with, described before or now
    remarks: tuple[str, ...]  # what is wrong with which sentence, and how to mend it


def read_descriptions(path: Path) -> Descriptions:
    """A TOML file with a table per language, fault id -> sentences; TextError names what is wrong.

    Instead of a list a fault may have a table with `sentences` and, optionally, `title`, `sentence` and `advice`.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        given = msgspec.convert(content, dict[str, dict[str, tuple[str, ...] | Wording]])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise TextError(f"{path}: {error}; it must hold a table per language, fault = [sentences]") from error
    found: dict[str, dict[str, Wording]] = {}
    for language, faults in given.items():
        for fault, wording in faults.items():
            whole = wording if isinstance(wording, Wording) else Wording(wording)
            where = f"{path}: {language}.{fault}"
            if not FAULT_ID.fullmatch(fault) or fault in (UNKNOWN, INVALID):
                raise TextError(f"{where}: not a fault id; use small letters, digits and _, not unknown or invalid")
            if not whole.sentences or any(not sentence.strip() for sentence in whole.sentences):
                raise TextError(f"{where}: an empty list or sentence; write one or take it out")
            found.setdefault(language, {})[fault] = whole
    if not found:
        raise TextError(f"{path}: describes no fault; write a table per language, fault = [sentences]")
    return found


def redescribe(
    bundle_path: Path | str, descriptions: Path, out: Path, *, tower: Path | None = None, version: str | None = None
) -> Redescribed:
    """Write to `out` the bundle with the faults of `descriptions` described anew; the others keep theirs.

    TextError or BundleError, and nothing at `out` touched, where anything is wrong.
    """
    bundle = load_bundle(bundle_path)
    given = read_descriptions(descriptions)
    reader = reader_of(bundle, tower, folder=bundle_path)
    if out.exists() and not (out / MANIFEST).is_file():
        raise BundleError(f"{out}: exists and is no bundle; name another folder with --out")
    source = folder_of(bundle_path)
    described = _vectors(given, reader, bundle)
    faults = tuple(dict.fromkeys((*bundle.manifest.faults, *described)))
    known = dict(zip(bundle.descriptions.faults, bundle.descriptions.vectors, strict=True)) | described
    vectors = np.stack([known[fault] for fault in faults])
    granted = _grants(bundle, known, reader)
    digest = hashlib.sha256(bundle.manifest.wordings_sha256.encode() + descriptions.read_bytes()).hexdigest()
    made = msgspec.structs.replace(
        bundle.manifest,
        faults=faults,
        version=version or f"{bundle.manifest.version.split('+')[0]}+{digest[:8]}",
        wordings_sha256=digest,
        calibration=msgspec.structs.replace(bundle.manifest.calibration, granted=granted),
    )
    contents = {name: (source / name).read_bytes() for name in FILES}
    contents["descriptions.npy"] = _npy(vectors)
    contents["texts.json"] = _texts(bundle, given)
    contents["model_card.md"] += _card(bundle, made, described, by_windows=reader.heard is not None).encode()
    trained_on = source / trained_files.FILE
    beside = {trained_files.FILE: trained_on.read_bytes()} if trained_on.is_file() else {}
    _replace(out, contents, made, beside)
    keep_tower(reader.stored, out)
    nearest = {fault: _nearest_other(fault, faults, vectors) for fault in described}
    ungranted = (UNGRANTED,) if granted and reader.heard is None else ()
    return Redescribed(nearest, granted, ungranted + _remarks(bundle, reader, given))


def _grants(bundle: Bundle, known: Mapping[str, Floats], reader: Reader) -> dict[str, float]:
    """What each fault of `known` is granted that the encoder was not trained with; 0 where no window was stored."""
    trained = bundle.manifest.trained
    centres = np.stack([known[fault] for fault in trained])
    return {
        fault: 0.0 if reader.heard is None else grant_of(reader.heard, centres, vector)
        for fault, vector in known.items()
        if fault not in trained
    }


def _remarks(bundle: Bundle, reader: Reader, given: Descriptions) -> tuple[str, ...]:
    """Sentences that the bundle's descriptions, as they were, place elsewhere than under the fault they are given for.

    A new fault has no description yet: that it is near none is as it should be, and worth no remark.
    """
    found = []
    for language, table in given.items():
        for fault, wording in table.items():
            for sentence in wording.sentences:
                where = f"{language}.{fault}: {sentence!r} is near"
                first = rank(bundle, reader, sentence)[0]
                if first.similarity < reader.near:
                    if fault in bundle.manifest.faults:
                        found.append(
                            f"{where} no fault; write what is wrong with the machine, and what is not leave out"
                        )
                elif first.fault != fault:
                    found.append(f"{where} {first.fault} ({first.similarity:.2f}); describe what differs from it")
    return tuple(found)


def _vectors(given: Descriptions, reader: Reader, bundle: Bundle) -> dict[str, Floats]:
    """fault -> unit vector, every language with the same weight."""
    flat = [
        (s, fault, language) for language, table in given.items() for fault, w in table.items() for s in w.sentences
    ]
    sentences = Sentences(*zip(*flat, strict=True))
    faults = tuple(dict.fromkeys(sentences.faults))
    rows = reader.describe(sentences, faults, trained=bundle.manifest.trained)
    return dict(zip(faults, rows, strict=True))


def _texts(bundle: Bundle, given: Descriptions) -> bytes:
    """What people read: a known fault keeps its text but for what was given; another is told by its first sentence."""
    texts = {fault: dict(per_language) for fault, per_language in bundle.descriptions.texts.items()}
    for fault in dict.fromkeys(fault for table in given.values() for fault in table):
        wordings = {language: table[fault] for language, table in given.items() if fault in table}
        for language in texts[HEALTHY]:
            wording = wordings.get(language)
            before = texts.get(fault, {}).get(language) or _plain_text(fault, language, wording, wordings)
            texts.setdefault(fault, {})[language] = before if wording is None else _overruled(before, wording)
    return msgspec.json.format(msgspec.json.encode(texts), indent=1)


def _plain_text(fault: str, language: str, wording: Wording | None, wordings: Mapping[str, Wording]) -> Text:
    chosen = wording or next(iter(wordings.values()))
    return Text(
        title=chosen.title or fault.replace("_", " "),
        sentence=chosen.sentence or chosen.sentences[0],
        advice=chosen.advice or ADVICE.get(language, ADVICE["en"]),
    )


def _overruled(text: Text, wording: Wording) -> Text:
    given = {name: value for name in ("title", "sentence", "advice") if (value := getattr(wording, name))}
    return msgspec.structs.replace(text, **given)


def _card(bundle: Bundle, made: Manifest, described: Mapping[str, Floats], *, by_windows: bool) -> str:
    before = bundle.manifest
    lines = [
        f"\n## Described anew: {made.version}",
        "",
        f"From version {before.version}, without touching the encoder: {', '.join(described)}. The scores, the "
        "temperature and the limits of unknown above were measured with the descriptions before.",
    ]
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
    nearest = int(similarity.argmax())
    return Near(faults[nearest], float(similarity[nearest]))


def _npy(vectors: Floats) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, vectors.astype(np.float16), allow_pickle=False)
    return buffer.getvalue()


def _replace(out: Path, contents: Mapping[str, bytes], manifest: Manifest, beside: Mapping[str, bytes]) -> None:
    """Write beside `out`, load and self-test as an agent would, then move into its place.

    `beside` are files that no agent reads.
    """
    files = {name: FileEntry(hashlib.sha256(content).hexdigest(), len(content)) for name, content in contents.items()}
    encoded = msgspec.json.encode(msgspec.structs.replace(manifest, files=files))
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    for name, content in (*contents.items(), *beside.items()):
        (part / name).write_bytes(content)
    (part / MANIFEST).write_bytes(msgspec.json.format(encoded, indent=1) + b"\n")
    try:
        load_encoder(load_bundle(part))
        total = sum(path.stat().st_size for path in part.iterdir())
        if total > MAX_BUNDLE_BYTES:
            raise BundleError(f"the bundle would have {total} bytes, more than {MAX_BUNDLE_BYTES}; describe less")
    except BundleError:
        shutil.rmtree(part)
        raise
    shutil.rmtree(out, ignore_errors=True)
    part.replace(out)
