"""What all workers told of themselves, and counted before they were started anew, as one health document."""

from __future__ import annotations

import time
from collections.abc import Sequence

from msgspec.structs import replace

from agent.messages.payloads import HealthPayload, WorkerHealth
from agent.messages.words import Language
from agent.service.house import House, health_of
from agent.service.merging import on_top
from agent.service.share import Share
from agent.service.workers.member import Member
from agent.types import Alert, State


class Accounts:
    """Used by the crew's thread alone."""

    def __init__(self, members: Sequence[Member], house: House) -> None:
        self._members, self._house = members, house
        self._before: dict[int, Share] = {}  # by number of a worker: what its earlier lives counted

    def close_life(self, member: Member) -> None:
        """A worker is gone: what it told last is what it counted."""
        if member.share is not None:
            self._before[member.number], member.share = self._share_of(member), None

    @property
    def are_all_told(self) -> bool:
        return all(member.share is not None for member in self._members)

    @property
    def shares(self) -> list[Share]:
        """Of each worker, with what those before it counted; sensors that are not heard for long are lost."""
        return [self._share_of(member) for member in self._members]

    def health(
        self, alerts: Sequence[Alert], *, nursery_mb: float | None, language: Language | None = None
    ) -> HealthPayload:
        """The whole document, with the alerts that are open."""
        now_s, shares = time.monotonic(), self.shares
        workers = tuple(
            WorkerHealth(
                sensors=tuple(member.terms.config.sensors),
                running=member.phase == "running",
                pid=member.pid,
                restarts=member.restarts,
                away_s=round(member.away_for_s(now_s), 1),
                memory_mb=share.memory_mb,
                shed=share.shed,
            )
            for member, share in zip(self._members, shares, strict=True)
        )
        whole = health_of(self._house, [*shares, Share(memory_mb=nursery_mb)], workers=workers, language=language)
        return replace(whole, open_alerts=tuple(alert.id for alert in alerts))

    def _share_of(self, member: Member) -> Share:
        before = self._before.get(member.number, Share())
        if member.share is not None:
            return on_top(member.share, before)
        sensors = before.sensors
        if member.is_told_gone:
            sensors = {name: replace(sensor, state=State.LOST) for name, sensor in sensors.items()}
        return replace(before, sensors=sensors, memory_mb=None)
