"""An alert of the past as it is kept: what it said last, where it was raised and by what, and each of its events."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from agent.bundle.manifest import identity_of
from agent.recordings.kept import SetupRow
from agent.recordings.kept_writer import setup_row
from agent.service.assembly import Parts
from agent.types import Alert
from firmware_bridge import VERSION

BY_HAND = ("acknowledged", "shelved", "unshelved", "closed", "repaired", "forgotten", "judged")
"""Reasons of changes that somebody made; in all others the name is that of whoever made an earlier one."""


class Whence(msgspec.Struct, frozen=True):
    """Which agent and bundle raised an alert, and on which machine."""

    agent: str
    site: str | None
    version: str
    bundle: str  # name and version
    bundle_sha256: str
    setup: SetupRow | None  # None: the sensor was configured no more


class Event(msgspec.Struct, frozen=True):
    """A change of an alert as it was told, by the number of its event."""

    seq: int
    event: str  # raised, updated or cleared
    wall_s: float | None
    reason: str | None = None
    by: str | None = None
    fault: str | None = None
    probability: float | None = None
    severity: str | None = None
    shelved_until_s: float | None = None
    was: str | None = None  # what somebody has found the alert to be


@dataclass(frozen=True, slots=True)
class Past:
    """One alert: what it said when it was raised, and what last before it was cleared; `closed`: whether it was."""

    raised: Alert
    last: Alert
    whence: Whence
    closed: bool
    seq: int  # of its last event
    events: tuple[Event, ...]  # oldest first

    @property
    def end(self) -> Event | None:
        """The event that ended it; None where it is open, or not kept."""
        return next((one for one in self.events if one.event == "cleared"), None)


def published_word(past: Past) -> str | None:
    """What it was found to be, as was published last."""
    return next((one.was for one in reversed(past.events) if one.was), past.last.was)


def whence_of(parts: Parts, sensor: str) -> Whence:
    """That of an alert which is raised now."""
    manifest, setup = parts.bundle.manifest, parts.setups.get(sensor)
    return Whence(
        agent=parts.config.agent.id,
        site=parts.config.agent.site,
        version=VERSION,
        bundle=f"{manifest.name} {manifest.version}",
        bundle_sha256=identity_of(manifest),
        setup=None if setup is None else setup_row(setup),
    )


def event_of(alert: Alert, seq: int) -> Event:
    """What is kept of a change of an alert."""
    return Event(
        seq=seq,
        event=alert.event,
        wall_s=alert.wall_s,
        reason=alert.reason,
        by=alert.by if alert.reason in BY_HAND else None,
        fault=alert.fault,
        probability=alert.probability,
        severity=alert.severity,
        shelved_until_s=None if alert.shelf is None else alert.shelf.until_wall_s,
        was=alert.was,
    )
