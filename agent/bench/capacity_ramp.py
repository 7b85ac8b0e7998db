"""How many sensors are carried: twice as many each time until it is too many, then what lies between. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LONGEST_LAG_MS = 500.0
TRIES = 2  # a computer that had something else to do for a moment is asked again
FINE = 8  # what lies between is looked at to an eighth


@dataclass(frozen=True)
class Step:
    """What came of so many sensors."""

    sensors: int
    due: int  # windows that were to be diagnosed
    heard: int  # of them, those whose diagnosis arrived
    lag_p50_ms: float | None  # from when a window was complete to when its diagnosis was received; None: of none
    lag_p99_ms: float | None
    cores: dict[str, float] = field(default_factory=dict)  # part -> share of one core
    busiest: float = 0.0  # of the agent's processes, in shares of one core
    processes: int = 1  # of the agent
    rss_mb: float | None = None
    pss_mb: float | None = None
    lost_bytes: int = 0  # on lines whose buffer was full

    @property
    def why_not(self) -> str | None:
        """What is wrong with it; None: they are carried."""
        if self.heard < self.due:
            return "windows_lost"
        return "lag" if self.lag_p99_ms is None or self.lag_p99_ms > LONGEST_LAG_MS else None


@dataclass(frozen=True)
class Ramp:
    """All steps, in their order; `carried` is the largest that was, `failed` the smallest that was not."""

    steps: tuple[Step, ...]
    carried: Step | None
    failed: Step | None


def climb(trial: Callable[[int], Step], *, most: int) -> Ramp:
    """Try numbers of sensors up to `most`."""
    steps: list[Step] = []
    carried: Step | None = None
    failed: Step | None = None

    def is_carried(sensors: int) -> bool:
        nonlocal carried, failed
        for _ in range(TRIES):
            step = trial(sensors)
            steps.append(step)
            if step.why_not is None:
                carried = step
                return True
        failed = step
        return False

    low, high = 0, most + 1
    for sensors in _doubled(most):
        if not is_carried(sensors):
            high = sensors
            break
        low = sensors
    while high <= most and high - low > max(1, low // FINE):
        middle = (low + high) // 2
        if is_carried(middle):
            low = middle
        else:
            high = middle
    return Ramp(tuple(steps), carried, failed)


def _doubled(most: int) -> Iterator[int]:
    sensors = 1
    while sensors < most:
        yield sensors
        sensors *= 2
    yield most


def centile(values: list[float], share: float) -> float | None:
    """The value below which `share` of all lie (nearest rank); None of none."""
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
