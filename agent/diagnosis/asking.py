"""What is asked about a bearing: lines stand that what was told of it does not explain, and another would.

A question is never a name. It is asked where a family of lines stands higher than healthy and foreign machines let any
stand, so that chance, shaft, mains and a speed that is off do not explain it, and no bearing that was told does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from agent.bearings.explained import explained_share
from agent.bearings.families import (
    FAMILIES,
    FEWEST_LINES,
    SLIPS,
    STEP,
    WIDTH,
    LineMap,
    any_bearings,
    bearings_of,
    family_lines,
    fit_anywhere,
    heard_of,
    known_bearings,
    shaft_height,
)
from agent.diagnosis.standing_lines import lasting_lines, looked_at, standing_lines
from agent.dsp.spectra import FeatureSpec, Spectra
from agent.machine import Bearing
from agent.types import Candidate, Question, Standing, StandingLine

ASKED_AT = 2.4
"""Mean log height of a family from which it is asked about."""
SPEEDS, SPEED_OFF = (0.96, 0.98, 1.0, 1.02, 1.04), 0.035
"""Shares of the speed said at which told bearings are tried, slip closing the gaps; and how far the speed that a told
bearing would need may be off without a question: set points and name plates are (UESTC's by up to 3.4 %)."""
HALF_A_BIN = 0.6
"""A peak's true place lies within half a bin, and a little more where noise bends it."""
TOLD_LINES = 2
"""Of a bearing that was told: others may hide behind multiples of the shaft."""
AS_GOOD = 0.8
"""Of the height that any bearing explains: one that explains as much may be the bearing, told or not."""


def standing_of(
    spectra: Spectra, spec: FeatureSpec, *, rpm: float | None, bearing: Bearing | None, bearings: Sequence[Bearing]
) -> Standing | None:
    """The lines of one window, in orders of the shaft of `bearing`, one of the sensor's `bearings` (None: no bearing).

    None without speed, or where no band is heard.
    """
    if not rpm or not spectra.hears_bearings:
        return None
    ratio = bearing.ratio if bearing is not None else 1.0
    shaft_hz = rpm / 60 * ratio
    shafts_hz = dict.fromkeys((shaft_hz, rpm / 60, *(rpm / 60 * other.ratio for other in bearings)))
    lines = standing_lines(spectra, tuple(shafts_hz))
    told = tuple(
        (o.bpfo * turns, o.bpfi * turns, o.bsf * turns, o.ftf * turns)
        for other in bearings
        if (o := other.orders) is not None and (turns := other.ratio / ratio)
    )
    mine = bearing.id if bearing is not None and bearing.orders is not None else None
    return Standing(lines, spec.envelope_max_hz, spectra.bin_hz, tuple(shafts_hz), mine, told)


def lasting(windows: Sequence[Standing | None]) -> Standing | None:
    """Of a recording: what at least half of its windows show; None where most have none."""
    known = [window for window in windows if window is not None]
    if not known or 2 * len(known) < len(windows):
        return None
    return replace(known[0], lines=lasting_lines([window.lines for window in known]))


def question_of(standing: Standing | None, *, asked_at: float = ASKED_AT) -> Question | None:
    """What is to be asked of a window, or of a recording; None where nothing is."""
    if standing is None or len(standing.lines) < FEWEST_LINES or _height(standing.lines[0]) < asked_at:
        return None
    lines = map_of(standing)
    counts, anything = any_bearings()
    entries, known = known_bearings()
    possible, listed = heard_of(lines, anything), heard_of(lines, known)
    best = float(max(possible.heights.max(), listed.heights.max()))
    if best < asked_at or best <= shaft_height(lines):
        return None
    speed = _speed_of_told(lines, standing, AS_GOOD * best)
    if speed is not None and abs(speed - 1) <= SPEED_OFF:
        return None
    fits = np.flatnonzero(listed.heights >= AS_GOOD * best)
    fits = fits[np.argsort(np.abs(listed.slips[fits]), kind="stable")]
    heard, searched = (listed, known) if len(fits) else (possible, anything)
    place = int(heard.heights.argmax())
    first = float(heard.first[place])
    own = _lines_at(standing.lines, family_lines(FAMILIES[heard.family[place]], first, float(searched.rows[place, 3])))
    seen = [(line.order, _height(line)) for line in own]
    if explained_share(lines, seen, standing.told, speed_off=SPEED_OFF) >= AS_GOOD:
        return None
    return Question(
        about="geometry_unknown" if standing.bearing is None else "geometry_told",
        told=standing.bearing,
        told_fits_at=None if standing.bearing is None else speed,
        order=first,
        hz=first * standing.lines[0].hz / standing.lines[0].order,
        lines=own,
        candidates=tuple(
            Candidate(
                bearing=entries[row].name,
                family=FAMILIES[listed.family[row]],
                order=float(known.rows[row, listed.family[row]] * (2 if listed.family[row] == 2 else 1)),
                slip=float(listed.slips[row]),
                balls=entries[row].balls,
            )
            for row in fits.tolist()
        ),
        searched=len(entries),
        by_chance=fit_anywhere(),
        balls=tuple(sorted({int(count) for count in counts[possible.heights >= AS_GOOD * best]})),
    )


def _speed_of_told(lines: LineMap, standing: Standing, height: float) -> float | None:
    """The speed, in shares of the one said, nearest to it at which a told bearing explains `height` of the lines."""
    speeds = np.repeat(SPEEDS, len(standing.told))
    bearings = bearings_of([(o * s, i * s, b * s, f * s) for s in SPEEDS for o, i, b, f in standing.told])
    heard = heard_of(lines, bearings, fewest=TOLD_LINES)
    explains = np.flatnonzero(heard.heights >= height)
    unslipped = bearings.firsts[heard.family[explains], explains, len(SLIPS) // 2] / speeds[explains]
    found: list[float] = (heard.first[explains] / unslipped).tolist()
    return min(found, key=lambda speed: abs(speed - 1), default=None)


def map_of(standing: Standing) -> LineMap:
    """Its lines over order, and where one was looked for."""
    shaft_hz = standing.shafts_hz[0]
    hz = np.arange(0.0, standing.highest_hz, STEP * shaft_hz)
    heights = ((line.order, _height(line)) for line in standing.lines)
    free = looked_at(hz, standing.shafts_hz, standing.bin_hz)
    return LineMap(heights, free, narrowest=HALF_A_BIN * standing.bin_hz / shaft_hz)


def _lines_at(
    lines: Sequence[StandingLine], orders: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> tuple[StandingLine, ...]:
    return tuple(line for line in lines if (np.abs(line.order / orders - 1) <= 2 * WIDTH).any())


def _height(line: StandingLine) -> float:
    """Log height above the floor, as features have it."""
    return float(np.log1p(10 ** (line.above_floor_db / 10)))
