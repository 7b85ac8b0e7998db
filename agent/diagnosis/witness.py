"""What looks on while windows are judged: it sees each with what else decided its diagnosis, and changes nothing.

A window's samples alone do not give its diagnosis again: the rate was measured over what came before, the speed read
from a topic or from the window that overlaps it, the healthy state was that of the moment. All of it is named here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.diagnosis.baseline import Baseline
from agent.types import Diagnosis, Speed, Still, Window


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a window was judged under, beside its own samples and rate and what the bundle and the config say."""

    speed: Speed
    running: bool
    learning: bool  # a commissioning was under way, so that the deviation was no limit
    baselines: Mapping[str | None, Baseline]  # by bearing; never changed, only replaced
    still: Still | None = None  # why it is not running


class Witness(Protocol):
    """Called on the thread that judges; must not wait, and nothing that it does comes back."""

    def lap(self, stage: str) -> None:
        """A stage ("window", "features", "encode", "decide") has just ended; it began where the last one ended."""

    def judged(self, window: Window, under: Circumstances, diagnoses: Sequence[Diagnosis]) -> None:
        """A window and what was made of it, one diagnosis per bearing, before anything is decided by them."""


class Nobody:
    """Looks at nothing."""

    def lap(self, stage: str) -> None:
        pass

    def judged(self, window: Window, under: Circumstances, diagnoses: Sequence[Diagnosis]) -> None:
        pass


NOBODY = Nobody()
