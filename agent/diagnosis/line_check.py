"""What the bearing lines of a window say against the name that its embedding was given.

A fault that no description fits is mostly taken for its neighbour, and with full certainty: likeness alone cannot tell.
Its lines can. They stand where geometry puts them, whether or not training ever showed such a fault. Without geometry
or speed nothing is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.matching import Calibration
from agent.dsp.features import Features, feature_names
from agent.dsp.spectra import FeatureSpec
from agent.faults import FAULTS, HEALTHY, OWN_LINES, STRUCK_EVERY_TIME
from agent.types import LineHeights, Objection

Heights = NDArray[np.float32]
"""(..., faults) in the order of OWN_LINES, in the log units of the features"""


def line_heights(
    values: NDArray[np.float32], known: NDArray[np.bool_], healthy: NDArray[np.float32] | None, spec: FeatureSpec
) -> tuple[Heights, NDArray[np.bool_]]:
    """(..., n) features -> (..., faults) how high the lines of each of `OWN_LINES` stand, the mean over all bands.

    And (...) whether that is above those of `healthy`, this machine's reference (NaN where unknown): it is where the
    reference knows them all, else above the floor. NaN without geometry or speed.
    """
    places = _places(spec)
    known_values = np.where(known, values, np.float32(np.nan))
    if healthy is None:
        above, healthy_known = known_values, np.zeros(values.shape[:-1], np.bool_)
    else:
        healthy_known = np.asarray(np.isfinite(healthy[..., np.concatenate(places)]).all(axis=-1))
        above = known_values - np.where(healthy_known[..., np.newaxis], healthy, np.float32(0))
    heights: Heights = np.stack([np.maximum.reduce(above[..., place], axis=-1) for place in places], axis=-1)
    return heights, healthy_known


def heights_of(features: Features, reference: Features | None, spec: FeatureSpec) -> LineHeights | None:
    """The same of one window; None where the lines are not all known."""
    healthy = None if reference is None else np.where(reference.known, reference.values, np.float32(np.nan))
    heights, above_healthy = line_heights(features.values, features.known, healthy, spec)
    return as_value(heights, above_healthy=bool(above_healthy))


def as_value(heights: Heights, *, above_healthy: bool) -> LineHeights | None:
    """One row (faults,) as a diagnosis carries it; None where its lines are not all known."""
    if not np.isfinite(heights).all():
        return None
    return LineHeights(*map(float, heights), above_healthy=above_healthy)


def mean_heights(windows: Sequence[LineHeights | None]) -> LineHeights | None:
    """The heights averaged over windows, above healthy or above the floor, whichever more of them are.

    None where less than half of the windows have any. The limits are those of single windows, which scatter more, so
    that a recording's name is contradicted no sooner than theirs.
    """
    known = [window for window in windows if window is not None]
    if not known or 2 * len(known) < len(windows):
        return None
    above_healthy = 2 * sum(window.above_healthy for window in known) >= len(known)
    alike = [window for window in known if window.above_healthy == above_healthy]
    return LineHeights(*map(fmean, zip(*map(_row_of, alike), strict=True)), above_healthy=above_healthy)


def objection_to(
    fault: str, heights: LineHeights | None, calibration: Calibration, *, within_baseline: bool = False
) -> Objection | None:
    """What the lines say against calling a window, or a recording, `fault`; None where they may stand as they do.

    A machine that is named healthy and lies within the baseline of this very speed is healthy.
    """
    if heights is None or (within_baseline and fault == HEALTHY):
        return None
    limits = calibration.lines if heights.above_healthy else calibration.blind_lines
    if limits is None:
        return None
    stand = np.array(_row_of(heights), np.float32)
    highest = max((name for name in OWN_LINES if name != fault), key=lambda name: float(getattr(heights, name)))
    if _exceeds(opposition(fault, stand), limits.named if fault in STRUCK_EVERY_TIME else limits.unnamed):
        return Objection("lines_contradict", fault, highest)
    if _is_below(own_height(fault, stand), limits.absent.get(fault)):
        return Objection("lines_missing", fault, highest)
    return None


def opposition(fault: str, heights: Heights) -> float | None:
    """How much lines of these heights (faults,) speak against `fault`; None where they say nothing.

    Against a race: by how much the highest other ones stand above its own. Against any other name: how high those stand
    that it does not draw. A ball's own lines excuse nothing, for what an inner race draws beside BPFI may fall on them
    (8 balls of .237 of the pitch: BPFI - 1 = 3.95, 2 BSF = 3.98 orders). Of a name that is no row of `agent.faults`, as
    of a fault described later, nothing is known, and nothing said.
    """
    if fault not in FAULTS or not np.isfinite(heights).all():
        return None
    others = float(max(height for name, height in zip(OWN_LINES, heights, strict=True) if name != fault))
    own = own_height(fault, heights)
    return others if own is None else others - own


def own_height(fault: str, heights: Heights) -> float | None:
    """How high the lines stand that `fault` cannot do without; None where there are none such, or they are unknown."""
    if fault not in STRUCK_EVERY_TIME or not np.isfinite(heights).all():
        return None
    return float(heights[list(OWN_LINES).index(fault)])


def _row_of(heights: LineHeights) -> list[float]:
    return [getattr(heights, fault) for fault in OWN_LINES]


def _exceeds(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value > limit


def _is_below(value: float | None, limit: float | None) -> bool:
    return value is not None and limit is not None and value < limit


@lru_cache(maxsize=8)
def _places(spec: FeatureSpec) -> tuple[NDArray[np.intp], ...]:
    """Where in the features the lines of every fault are."""
    names = feature_names(spec)
    return tuple(
        np.array([names.index(f"comb/{pattern}/mean") for pattern in patterns]) for patterns in OWN_LINES.values()
    )
