"""Which bearing lines are background: no higher than healthy machines show them.

The bundle knows how high the lines of each bearing element stand in healthy machines at most, the limits by which names
are given (`agent.diagnosis.naming`); a reader is told by the same ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.diagnosis.matching import Calibration
from agent.faults import TABLE
from agent.types import BearingLine, LineHeights

ELEMENTS = {fault.frequency.upper(): fault.id for fault in TABLE if fault.frequency}
"""Name of a line at its first order -> the fault id that draws it."""


def element_of(name: str) -> str | None:
    """The fault id to which a line such as `2xBPFO` or `~BPFO` belongs; None where it is no bearing line."""
    return ELEMENTS.get(name.rpartition("x")[2].lstrip("~"))


def background_of(
    lines: Sequence[BearingLine], heights: LineHeights | None, calibration: Calibration | None
) -> tuple[str, ...]:
    """Names of the lines that prove nothing; none where it is not known how high healthy machines' stand.

    A peak that fits several elements is background where it is for each. Nobody knows how high healthy machines' cage
    lines stand: alone they prove nothing, beside others they are told with them.
    """
    limits = _limits(heights, calibration)
    if not limits:
        return ()
    raised = {element for element, limit in limits.items() if getattr(heights, element) >= limit}
    known = set(limits)
    return tuple(
        line.name for line in lines if not raised or ((fits := _elements(line)) and fits <= known and not fits & raised)
    )


def _elements(line: BearingLine) -> set[str]:
    return {element for name in (line.name, *line.also) if (element := element_of(name)) is not None}


def _limits(heights: LineHeights | None, calibration: Calibration | None) -> dict[str, float]:
    """Bearing element -> how high its lines stand in healthy machines at most, in the units of `heights`."""
    if heights is None or calibration is None:
        return {}
    signs = calibration.signs if heights.above_healthy else calibration.blind_signs
    own = {} if signs is None else signs.own
    return {element: limit for element, limit in own.items() if hasattr(heights, element)}
