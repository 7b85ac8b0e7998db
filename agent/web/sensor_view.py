"""What a page is told of one sensor: the agent's answer to `look` made a picture, and its figures over time."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from agent.dsp.spectra import FeatureSpec
from agent.messages.words import Language
from agent.recordings.kept import SetupRow
from agent.service.control import Answer, Look
from agent.service.watching.course import FIGURES
from agent.types import Diagnosis, Rate, Stream, Window
from agent.web.arrays import packed
from agent.web.asking import Agent
from agent.web.frames import frame
from agent.web.picture import Sight, picture_of

MOST_ROWS = 2400


class WindowRow(msgspec.Struct, frozen=True):
    """A window as `look` answers it."""

    stream: Stream
    start: int
    samples: bytes
    rate: Rate
    arrival_s: float
    wall_s: float | None
    clipped: int

    @property
    def window(self) -> Window:
        told = {name: getattr(self, name) for name in self.__struct_fields__}
        samples = np.frombuffer(self.samples, "<f4").reshape(-1, len(self.stream.axes))
        return Window(**told | {"samples": samples})


class Looked(msgspec.Struct, frozen=True):
    """The answer to `look`, as far as a picture is made of it."""

    setup: SetupRow
    spec: FeatureSpec
    window: WindowRow | None
    diagnoses: bytes  # MessagePack

    @property
    def sight(self) -> Sight | None:
        if self.window is None:
            return None
        diagnoses = msgspec.msgpack.decode(self.diagnoses, type=tuple[Diagnosis, ...])
        return Sight(self.window.window, self.setup.setup, diagnoses, self.spec)


Course = tuple[tuple[str, ...], bytes]
"""Faults whose likenesses a row ends with, and rows as `agent.service.watching.course` packs them."""


@dataclass(frozen=True)
class View:
    """What all who look at one sensor are told, and what the next question rests on."""

    number: int
    after: int  # up to which the figures over time were told before
    rows: dict[str, Course]  # by bearing, all that is known
    new: dict[str, Course]  # of them those since `after`
    drawn: dict[str, Any]

    @cached_property
    def told(self) -> bytes:
        """For who knows all up to `after`."""
        return self._with(self.new, goes_on=True)

    @cached_property
    def whole(self) -> bytes:
        """For who has just come."""
        return self._with(self.rows, goes_on=False)

    def _with(self, rows: dict[str, Course], *, goes_on: bool) -> bytes:
        course = _unpacked(rows.get(self.drawn["bearing"] or ""))
        return frame("look", {**self.drawn, "course": course, "goes_on": goes_on})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sensor, seen from which bearing (None: the first), in which language."""

    sensor: str
    bearing: str | None
    language: Language


async def look(agent: Agent, wanted: Wanted, before: View | None) -> View | None:
    """The next view; None where nothing is new."""
    request = Look(wanted.sensor, after=0 if before is None else before.number, language=wanted.language)
    answer = await agent.ask(request)
    if before is not None and answer["number"] < before.number:  # the agent was started again
        return await look(agent, wanted, None)
    if before is not None and answer["number"] == before.number:
        return None
    return view_of(answer, wanted, before)


def view_of(answer: Answer, wanted: Wanted, before: View | None) -> View:
    """An answer to `look`, made what is drawn of it."""
    looked = msgspec.convert(answer, Looked)
    bearings = [bearing.id for bearing in looked.setup.bearings]
    bearing = wanted.bearing if wanted.bearing in bearings else next(iter(bearings), None)
    new = {str(one["bearing"] or ""): _course(one) for one in answer["courses"]}
    rows = _joined(new, {} if before is None else before.rows)
    said = next((one for one in answer["said"] if one["bearing"] == bearing), None)
    sight = looked.sight
    drawn = {
        "sensor": wanted.sensor,
        "bearing": bearing,
        "bearings": bearings,
        "said": said,
        "picture": None if sight is None else picture_of(sight, bearing),
        "titles": answer["titles"],
    }
    after = 0 if before is None else before.number
    return View(number=answer["number"], after=after, rows=rows, new=new, drawn=drawn)


def _course(told: dict[str, Any]) -> Course:
    return tuple(told["faults"]), base64.b64decode(told["rows"])


def _joined(new: dict[str, Course], old: dict[str, Course]) -> dict[str, Course]:
    """Rows so far and new ones, of those that mean the same."""
    joined = {}
    for bearing, (faults, rows) in new.items():
        known = old.get(bearing)
        before = known[1] if known is not None and known[0] == faults else b""
        size = _row_type(faults).itemsize
        joined[bearing] = faults, (before + rows)[-MOST_ROWS * size :]
    return joined


def _row_type(faults: tuple[str, ...]) -> np.dtype[np.void]:
    return np.dtype([("number", "<u4"), ("wall_s", "<f8"), ("figures", "<f4", (len(FIGURES) + len(faults),))])


def _unpacked(course: Course | None) -> dict[str, Any]:
    """Columns by name: times as Unix seconds, everything else packed."""
    faults, rows = course or ((), b"")
    table = np.frombuffer(rows, _row_type(faults))
    figures = table["figures"]
    return {
        "wall_s": np.round(table["wall_s"], 2).tolist(),
        "figures": {name: packed(figures[:, column]) for column, name in enumerate(FIGURES)},
        "likeness": {fault: packed(figures[:, len(FIGURES) + n]) for n, fault in enumerate(faults)},
    }
