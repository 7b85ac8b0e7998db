"""What is drawn over time: the samples of one window, and all windows of the recording beside their limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.messages.answer import Answer
from agent.messages.words import say
from agent.report.curves import polylines
from agent.report.frame import TICK_ROOM, TITLE_ROOM, WIDTH, Drawing, across, axis, drawing, frame, limit
from agent.report.markup import Markup, element, joined
from agent.report.scales import Scale
from agent.report.section import Picture, Section
from agent.types import Diagnosis

STRIP, APART = 84.0, 14.0
"""Height of one of several plots above each other, and the room between two."""
MOST_DOTS = 120
"""Windows that are drawn as dots as well; more would be a band."""


def waveform(section: Section, picture: Picture, *, id_: str) -> Drawing:
    """The window's samples, an axis of the sensor above the other."""
    language, window = section.answer.language, picture.window
    start_s, _ = place_in_time(section.answer, window.stream.session, window.start)
    seconds = start_s + np.arange(len(window.samples)) / window.rate.hz
    x = across(start_s, start_s + len(window.samples) / window.rate.hz)
    unit = say(f"report.unit_{section.answer.recording.unit}", language)
    strips, top = [], 6.0
    for column, name in enumerate(window.stream.axes):
        values = window.samples[:, column].astype(np.float64)
        up = Scale(*_room_around(values), top + STRIP, top)
        named = say("report.axis_in", language, axis=name, unit=unit)
        strips += [frame(x, up, name=named, most_up=4), polylines(seconds, values, across=x, up=up, class_="curve")]
        top += STRIP + APART
    bottom = top - APART
    return drawing(
        *strips,
        axis(x, bottom, say("report.seconds", language)),
        id_=id_,
        title=say("report.waveform", language),
        description=say("report.waveform_says", language, seconds=f"{x.high - x.low:.2f}"),
        height=bottom + TICK_ROOM + TITLE_ROOM,
    )


def trend(section: Section, *, id_: str) -> Drawing | None:
    """Deviation, impacts and speed of every window, as far as they are known; None of fewer than two."""
    answer, language = section.answer, section.answer.language
    if len(answer.diagnoses) < 2:
        return None
    times, named = _times(answer)
    impulses = [None if d.signs is None else d.signs.impulses for d in answer.diagnoses]
    speeds = [d.speed.rpm for d in answer.diagnoses]
    told: list[tuple[str, list[float | None], float | None]] = [
        ("report.deviation", [d.deviation for d in answer.diagnoses], 1.0),
        ("report.impulses", impulses, answer.impulses_limit),
        ("report.speed", speeds, None),
    ]
    x = across(float(times[0]), float(times[-1]))
    strips, top = [], 6.0
    for code, values, at_most in told:
        known = np.array([np.nan if value is None else value for value in values])
        if np.isfinite(known).any():
            strips.append(_strip(times, known, x, code=code, top=top, at_most=at_most, answer=answer))
            top += STRIP + APART
    if not strips:
        return None
    bottom = top - APART
    return drawing(
        *strips,
        axis(x, bottom, say(named, language)),
        id_=id_,
        title=say("report.trend", language),
        description=say("report.trend_says", language, windows=len(answer.diagnoses)),
        height=bottom + TICK_ROOM + TITLE_ROOM,
    )


def place_in_time(answer: Answer, session: int, start: int) -> tuple[float, int | None]:
    """Seconds from the beginning of its session to a window's first sample; and which session, where there are more."""
    pieces = answer.recording.pieces
    first = next((piece.start for piece in pieces if piece.session == session), 0)
    sessions = list(dict.fromkeys(piece.session for piece in pieces))
    number = sessions.index(session) + 1 if len(sessions) > 1 and session in sessions else None
    return max(0, start - first) / (answer.recording.rate_hz or 1.0), number


def _times(answer: Answer) -> tuple[NDArray[np.float64], str]:
    """Where windows lie across, and what that is called: seconds, or their number where time does not go on."""
    places = [place_in_time(answer, d.session, d.window_start) for d in answer.diagnoses]
    seconds = np.array([start_s for start_s, _ in places])
    if all(number is None for _, number in places) and (np.diff(seconds) > 0).all():
        return seconds, "report.start_s"
    return np.arange(1.0, len(places) + 1), "report.window_number"


def _strip(
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    x: Scale,
    *,
    code: str,
    top: float,
    at_most: float | None,
    answer: Answer,
) -> Markup:
    language = answer.language
    up = Scale(*_room_of_trend(values, at_most, from_zero=code == "report.deviation"), top + STRIP, top)
    dots: Sequence[Markup] = ()
    if len(values) <= MOST_DOTS:
        known = np.flatnonzero(np.isfinite(values)).tolist()
        dots = [element("circle", cx=x.at(times[n]), cy=up.at(values[n]), r=2.5, class_="dot") for n in known]
    return joined(
        _not_judged(times, x, answer.diagnoses, top=top),
        frame(x, up, name=say(code, language), most_up=4),
        polylines(times, values, across=x, up=up, class_="curve"),
        *dots,
        "" if at_most is None else limit(up, at_most, say("report.limit", language)),
    )


def _not_judged(times: NDArray[np.float64], x: Scale, diagnoses: Sequence[Diagnosis], *, top: float) -> Markup:
    """Where windows could not be judged, or the machine stood: at most a span for every second pixel."""
    half = (x.end - x.start) / (2 * max(1, len(times) - 1))
    covered = np.zeros(int(WIDTH) + 2, np.bool_)
    for time, diagnosis in zip(times.tolist(), diagnoses, strict=True):
        if diagnosis.quality is not None or not diagnosis.running:
            covered[int(max(x.start, x.at(time) - half)) : int(min(x.end, x.at(time) + half)) + 1] = True
    edges = np.flatnonzero(np.diff(covered.astype(np.int8), prepend=0, append=0)).tolist()
    return joined(
        *(
            element("rect", x=float(first), y=top, width=float(last - first), height=STRIP, class_="unjudged")
            for first, last in zip(edges[0::2], edges[1::2], strict=True)
        )
    )


def _room_around(values: NDArray[np.float64]) -> tuple[float, float]:
    """Lowest and highest of a plot that holds all values, a little room beside them."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (-1.0, 1.0)
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return low - room, high + room


def _room_of_trend(values: NDArray[np.float64], at_most: float | None, *, from_zero: bool) -> tuple[float, float]:
    low, high = _room_around(np.append(values, np.nan if at_most is None else at_most))
    if from_zero:
        return 0.0, 1.05 * high
    middle = (low + high) / 2
    least = 0.02 * abs(middle)  # a speed that moves by less is not drawn as if it jumped
    return min(low, middle - least), max(high, middle + least)
