"""The cut between the half that hears (sources, windows, decisions) and the half that keeps and tells (store, sinks).

In one process the first calls the second; with several workers each of them speaks to the one registry over a socket.
Whatever passes here is a value: neither half ever sees an object of the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Protocol, TypeAlias

import msgspec

from agent.messages.payloads import HealthPayload
from agent.messages.words import Language
from agent.ports import Message
from agent.service.keeping.learnt_rows import UnderWay
from agent.service.keeping.sensor_state import MAX_BYTES, SensorState
from agent.service.share import Share
from agent.types import Alert

Named: TypeAlias = Annotated[str, msgspec.Meta(max_length=64)]
Stored: TypeAlias = dict[Named, Annotated[bytes, msgspec.Meta(max_length=MAX_BYTES)]]
"""Bearing (`WHOLE`: the machine) -> healthy state, as `agent.diagnosis.baseline_bytes` writes it."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one sensor, as far as it was learnt with the features that were asked for."""

    baselines: Stored = {}
    aside: Stored = {}
    row: SensorState | None = None  # marks, counts and accounts; None: nothing was saved
    alerts: tuple[Alert, ...] = ()  # that are open
    seq: int = 0  # of the last event that was said of anything


class Interrupted(msgspec.Struct, frozen=True):
    """A commissioning that was interrupted: how it was asked for, and its lessons in order."""

    value: bytes
    lessons: tuple[bytes, ...]


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a sensor's healthy machine from now on, instead of what was.

    `alerts` end or come with it, `begun` is the commissioning that begins or ends with it (None: that goes on), and
    events go on above `seq`: all of it is one transaction.
    """

    row: SensorState
    baselines: Stored
    aside: Stored
    alerts: tuple[Alert, ...] = ()
    begun: UnderWay | None = None
    lessons: tuple[bytes, ...] = ()
    seq: int = 0


class Registrar(Protocol):
    """Keeps and tells; called by one thread."""

    @property
    def boot(self) -> int:
        """The number of this start of the agent."""

    @property
    def is_kept(self) -> bool:
        """Whether what is saved is on the disk."""

    @property
    def troubles(self) -> tuple[str, ...]:
        """What concerns whoever relies on a state: that nothing of it is kept."""

    def known(self, sensor: str, *, features: str) -> Known:
        """What is kept of a sensor."""

    def under_way(self, sensor: str, *, features: str) -> Interrupted | None:
        """The commissioning that a restart interrupted; None: there is none to resume."""

    def learn(self, learnt: Learnt) -> bool:
        """Keep what was learnt, then say what is to be said of its alerts; False: in memory alone."""

    def add_lessons(self, sensor: str, lessons: Sequence[bytes]) -> None:
        """Keep what a commissioning under way has heard since."""

    def give_up(self, sensor: str) -> None:
        """Forget the commissioning that is under way."""

    def save_rows(self, rows: Sequence[SensorState]) -> None:
        """Marks, counts and accounts of sensors, instead of what was saved of those."""

    def notice(self, text: str) -> None:
        """Something that whoever looks at the agent has to know of its state."""

    def unsay(self, sensor: str) -> None:
        """What was said of a sensor, which is read anew."""

    def put(self, messages: Sequence[Message]) -> None:
        """What one item led to and may be lost: diagnoses and states."""

    def say_alert(self, alert: Alert) -> None:
        """An alert that was raised, updated or cleared: kept, then said."""

    def say_silence(self, machine: str, *, silent_s: float, over: bool) -> None:
        """A speed that is told no more, or (`over`) again: kept, then said."""

    def health(self, share: Share, *, language: Language) -> HealthPayload | Share:
        """The health document, as far as it can be told from here."""

    def say_health(self, share: Share) -> None:
        """How all is that this half hears."""


def by_bearing(stored: Mapping[str, bytes]) -> dict[str | None, bytes]:
    """With None for the machine as a whole."""
    return {bearing or None: value for bearing, value in stored.items()}
