"""One rig by whole recordings, with nothing of it trained on: which element is named first, and how often rightly.

The windows of a recording are averaged and named as one, by the rule that `replay` names recordings by. Beside it
stands what the best tool that works by rules alone was published to name on CWRU's recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np

from agent.alerting.verdict import mean_matches
from agent.diagnosis.grounds import Grounds
from agent.diagnosis.line_check import mean_heights
from agent.diagnosis.matching import Calibration
from agent.diagnosis.naming import name_on
from agent.diagnosis.signs import mean_signs
from agent.faults import ABNORMAL, FAULTS_OF_BEARINGS, HEALTHY, UNKNOWN, parent_of
from export.calibration.naming import grounds_of
from export.calibration.sign_limits import as_signs
from export.data.table import Table
from export.network.graph import Floats
from export.studies.columns.training_cache import Material
from export.studies.knowledge.rigs import LeftOut
from export.training.knowledge import KNOWLEDGE, STATES, level_name

RULES_RIGHT, RULES_OF = 34, 44
"""Of CWRU's recordings, that the best tool by rules alone named rightly (the figure that this study stands beside)."""


class Recordings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Recordings of damaged bearings, by what is said of them."""

    recordings: int
    named: int  # an element was
    right: int  # and it was the damaged one
    parent: int  # a bearing was called damaged, the element left open
    healthy: int
    open: int  # abnormal or unknown
    wrong: tuple[str, ...]  # recordings with another name, and that name


def by_recording(left_out: LeftOut, limits: Calibration, material: Material) -> dict[str, Recordings]:
    """Level of knowledge -> what is said of the damaged recordings of the rig left out."""
    rows = as_signs(left_out.scored, material.spec)
    found = {}
    for state in STATES:
        healthy = left_out.healthy if state == STATES[0] else None
        for known, knowledge in KNOWLEDGE.items():
            likeness: Floats = left_out.likeness[known, state][: len(rows)]
            grounds = list(grounds_of(rows, likeness, healthy, limits, material.spec, knowledge))
            found[level_name(known, state)] = _count(rows, grounds, limits)
    return found


def _count(rows: Table, grounds: Sequence[Grounds], limits: Calibration) -> Recordings:
    said: list[tuple[str, str, str]] = []
    for recording in np.unique(rows.recordings[np.isin(rows.labels, FAULTS_OF_BEARINGS)]).tolist():
        mine: list[int] = np.flatnonzero(rows.recordings == recording).tolist()
        name = name_on(mean_grounds([grounds[row] for row in mine]), limits).fault
        said.append((recording, str(rows.labels[mine[0]]), name))
    elements = [one for one in said if one[2] in FAULTS_OF_BEARINGS]
    parents = sum(name == parent_of(label) for _, label, name in said)
    open_, healthy = sum(name in (ABNORMAL, UNKNOWN) for *_, name in said), sum(name == HEALTHY for *_, name in said)
    right = sum(name == label for _, label, name in elements)
    wrong = [f"{what}: {name}" for what, label, name in said if name not in _allowed(label)]
    return Recordings(len(said), len(elements), right, parents, healthy, open_, tuple(wrong))


def _allowed(label: str) -> tuple[str | None, ...]:
    return label, parent_of(label), ABNORMAL, UNKNOWN, HEALTHY


def mean_grounds(windows: Sequence[Grounds]) -> Grounds:
    """Those of one recording, whose windows know alike."""
    return replace(
        windows[0],
        matches=mean_matches([window.matches for window in windows]),
        heights=mean_heights([window.heights for window in windows]),
        signs=mean_signs([window.signs for window in windows]),
    )
