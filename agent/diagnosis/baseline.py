"""What this machine looks like healthy, learnt when it was commissioned, one cell per speed.

Two uses with two rules. As a *reference* that the encoder's features are compared with, the nearest speeds serve, since
features in orders carry over. As the *limit* beyond which a machine deviates, only a cell of the present speed counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.dsp.features import Features
from agent.types import Doubt

SAME_SPEED = 0.05  # |ln(rpm / cell rpm)| within which a cell covers a speed
SAME_LENGTH = 0.2  # |ln| of the lengths of pieces within which lines and shapes may be compared
SAME_LEVEL = 0.03  # relative distance of speeds within which the level at the shaft's orders may be compared
REFERENCE_REACH = math.log(2.5)  # beyond this ratio of speeds a cell says nothing about another
REFERENCE_WIDTH = 0.3  # in ln(rpm): how fast a cell's weight falls with distance
MIN_WINDOWS = 5  # fewer do not make a baseline
TYPICAL_WEIGHT = 10.0  # windows that the typical scatter counts as, beside the cell's own
_SMALLEST_SD = 1e-3


Level = TypeVar("Level", float, NDArray[np.float64])


class DeviationScale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How healthy windows scatter around their own baseline; fitted on training machines and carried by the bundle.

    `typical_sd` (n,) per feature; `limits` per view: the root mean square of z-scores that healthy windows stay under.
    """

    typical_sd: tuple[float, ...]
    limits: dict[str, float]


@dataclass(frozen=True, slots=True)
class SpeedCell:
    """Running moments of the healthy windows of one speed (None: speed unknown)."""

    rpm: float | None
    count: int
    mean: NDArray[np.float64]  # (n,)
    scatter: NDArray[np.float64]  # (n,) sum of squared distances from the mean
    seen: NDArray[np.int64]  # (n,) windows in which the feature was known
    rms_g: float  # mean RMS of the worst axis, for the running gate
    shaft_db: NDArray[np.float64] | None = None  # mean level of the shaft's orders; None: kept by an older agent
    impulses: float | None = None  # mean of the features' own; likewise
    doubts: tuple[Doubt, ...] = ()  # that stood against it when somebody had it learnt anyway
    seconds: float | None = None  # length of the pieces it was learnt from; None: whole windows

    def covers(self, rpm: float | None) -> bool:
        if rpm is None or self.rpm is None:
            return rpm is None and self.rpm is None
        return rpm > 0 and abs(math.log(rpm / self.rpm)) <= SAME_SPEED

    def is_as_long_as(self, seconds: float | None) -> bool:
        """Whether pieces of this length (None: whole windows) may be compared: lines stand higher in longer ones."""
        if seconds is None or self.seconds is None:
            return seconds is None and self.seconds is None
        return abs(math.log(seconds / self.seconds)) <= SAME_LENGTH

    def is_exactly_at(self, rpm: float | None) -> bool:
        """Whether the shaft's own lines may be compared in level: they rise and fall within a few percent of speed."""
        return rpm is not None and self.rpm is not None and rpm > 0 and abs(rpm / self.rpm - 1) <= SAME_LEVEL

    def with_window(self, features: Features, *, rpm: float | None, rms: float) -> SpeedCell:
        """The cell after one more healthy window (Welford's update per feature)."""
        known = features.known
        seen = self.seen + known
        delta = np.where(known, features.values - self.mean, 0.0)
        mean = self.mean + delta / np.maximum(seen, 1)
        scatter = self.scatter + delta * np.where(known, features.values - mean, 0.0)
        count = self.count + 1
        if self.rpm is not None and rpm is not None:
            rpm = self.rpm + (rpm - self.rpm) / count
        shaft_db = _mean(self.shaft_db if self.count else features.shaft_db, features.shaft_db, count)
        impulses = _mean(self.impulses if self.count else features.impulses, features.impulses, count)
        rms_g = self.rms_g + (rms - self.rms_g) / count
        return SpeedCell(rpm, count, mean, scatter, seen, rms_g, shaft_db, impulses, self.doubts, self.seconds)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The healthy cells of one sensor and bearing; a value: learning returns another one."""

    cells: tuple[SpeedCell, ...] = ()

    def learn(self, features: Features, *, rpm: float | None, rms: float) -> Baseline:
        """The baseline after one more window known to be healthy."""
        for index, cell in enumerate(self.cells):
            if cell.covers(rpm) and cell.is_as_long_as(features.seconds):
                grown = cell.with_window(features, rpm=rpm, rms=rms)
                return replace(self, cells=(*self.cells[:index], grown, *self.cells[index + 1 :]))
        size = len(features.values)
        empty = SpeedCell(
            rpm, 0, np.zeros(size), np.zeros(size), np.zeros(size, np.int64), 0.0, seconds=features.seconds
        )
        return replace(self, cells=(*self.cells, empty.with_window(features, rpm=rpm, rms=rms)))

    def of_length(self, seconds: float | None) -> Baseline:
        """What was learnt from pieces of this length (None: from whole windows): nothing else sets limits for them."""
        return replace(self, cells=tuple(cell for cell in self.cells if cell.is_as_long_as(seconds)))

    def covers(self, rpm: float | None) -> bool:
        """Whether enough healthy windows of this very speed were seen to say what deviates."""
        return self._cell(rpm) is not None

    def sets_limit(self, rpm: float | None, *, at_any_speed: bool = False) -> bool:
        """Whether `deviation` says at this speed what deviates."""
        return self.covers(rpm) or (at_any_speed and bool(self._ready))

    def knows_shaft(self, rpm: float | None) -> bool:
        """Whether the growth of the shaft's orders can be told at this speed."""
        return self._shaft_db(rpm) is not None

    def _shaft_db(self, rpm: float | None) -> NDArray[np.float64] | None:
        cell = self._cell(rpm)
        return cell.shaft_db if cell is not None and cell.is_exactly_at(rpm) else None

    def without(self, rpm: float) -> Baseline:
        """The same without what was learnt at this very speed."""
        return replace(self, cells=tuple(cell for cell in self.cells if not cell.covers(rpm)))

    def doubted(self, doubts: Sequence[Doubt]) -> Baseline:
        """The same with what stood against it noted beside the speeds at which it showed."""
        if not doubts:
            return self
        return replace(self, cells=tuple(_doubted(cell, doubts) for cell in self.cells))

    @property
    def _ready(self) -> list[SpeedCell]:
        """Those that saw enough windows to be compared with."""
        return [cell for cell in self.cells if cell.count >= MIN_WINDOWS]

    def _cell(self, rpm: float | None) -> SpeedCell | None:
        ready = (cell for cell in self._ready if cell.covers(rpm))
        return max(ready, key=lambda cell: cell.count, default=None)

    def reference(self, rpm: float | None, speed_bound: NDArray[np.bool_] | None = None) -> Features | None:
        """Mean healthy features as far as they bear on this speed, or None; the nearest speeds weigh most.

        Of the features `speed_bound` (n,) only what was learnt at this very speed is known.
        """
        weighted = [(cell, weight) for cell in self._ready if (weight := _weight(cell.rpm, rpm)) > 0]
        if not weighted:
            return None
        weights = np.array([weight for _, weight in weighted])[:, None] * np.stack([c.seen > 0 for c, _ in weighted])
        total = weights.sum(axis=0)
        means = np.stack([cell.mean for cell, _ in weighted])
        values = (weights * means).sum(axis=0) / np.maximum(total, 1e-12)
        known = total > 0
        if speed_bound is not None and not self.covers(rpm):
            known &= ~speed_bound
        heard = [(one.impulses, weight) for one, weight in weighted if one.impulses is not None]
        impulses = sum(one * weight for one, weight in heard) / sum(weight for _, weight in heard) if heard else None
        return Features(
            values=np.where(known, values, 0).astype(np.float32),
            known=known,
            shaft_db=self._shaft_db(rpm),
            impulses=impulses,
        )

    def deviation(
        self,
        features: Features,
        *,
        rpm: float | None,
        scale: DeviationScale,
        views: Mapping[str, NDArray[np.bool_]],
        at_any_speed: bool = False,
    ) -> float | None:
        """How far a window is from healthy, 1.0 = the limit; None where no cell covers this speed.

        With `at_any_speed`, where the speed is not known that should be, from the cell that it is nearest to: only what
        is healthy at no speed deviates.
        """
        cell = self._cell(rpm)
        nearest = self._ready if cell is None and at_any_speed else []
        distances = [_distance(features, one, scale, views) for one in (nearest if cell is None else [cell])]
        known = [distance for distance in distances if distance is not None]
        return float(np.min(known)) if known else None

    def at_unknown_speed(self) -> Baseline:
        """The same cells as a reference alone: of no stated speed, they set no limit for any."""
        return replace(self, cells=tuple(replace(cell, rpm=None) for cell in self.cells))

    def without_gain(self, level: NDArray[np.bool_]) -> Baseline:
        """The same cells without what depends on gain: the features `level` (n,) and the running gate's yardstick.

        Recordings without a unit differ in gain from file to file; compared, they would deviate by that alone.
        """
        cells = (replace(cell, seen=np.where(level, 0, cell.seen), rms_g=0.0) for cell in self.cells)
        return replace(self, cells=tuple(cells))

    def running_rms(self, unheard: NDArray[np.bool_] | None = None) -> float | None:
        """The quietest healthy RMS ever learnt, or None: the running gate's yardstick.

        Not of cells that knew one of the features `unheard` (n,): a sensor that hears less shows a smaller RMS.
        """
        ready = self._ready
        if unheard is not None:
            ready = [cell for cell in ready if not (cell.seen[unheard] > 0).any()]
        return min((cell.rms_g for cell in ready), default=None)


def _distance(
    features: Features, cell: SpeedCell, scale: DeviationScale, views: Mapping[str, NDArray[np.bool_]]
) -> float | None:
    """Of a window from one cell, in the limits of healthy windows; None where they share no feature.

    Per view the root mean square z-score against its limit; the view that deviates most counts. The scatter is the
    cell's own, shrunk towards what is typical, so that a few commissioning windows do not make it too narrow.
    """
    typical = np.asarray(scale.typical_sd)
    variance = (cell.scatter + TYPICAL_WEIGHT * typical**2) / (cell.seen + TYPICAL_WEIGHT)
    known = features.known & (cell.seen >= MIN_WINDOWS)
    z = np.where(known, features.values - cell.mean, 0.0) / np.sqrt(np.maximum(variance, _SMALLEST_SD**2))
    ratios = [
        math.sqrt(float(np.mean(z[members & known] ** 2))) / scale.limits[view]
        for view, members in views.items()
        if view in scale.limits and (members & known).any()
    ]
    return float(np.max(ratios)) if ratios else None  # NaN stays NaN, which max() may lose


def _doubted(cell: SpeedCell, doubts: Sequence[Doubt]) -> SpeedCell:
    against = tuple(doubt for doubt in doubts if cell.covers(doubt.rpm) and doubt not in cell.doubts)
    return replace(cell, doubts=(*cell.doubts, *against))


def _mean(before: Level | None, now: Level | None, count: int) -> Level | None:
    """The mean over `count` windows, of which `now` is the last; None once one of them had none."""
    return None if before is None or now is None else before + (now - before) / count


def _weight(cell_rpm: float | None, rpm: float | None) -> float:
    if cell_rpm is None or rpm is None:
        return 1.0 if cell_rpm is None and rpm is None else 0.5
    distance = abs(math.log(rpm / cell_rpm)) if rpm > 0 else math.inf
    return math.exp(-distance / REFERENCE_WIDTH) if distance <= REFERENCE_REACH else 0.0
