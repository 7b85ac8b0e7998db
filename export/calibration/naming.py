"""Windows of a table as the agent's own rule of names takes them, for studies that count what it says.

What is not known of a window is taken out of it as the agent itself would not have it. Windows are named alone, without
the healthy state of their own speed, so that no window is within or over a limit.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from agent.diagnosis.grounds import Grounds
from agent.diagnosis.line_check import as_value, line_heights
from agent.diagnosis.matching import Calibration, ranked
from agent.diagnosis.signs import kurtosis_place, spread_place
from agent.dsp.spectra import FeatureSpec
from agent.faults import FAULTS
from agent.types import Signs
from export.data.table import Table
from export.network.graph import Floats
from export.training.knowledge import Knowledge


def grounds_of(
    table: Table,
    similarity: Floats,
    healthy: Floats | None,
    calibration: Calibration,
    spec: FeatureSpec,
    knowledge: Knowledge,
) -> Iterator[Grounds]:
    """What each row's name rests on, by the likenesses (n, faults) that its encoder found at this `knowledge`.

    `table` and the references `healthy` (n, d; None: no healthy state) hold the spread as signs measure it
    (`sign_limits.as_signs`).
    """
    seen, reference = knowledge.of(table, healthy, spec)
    heights, above = line_heights(seen.values, seen.known, reference, spec)
    place = spread_place(spec)
    for row in range(len(table)):
        rest = np.nan if reference is None else float(reference[row, place])
        alone = not np.isfinite(rest)
        spread = float(seen.values[row, place]) - (0.0 if alone else rest)
        yield Grounds(
            matches=ranked(similarity[row].astype(np.float64), FAULTS, calibration.temperature),
            knows_speed=knowledge.speed and not table.doubted[row],
            knows_geometry=knowledge.geometry,
            has_baseline=False,
            within_baseline=False,
            deviates=False,
            hears_bearings=bool(seen.known[row, place]),
            heights=as_value(heights[row], above_healthy=bool(above[row])),
            signs=Signs(spread, not alone, None, float(seen.values[row, kurtosis_place(spec)]))
            if seen.known[row, place]
            else None,
        )
