"""The one comb of harmonics in a range of frequencies that is a shaft's, or none.

Several harmonics or nothing: a comb must be unlikely by chance, must not hang on a single line, must not be the double
or treble of another or a part of a finer one, and must have no rival. Limits were chosen on simulated machines
(docs/decisions/0018-speed.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from agent.dsp.harmonics import ORDERS, chance, log_tail, look
from agent.dsp.peaks import Floats, reach_hz
from agent.dsp.survey import Survey

_STEP = 0.0015  # relative spacing of candidates
HIT = 2.0  # -ln of the chance from which a line counts as seen
_LEAST_LINES = 3
_TRIES = 12  # candidates that are looked at closely
_SAME = 0.006  # relative: nearer combs are one
_WEAK = -1.0  # log10 of a candidate's chance from which it is no comb
_GAIN = 0.7  # by how much that of a comb may fall when it is placed by its lines
_HEIGHT_ORDERS = 5  # over which the height of a comb is taken
_HEIGHT_AROUND = 1.5  # how far beyond the range other candidates are, for comparison
_RIVAL = -1.5  # log10 of the chance under which another comb may be the shaft's
_RIVAL_HEIGHT = 0.7  # of the best one's height
_BESIDE = 0.015  # relative: a comb so near to another may be read from lines of that
_RIVAL_CHANCE = 0.6  # of the best one's logarithm
_BINDING = -0.9  # log10 of the chance of what keeps a comb from being the double or treble of another
_BETWEEN = -1.5  # and of what stands at its halves or thirds
_BESIDE_PLAIN, _BESIDE_ENVELOPE = -0.3, -0.5  # and of its first orders in either spectrum
_FIRST = 4  # how many these are
_CLEAR = 3.0  # log height over the floor of a line that wants an owner
_ODD_LINES = 0  # how many may have none


@dataclass(frozen=True, slots=True)
class Comb:
    """Harmonics of one frequency."""

    hz: float
    orders: tuple[int, ...]  # at which lines are seen
    chance: float  # log10
    height: float  # robust standard deviations by which its lines stand above those at other frequencies


@dataclass(frozen=True, slots=True)
class Demand:
    """What a comb must be to be believed.

    `beside_sensor` asks for 1 x and, where lines of something else are heard, for the first orders in both spectra:
    another shaft's tones ring, but the shaft in the bearing that is listened to also sways its noise.
    """

    chance: float = -2.5
    height: float = 4.0
    beside_sensor: bool = False


def clear_comb(survey: Survey, low_hz: float, high_hz: float, demand: Demand) -> Comb | None:
    """The comb in [low_hz, high_hz] that meets `demand`; None where none does, or where another may be meant."""
    found = combs_between(survey, low_hz, high_hz, if_any=demand.chance + _GAIN)
    good = [comb for comb in found if comb.chance < demand.chance and comb.height >= demand.height]
    good = [comb for comb in good if _binding(survey, comb.hz) < _BINDING]
    if not good:
        return None
    best = max(good, key=lambda comb: comb.height)
    if any(_rivals(survey, other, best) for other in found if other is not best):
        return None
    if _between(survey, best.hz) < _BETWEEN or (demand.beside_sensor and not _is_beside(survey, best.hz)):
        return None
    return best


def combs_between(survey: Survey, low_hz: float, high_hz: float, *, if_any: float = 0.0) -> list[Comb]:
    """The combs in [low_hz, high_hz] that hardly stand there by chance, the least likely first.

    None are sought where the logarithm of no candidate's chance is less than `if_any`.
    """
    count = max(2, math.ceil(math.log(high_hz / low_hz) / _STEP) + 1)
    grid = _spaced(low_hz, high_hz, count)
    chances = chance(survey.near(grid[:, None] * ORDERS))
    if chances.min() > if_any:
        return []
    around = _spaced(low_hz / _HEIGHT_AROUND, high_hz * _HEIGHT_AROUND, count + 512)
    heights = _heights(survey, around)
    kept: list[Comb] = []
    for hz, orders, its_chance in _placed(survey, _worth_trying(grid, chances)):
        if not low_hz <= hz <= high_hz or any(abs(hz / k.hz - 1) < _SAME for k in kept):
            continue
        near = np.abs(around / hz - 1) <= _SAME / 2
        kept.append(Comb(hz, orders, its_chance, height=float(heights[near].max(initial=-math.inf))))
    return sorted(kept, key=lambda comb: comb.chance)


def _spaced(low_hz: float, high_hz: float, count: int) -> Floats:
    """So many frequencies, each by the same factor higher than the one before."""
    step = math.log(high_hz / low_hz) / (count - 1)
    spaced: Floats = low_hz * np.exp(step * np.arange(count))
    return spaced


def _worth_trying(grid: Floats, chances: Floats) -> Floats:
    """The least likely frequencies first, each with none beside it that is less likely still."""
    tried: list[float] = []
    for place in np.argsort(chances):
        if chances[place] > _WEAK or len(tried) == _TRIES:
            break
        start = float(grid[place])
        if all(abs(start / other - 1) >= _SAME / 2 for other in tried):
            tried.append(start)
    return np.array(tried)


def _placed(survey: Survey, hz: Floats) -> list[tuple[float, tuple[int, ...], float]]:
    """(frequency, orders, chance) of the combs near `hz`, placed by all of their lines; of those that are any."""
    for _ in range(2):
        found = look(survey.peaks, hz[:, None] * ORDERS)
        hit = found.usable & (found.surprise >= HIT)
        enough = hit.sum(axis=1) >= _LEAST_LINES
        hz, hit, seen_hz, surprise = hz[enough], hit[enough], found.seen_hz[enough], found.surprise[enough]
        weight = np.where(hit, surprise / reach_hz(hz[:, None] * ORDERS, survey.bin_hz) ** 2, 0.0)
        hz = (ORDERS * np.where(hit, seen_hz, 0.0) * weight).sum(axis=1) / (ORDERS**2 * weight).sum(axis=1)
    found = look(survey.peaks, hz[:, None] * ORDERS)
    hits = found.usable & (found.surprise >= HIT)
    seen = [tuple(int(order) for order in ORDERS[hit]) for hit in hits]
    combs = zip(map(float, hz), seen, map(float, chance(found)), strict=True)
    return [comb for comb in combs if _hangs_together(comb[1])]


def _hangs_together(orders: tuple[int, ...]) -> bool:
    """Whether the orders stay coprime whichever of them is left out: 1, 2, 4, 6 are but 1, 2, 3 and one line."""
    if len(orders) < _LEAST_LINES:
        return False
    return all(math.gcd(*(order for order in orders if order != out)) == 1 for out in orders)


def _heights(survey: Survey, hz: Floats) -> Floats:
    """Mean height of the first harmonics of each frequency, in robust standard deviations above that of most."""
    total = np.zeros(len(hz))
    harmonics = ORDERS[:_HEIGHT_ORDERS, None] * hz
    for spectrum in survey.peaks:
        place = np.rint(harmonics / spectrum.bin_hz).astype(np.intp)
        last = len(spectrum.lines) - 1
        inside = np.minimum(place, last)
        usable = (place <= last) & spectrum.usable[inside]
        there = np.where(usable, spectrum.lines[inside], 0.0)
        total += spectrum.weight * there.sum(axis=0) / np.maximum(usable.sum(axis=0), 1)
    above = total - _median(total)
    return np.asarray(above / max(1.4826 * _median(np.abs(above)), 1e-9))


def _median(values: Floats) -> float:
    """As numpy's, without its search for what is masked or NaN."""
    ordered = np.sort(values)
    return float(ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2


def _rivals(survey: Survey, other: Comb, best: Comb) -> bool:
    """Whether another comb may be meant; right beside the best one only if it is more than some of the same lines."""
    is_likely = other.chance < min(_RIVAL, _RIVAL_CHANCE * best.chance)
    if not is_likely or other.height <= _RIVAL_HEIGHT * best.height:
        return False
    return abs(other.hz / best.hz - 1) > _BESIDE or _binding(survey, other.hz) < _BINDING


def _binding(survey: Survey, hz: float) -> float:
    """log10 of the chance of the orders that are no multiple of 2, or of 3, the best of them left out; the weaker one.

    What is left of the double of another comb, of a drive's 1, 2, 6, 12 or of a belt's is one line, or none.
    """
    found = look(survey.peaks, hz * ORDERS)
    found = replace(found, surprise=np.where(found.surprise >= HIT, found.surprise, 0.0))
    worst = -math.inf
    for divisor in (2, 3):
        others = (ORDERS % divisor != 0) & found.usable
        if others.any():
            others[np.argmax(np.where(others, found.surprise, -1.0))] = False
        worst = max(worst, float(chance(found, others)))
    return worst


def _between(survey: Survey, hz: float) -> float:
    """log10 of the chance of what stands at the halves and thirds of a comb: a finer one, of which it is a part."""
    least = 0.0
    for part in (2, 3):
        steps = np.array([step for step in range(1, 3 * part + 1) if math.gcd(step, part) == 1])
        found = look(survey.peaks, hz * steps / part)
        if (found.surprise >= HIT).sum() >= 2:
            least = min(least, float(log_tail(found.surprise.sum(), np.asarray(found.usable.sum()))))
    return least


def _is_beside(survey: Survey, hz: float) -> bool:
    """Whether 1 x is seen, unless the mains are there, and what else is heard leaves no doubt whose comb it is."""
    first = look(survey.peaks, np.array([hz]))
    if first.usable[0] and first.surprise[0] < HIT:
        return False
    return _is_alone(survey, hz) or _is_in_every_spectrum(survey, hz)


def _is_alone(survey: Survey, hz: float) -> bool:
    """Whether hardly a clear line of the plain spectrum lies off the comb, as far as its orders are looked at."""
    plain = survey.peaks[0]
    height = plain.lines[np.rint(plain.hz / plain.bin_hz).astype(np.intp)]
    clear = plain.hz[(height >= _CLEAR) & (plain.hz <= (ORDERS[-1] + 0.5) * hz)]
    on = np.abs(clear - np.rint(clear / hz) * hz) <= reach_hz(clear, plain.bin_hz)
    return bool(on.any()) and int((~on).sum()) <= _ODD_LINES


def _is_in_every_spectrum(survey: Survey, hz: float) -> bool:
    """Whether the first orders stand in the plain spectrum and, where there is one, in that of the envelope."""
    for spectrum, limit in zip(survey.peaks, (_BESIDE_PLAIN, _BESIDE_ENVELOPE), strict=False):
        found = look((spectrum,), hz * ORDERS[:_FIRST])
        if float(log_tail(found.surprise.sum(), np.asarray(found.usable.sum()))) > limit:
            return False
    return True
