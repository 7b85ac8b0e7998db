"""Windows of a fault in the place of more words: they move its description, and what that costs is counted.

Every window is heard as the agent hears it, by the bundle's own int8 encoder, beside the healthy state that its machine
had then. The words stay what they are, and are kept beside the examples, so that more examples start from them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.bundle.encoder import load_encoder
from agent.bundle.load import Bundle
from agent.dsp.features import views
from agent.errors import BundleError, RecordingError
from agent.types import HEALTHY
from export.bundling.example_rows import by_alert, read_example_rows
from export.calibration.few_shots import Examples
from export.calibration.head_start import TAKEN
from export.data.healthy import healthy_states
from export.data.table import Table
from export.network.graph import Floats
from export.scoring.score import nearest

WORDS_WEIGH = 1.0
"""As many examples as the words of a fault weigh; the least that leaves them a say. See decision 0038."""
FEW = 3
"""Fewer examples than these are remarked on."""
MAY_TAKE = TAKEN
"""Share of the windows trained on that may be named otherwise for one fault's examples, either way."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What examples did to the description of one fault."""

    examples: int
    alerts: int
    machines: tuple[str, ...]
    weight: float  # of the examples; the rest is that of the words
    cosine: float  # of the description to that of the words alone
    taken: float | None  # share of the windows trained on that it takes from other names; None: none are stored
    given_up: float | None  # share of them that were called so, and are no more

    @property
    def turned(self) -> float:
        """The larger of the two shares."""
        return max(self.taken or 0.0, self.given_up or 0.0)


def hear_examples(files: Sequence[Path], bundle: Bundle) -> tuple[dict[str, Examples], tuple[str, ...]]:
    """Fault -> its windows in `files`, and what is to be said of them.

    RecordingError where a file is no such file, a row contradicts another, or none is left.
    """
    rows = read_example_rows(files, bundle.spec)
    healthy = healthy_states(by_alert(rows.table), bundle.scaling.speed_bound)
    vectors = embedded(bundle, rows.table, healthy)
    says = nearest(vectors @ bundle.descriptions.vectors.T, bundle.descriptions.faults)
    notes, found, left = list(rows.notes), {}, ~rows.table.baseline
    for row in np.flatnonzero(left):
        if problem := _looks_well(bundle, rows.table, healthy, int(row), str(says[row])):
            left[row] = False
            notes.append(f"{rows.places[row]} (alert {rows.table.recordings[row]}): left out, {problem}")
    if not left.any():
        raise RecordingError("; ".join([f"{', '.join(map(str, files))}: no example of a fault is left", *notes]))
    for fault in dict.fromkeys(rows.table.labels[left].tolist()):
        own = left & (rows.table.labels == fault)
        found[fault] = Examples(vectors[own], rows.table.machines[own], rows.table.recordings[own])
    return found, tuple(notes)


def embedded(bundle: Bundle, table: Table, healthy: Floats) -> Floats:
    """Unit vectors (n, dim) of windows by the encoder of `bundle`; `healthy` (n, d) with NaN where unknown."""
    _, encoder = load_encoder(bundle)
    codes = bundle.manifest.inputs.encode(bundle.scaling.inputs(table.values, table.known, healthy))
    return np.stack([bundle.embedding(encoder.embed(row)) for row in codes])


def _looks_well(bundle: Bundle, table: Table, healthy: Floats, row: int, said: str) -> str | None:
    """Why a window is no example of any fault: within the limits of its own machine, or healthy by its looks."""
    far = deviation_of(table.values[row], table.known[row], healthy[row], bundle)
    if far is not None:
        return None if far >= 1 else f"it is like the healthy state of its machine ({far:.2f} of the limit)"
    return "it looks healthy, and its machine's healthy state is not known" if said == HEALTHY else None


def deviation_of(values: Floats, known: NDArray[np.bool_], healthy: Floats, bundle: Bundle) -> float | None:
    """How far a window (d,) is from the `healthy` state, in limits of the view that is farthest; None: none is known.

    By the scatter that is typical of machines; that of this one is not in the rows.
    """
    scale, both = bundle.manifest.deviation, known & np.isfinite(healthy)
    z = np.where(both, values - healthy, 0) / np.array(scale.typical_sd)
    members = views(bundle.spec)
    far = [
        float(np.sqrt(np.mean(z[both & members[view]] ** 2))) / limit
        for view, limit in scale.limits.items()
        if (both & members[view]).any()
    ]
    return max(far, default=None)


def moves_of(
    examples: Mapping[str, Examples],
    words: Mapping[str, Floats],
    known: Mapping[str, Floats],
    weights: Mapping[str, float],
) -> dict[str, Moved]:
    """What is to be told of each fault with examples, before anybody has counted what it takes."""
    return {
        fault: Moved(
            examples=len(own),
            alerts=len(np.unique(own.alerts)),
            machines=tuple(np.unique(own.machines).tolist()),
            weight=weights[fault],
            cosine=float(words[fault] @ known[fault]),
            taken=None,
            given_up=None,
        )
        for fault, own in examples.items()
    }


def turned_by(fault: str, before: NDArray[np.str_], after: NDArray[np.str_]) -> tuple[float, float]:
    """Shares of windows, called so `before` and `after` (n,), that the fault takes from others and gives up."""
    was, now = before == fault, after == fault
    return float((now & ~was).mean()), float((was & ~now).mean())


def check_moves(moved: Mapping[str, Moved]) -> None:
    """BundleError where examples turn the names of more than MAY_TAKE of the windows trained on."""
    for fault, one in moved.items():
        if one.turned > MAY_TAKE:
            raise BundleError(
                f"{fault}: its {one.examples} examples take {one.taken:.1%} of the windows trained on from other names "
                f"and give up {one.given_up:.1%}, more than {MAY_TAKE:.0%}; look at what they show, learn them with "
                "`continue --adopted` instead, or write the bundle with --takes-anyway"
            )


def remarks_on(moved: Mapping[str, Moved]) -> Iterator[str]:
    """What a person should know of the examples."""
    for fault, one in moved.items():
        if one.examples < FEW:
            few = "one example" if one.examples == 1 else f"{one.examples} examples"
            yield f"{fault}: {few} may be like anything; {FEW} to 20, of several alerts, say more"
        elif len(one.machines) == 1:
            yield f"{fault}: all examples are of one machine, {one.machines[0]}; they tell of that machine, too"
        if one.taken is None:
            yield f"{fault}: what its examples cost the others is not known; the tower was stored without windows"


def as_lines(moved: Mapping[str, Moved]) -> Iterator[str]:
    """For the model card and for who asked: how many examples of what moved which description, and how far."""
    for fault, one in moved.items():
        cost = (
            ""
            if one.taken is None
            else f"; takes {one.taken:.1%} of the windows trained on, gives up {one.given_up:.1%}"
        )
        yield (
            f"{fault}: moved by {one.examples} windows of {one.alerts} alerts of {len(one.machines)} machines, which "
            f"weigh {one.weight:.2f}, to a cosine of {one.cosine:.2f} from its words{cost}"
        )
