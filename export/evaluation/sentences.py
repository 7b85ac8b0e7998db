"""How far sentences may be trusted: other words for a fault find it, and what describes no fault is near none.

All sentences here are never-seen ones (`unseen` stands in their files' names), and the limit is the one that the tower
was stored with: nothing is fitted to what is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.bundle.load import Bundle
from agent.types import FAULTS, HEALTHY
from export.bundling.sentence_reader import Reader
from export.network.graph import Floats
from export.text.encoders import FOLDER, LANGUAGES, NONE, read_wordings, sentences_of
from export.text.no_fault import UNSEEN, read_contrasts
from export.text.said import SAID_UNSEEN, SaidSentence, read_said
from export.text.written import WRITTEN_UNSEEN, read_written

Rows: TypeAlias = Sequence[tuple[str, str, str]]
"""(sentence, fault or NONE, language)"""

WORST = 12
"""Sentences that are shown."""


class Found(msgspec.Struct, frozen=True):
    """Never-seen sentences about a fault."""

    kind: str  # "wording", "affirmed": a defect in a form that says it is there, or one of `export.text.said`
    language: str
    sentences: int
    nearest: float  # share whose nearest description is their own
    near: float  # share that also reaches the limit


class Refused(msgspec.Struct, frozen=True):
    """Never-seen sentences about no fault."""

    kind: str  # of `export.text.no_fault.KINDS`, or a kind of denial of `export.text.said`
    language: str
    sentences: int
    near_none: float  # share below the limit for every fault but healthy
    median: float  # cosine to the nearest fault but healthy


class Wrong(msgspec.Struct, frozen=True):
    """A sentence that lies where it must not."""

    sentence: str
    fault: str  # "none" where it describes none
    nearest: str
    similarity: float


class Texts(msgspec.Struct, frozen=True):
    """The sentences' part of the JSON document of `texts`."""

    bundle: str
    limit: float
    found: tuple[Found, ...]
    refused: tuple[Refused, ...]
    wrong: tuple[Wrong, ...]  # the worst first
    said_found: tuple[Found, ...] = ()  # in people's own words
    said_refused: tuple[Refused, ...] = ()  # likewise, per kind of denial
    written_found: tuple[Found, ...] = ()  # by somebody who knew no others
    written_refused: tuple[Refused, ...] = ()  # likewise


@dataclass(frozen=True, slots=True)
class Read:
    """Sentences of one kind with their cosines to the descriptions of `faults`."""

    kind: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    languages: NDArray[np.str_]
    similarity: Floats  # (n, faults)

    @property
    def describes(self) -> bool:
        """Whether these sentences are about faults."""
        return NONE not in self.labels


def read_never_seen(bundle: Bundle, reader: Reader) -> tuple[Read, ...]:
    """Both kinds of sentences about faults, then every kind about none, against the bundle's descriptions."""
    return never_seen(lambda texts: reader.cosines(texts, bundle))


def never_seen(cosines: Callable[[Sequence[str]], Floats]) -> tuple[Read, ...]:
    """The same against any descriptions; `cosines` gives (sentences, faults)."""
    wordings, contrasts = sentences_of(read_wordings(FOLDER / "unseen.toml"), FAULTS), read_contrasts(UNSEEN)
    affirmed = [
        (text, fault, language)
        for language, table in contrasts.affirmed.items()
        for fault, texts in table.items()
        for text in texts
    ]
    rows = {
        "wording": list(zip(wordings.texts, wordings.faults, wordings.languages, strict=True)),
        "affirmed": affirmed,
    }
    for one in contrasts.negatives:
        rows.setdefault(one.kind, []).append((one.text, NONE, one.language))
    return _read(rows, cosines)


def read_never_said(cosines: Callable[[Sequence[str]], Floats]) -> tuple[Read, ...]:
    """People's own words, likewise: those about faults, then denials kind by kind."""
    return _read_said(read_said(SAID_UNSEEN), cosines)


def read_never_written(cosines: Callable[[Sequence[str]], Floats]) -> tuple[Read, ...]:
    """Whole sentences of somebody who knew no others, likewise."""
    return _read_said(read_written(WRITTEN_UNSEEN), cosines)


def _read_said(sentences: Sequence[SaidSentence], cosines: Callable[[Sequence[str]], Floats]) -> tuple[Read, ...]:
    rows: dict[str, list[tuple[str, str, str]]] = {}
    for one in sorted(sentences, key=lambda one: one.fault == NONE):
        rows.setdefault(one.kind, []).append((one.text, one.fault, one.language))
    return _read(rows, cosines)


def _read(rows: Mapping[str, Rows], cosines: Callable[[Sequence[str]], Floats]) -> tuple[Read, ...]:
    found = []
    for kind, sentences in rows.items():
        texts, labels, languages = zip(*sentences, strict=True)
        found.append(Read(kind, texts, labels, np.array(languages), cosines(texts)))
    return tuple(found)


def judge_texts(bundle: Bundle, reader: Reader, read: Sequence[Read]) -> Texts:
    """Shares per kind and language, and the sentences that lie worst; people's own words likewise."""
    faults, name = bundle.descriptions.faults, f"{bundle.manifest.name} {bundle.manifest.version}"
    found, refused, wrong = judge(read, faults, near=reader.near)

    def cosines(texts: Sequence[str]) -> Floats:
        return reader.cosines(texts, bundle)

    said = judge(read_never_said(cosines), faults, near=reader.near)
    written = judge(read_never_written(cosines), faults, near=reader.near)
    worst = sorted((*wrong, *written[2]), key=lambda one: -one.similarity)[:WORST]
    return Texts(name, reader.near, found, refused, tuple(worst), *said[:2], *written[:2])


def judge(
    read: Sequence[Read], named_faults: Sequence[str], *, near: float
) -> tuple[tuple[Found, ...], tuple[Refused, ...], tuple[Wrong, ...]]:
    """Shares per kind and language where `near` is the limit, and all sentences that lie wrong, the worst first."""
    faults = np.array(named_faults)
    found: list[Found] = []
    refused: list[Refused] = []
    wrong: list[Wrong] = []
    for part in read:
        if not part.describes:
            named = faults[faults != HEALTHY]
            cosines = part.similarity[:, faults != HEALTHY]
            bad = cosines.max(axis=1) >= near
        else:
            named, cosines = faults, part.similarity
            bad = faults[cosines.argmax(axis=1)] != np.array(part.labels)
        best = cosines.max(axis=1)
        for language in LANGUAGES:
            of = part.languages == language
            if not part.describes:
                refused.append(
                    Refused(part.kind, language, int(of.sum()), float((~bad[of]).mean()), float(np.median(best[of])))
                )
            else:
                reached = ~bad & (best >= near)
                found.append(
                    Found(part.kind, language, int(of.sum()), float((~bad[of]).mean()), float(reached[of].mean()))
                )
        nearest = named[cosines.argmax(axis=1)]
        wrong += [
            Wrong(part.texts[row], part.labels[row], str(nearest[row]), float(best[row])) for row in np.flatnonzero(bad)
        ]
    wrong.sort(key=lambda one: -one.similarity)
    return tuple(found), tuple(refused), tuple(wrong)


def draw_texts(path: Path, bundle: Bundle, reader: Reader, read: Sequence[Read]) -> None:
    """A histogram per kind: cosine to the own description, or of what describes no fault to the nearest one."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    faults = np.array(bundle.descriptions.faults)
    figure, axes = plt.subplots(len(read), 1, figsize=(7, 1.5 * len(read)), sharex=True, layout="constrained")
    for axis, part in zip(axes, read, strict=True):
        if not part.describes:
            cosines = part.similarity[:, faults != HEALTHY].max(axis=1)
        else:
            own = [int(np.flatnonzero(faults == label)[0]) for label in part.labels]
            cosines = part.similarity[np.arange(len(own)), own]
        axis.hist(
            [cosines[part.languages == language] for language in LANGUAGES], bins=np.linspace(-1, 1, 41), stacked=True
        )
        axis.axvline(reader.near, color="black", linewidth=1)
        axis.set_ylabel(part.kind)
    axes[0].legend(LANGUAGES, fontsize=8)
    axes[0].set_title("wording, affirmed: cosine to the own fault; the others: to the nearest fault", fontsize=9)
    axes[-1].set_xlabel("cosine; the line is the limit of near")
    figure.savefig(path, dpi=100)
    plt.close(figure)
