"""What one section of a report shows: an answer, the window that it draws, and where all of it came from.

The answer is that of `replay`; nothing here judges. The window's spectra are those that it was judged by.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.bundle.load import Bundle
from agent.bundle.manifest import identity_of
from agent.diagnosis.places import Place, places_of
from agent.dsp.spectra import Spectra, analyse
from agent.machine import Bearing, Machine, SensorSetup
from agent.messages.answer import Answer
from agent.trend.line import Line
from agent.types import Window


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Judge:
    """By which agent and bundle it was judged."""

    agent: str  # version
    bundle: str  # name and version
    bundle_sha256: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One window: its samples, and what is seen in them. A signal that cannot be judged has no spectra."""

    window: Window
    spectra: Spectra | None
    places: tuple[Place, ...]  # in the envelope spectrum and in the plain one


@dataclass(frozen=True, slots=True)
class Section:
    """One answer on one recording, or on one bearing of it."""

    answer: Answer
    bearing: Bearing | None  # as it was told
    machine: Machine  # likewise
    files: tuple[SourceFile, ...]  # of the recording
    healthy: tuple[SourceFile, ...] | None  # of what it was compared with; None: with what is kept beside its windows
    judge: Judge
    picture: Picture | None  # None: there is no window
    days: tuple[Line, ...] = ()  # how the sensor's figures went before


def section_of(
    answer: Answer,
    *,
    setup: SensorSetup,
    windows: Iterable[Window],
    bundle: Bundle,
    files: Iterable[SourceFile],
    healthy: Iterable[SourceFile] | None = (),
    judge: Judge,
    days: Iterable[Line] = (),
) -> Section:
    """The section of an answer on diagnoses of `windows`, of which only the one that is drawn is kept."""
    bearing = bearing_of(answer, setup)
    return Section(
        answer=answer,
        bearing=bearing,
        machine=setup.machine,
        files=tuple(files),
        healthy=None if healthy is None else tuple(healthy),
        judge=judge,
        picture=_picture(answer, bearing, windows, bundle),
        days=tuple(days),
    )


def judge_of(bundle: Bundle, *, version: str) -> Judge:
    """Who judges now."""
    return Judge(version, f"{bundle.manifest.name} {bundle.manifest.version}", identity_of(bundle.manifest))


def bearing_of(answer: Answer, setup: SensorSetup) -> Bearing | None:
    """The one of a sensor's bearings that an answer is on; None where it is on the machine as a whole."""
    if not answer.diagnoses:
        return setup.bearings[0] if len(setup.bearings) == 1 else None
    return next((bearing for bearing in setup.bearings if bearing.id == answer.diagnoses[0].bearing), None)


def file_of(path: Path) -> SourceFile:
    """A file as a report names it; OSError where it cannot be read."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
        return SourceFile(path.name, file.tell(), digest.hexdigest())


def _picture(answer: Answer, bearing: Bearing | None, windows: Iterable[Window], bundle: Bundle) -> Picture | None:
    drawn = answer.clearest
    if drawn is None:
        return None
    wanted = (drawn.session, drawn.window_start)
    window = next((one for one in windows if (one.stream.session, one.start) == wanted), None)
    if window is None:
        return None
    spectra = analyse(window, bundle.spec) if drawn.quality is None else None
    places = places_of(
        rpm=drawn.speed.rpm if drawn.speed.steady else None,
        bearing=bearing,
        tolerance=bundle.spec.tolerance,
        highest_hz=bundle.spec.spectrum_hz[1],
    )
    return Picture(window, spectra, places)
