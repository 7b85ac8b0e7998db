"""The plain spectrum and the envelope spectrum of the window that is drawn, with the lines that have names.

The envelope's heights are those in which the evidence is said: the highest of the bands heard, above the floor.
"""

from __future__ import annotations

import numpy as np

from agent.dsp.shaft import order_span
from agent.dsp.spectra import Spectra
from agent.faults import FAULTS_OF_DEGREE, ROTOR
from agent.messages.sentences import GROWN_DB
from agent.messages.words import say
from agent.report.curves import polylines
from agent.report.frame import TICK_ROOM, TITLE_ROOM, Drawing, across, axis, drawing, frame, span
from agent.report.lines import ToldLine, told_lines
from agent.report.marks import ROW as LABEL_ROW
from agent.report.marks import ROWS as LABEL_ROWS
from agent.report.marks import Mark, marks
from agent.report.markup import joined
from agent.report.rulers import APART, ROW, rows_of, rulers
from agent.report.scales import Scale
from agent.report.section import Picture, Section

PLOT = 180.0
TOP = LABEL_ROWS * LABEL_ROW + 8
BARE_TOP = 8.0
"""Above a plot: with labels, and without."""
ORDERS_SHOWN = 12.5
"""Of the shaft, in a spectrum that shows its multiples."""
BEYOND = 1.12
"""How far a spectrum goes on behind the last place of a bearing's lines."""
WITHOUT_SPEED_HZ = 500.0
NAMES = {0.5: "½×", 1.0: "1×", 2.0: "2×", 3.0: "3×"}
DRIFTS_BELOW = 3
"""Bins at the beginning of an envelope spectrum that its height does not have to hold."""
FLOOR_BELOW = 3e-5
"""Of the highest amplitude: what lies lower is not drawn."""


def low_spectrum(section: Section, picture: Picture, spectra: Spectra, *, id_: str) -> Drawing:
    """Amplitudes at the shaft's orders and at the mains."""
    language, rpm = section.answer.language, _rpm(section)
    ends = spectra.bin_hz * (len(spectra.power) - 1)
    highest = min(ends, max(ORDERS_SHOWN * rpm / 60, 130.0) if rpm else WITHOUT_SPEED_HZ)
    x = across(0.0, highest)
    places = [place for place in picture.places if place.kind != "bearing"]
    grown = _grown(section, *_amplitudes(spectra))
    rows = rows_of(places, x)
    hz, amplitude = _amplitudes(spectra)
    y = _amplitude_scale(amplitude[(hz > 0) & (hz <= highest)], top=TOP if grown else BARE_TOP)
    bottom = y.start + APART + ROW * len(rows)
    return drawing(
        frame(x, y, name=_unit(section, "report.amplitude"), bottom=bottom),
        polylines(hz, np.maximum(amplitude, y.low), across=x, up=y, class_="curve"),
        rulers(rows, x, top=y.start + APART, language=language),
        axis(x, bottom, say("report.hz", language)),
        marks(grown, x, y),
        id_=id_,
        title=say("report.low_spectrum", language),
        description=say("report.low_spectrum_says", language, highest=f"{highest:.0f}"),
        height=bottom + TICK_ROOM + TITLE_ROOM,
    )


def whole_spectrum(section: Section, spectra: Spectra, *, id_: str) -> Drawing:
    """Amplitudes over all frequencies that are looked at."""
    language = section.answer.language
    hz, amplitude = _amplitudes(spectra)
    x, y = across(0.0, float(hz[-1])), _amplitude_scale(amplitude[1:], top=BARE_TOP)
    return drawing(
        frame(x, y, name=_unit(section, "report.amplitude")),
        polylines(hz, np.maximum(amplitude, y.low), across=x, up=y, class_="curve"),
        axis(x, y.start, say("report.hz", language)),
        id_=id_,
        title=say("report.whole_spectrum", language),
        description=say("report.whole_spectrum_says", language, highest=f"{hz[-1]:.0f}"),
        height=y.start + TICK_ROOM + TITLE_ROOM,
    )


def envelope(section: Section, picture: Picture, spectra: Spectra, *, id_: str) -> Drawing:
    """Heights above the floor, with the places of the bearing's lines and what stands in them."""
    language = section.answer.language
    heights = spectra.envelopes.max(axis=0)
    decibels = 10 * np.log10(np.maximum(np.expm1(heights), 1.0))
    hz = spectra.bin_hz * np.arange(len(heights))
    x = across(0.0, _highest_of_envelope(section, picture, float(hz[-1])))
    seen = decibels[(hz >= DRIFTS_BELOW * spectra.bin_hz) & (hz <= x.high)]
    y = Scale(0.0, max(20.0, 1.1 * float(seen.max(initial=0.0))), TOP + PLOT, TOP)
    rows = rows_of(picture.places, x)
    bottom = y.start + APART + ROW * len(rows)
    told = told_lines(section.answer)
    found = {line.family for line in told if line.kind == "finding"}
    columns = (
        span(x, place.low_hz, place.high_hz, y=y.end, height=PLOT, class_="column")
        for place in picture.places
        if place.kind == "bearing" and place.family in found and x.holds(place.middle_hz)
    )
    return drawing(
        joined(*columns),
        frame(x, y, name=say("report.above_floor", language), bottom=bottom),
        polylines(hz, decibels, across=x, up=y, class_="curve"),
        rulers(rows, x, top=y.start + APART, language=language),
        axis(x, bottom, say("report.hz", language)),
        marks(list(map(_peak, told)), x, y),
        id_=id_,
        title=say("report.envelope", language),
        description=say("report.envelope_says", language, highest=f"{x.high:.0f}"),
        height=bottom + TICK_ROOM + TITLE_ROOM,
    )


def _peak(line: ToldLine) -> Mark:
    label = f"{line.name or f'{line.order:.2f}×'} +{line.above_floor_db:.0f} dB"
    return Mark(line.seen_hz, line.above_floor_db, label, line.kind)


def _grown(section: Section, hz: np.ndarray, amplitude: np.ndarray) -> list[Mark]:
    """Orders of the shaft that the verdict rests on."""
    verdict, rpm = section.answer.verdict, _rpm(section)
    growth = None if verdict.signs is None else verdict.signs.growth
    if growth is None or rpm is None or verdict.fault not in (ROTOR, *FAULTS_OF_DEGREE):
        return []
    grown_by = {0.5: growth.half, 1.0: growth.first, 2.0: growth.second, 3.0: growth.third}
    wanted = []
    for order, grown in grown_by.items():
        if grown is not None and grown >= GROWN_DB:
            bins = order_span(order, rpm / 60 / float(hz[1]))
            place = bins.start + int(np.argmax(amplitude[bins]))
            wanted.append(Mark(float(hz[place]), float(amplitude[place]), f"{NAMES[order]} +{grown:.0f} dB", "finding"))
    return wanted


def _rpm(section: Section) -> float | None:
    """The speed at which lines are placed in the window that is drawn."""
    drawn = section.answer.clearest
    return None if drawn is None or not drawn.speed.steady else drawn.speed.rpm


def _highest_of_envelope(section: Section, picture: Picture, ends: float) -> float:
    rpm, asks = _rpm(section), section.answer.verdict.asks
    if not rpm:
        return ends
    wanted = [place.high_hz for place in picture.places if place.kind == "bearing"]
    wanted += [line.hz for line in asks.lines] if asks is not None else []
    return min(ends, max(BEYOND * max(wanted, default=0.0), ORDERS_SHOWN * rpm / 60))


def _amplitudes(spectra: Spectra) -> tuple[np.ndarray, np.ndarray]:
    hz = spectra.bin_hz * np.arange(len(spectra.power))
    kept = hz <= spectra.rate_hz / 2
    return hz[kept], np.sqrt(spectra.power[kept].astype(np.float64))


def _amplitude_scale(amplitude: np.ndarray, *, top: float) -> Scale:
    highest = max(float(amplitude.max()), 1e-12)
    lowest = max(float(np.percentile(amplitude, 2)), FLOOR_BELOW * highest)
    return Scale(min(lowest, 0.1 * highest), 1.6 * highest, top + PLOT, top, logarithmic=True)


def _unit(section: Section, code: str) -> str:
    language = section.answer.language
    return say(code, language, unit=say(f"report.unit_{section.answer.recording.unit}", language))
