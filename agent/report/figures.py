"""The table of all physical figures of an answer: each a value with its unit, or null with its reason.

Figures of one window are those of the window that `replay` shows, the one in the middle; beside them stands between
which values the windows lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from agent.diagnosis.evidence import VELOCITY_BAND_HZ
from agent.messages.answer import Answer
from agent.messages.words import Language, say, words_for
from agent.report.markup import Markup, element
from agent.report.tables import body, group, head, wide
from agent.report.time_drawn import place_in_time
from agent.report.unknowns import why_no_deviation, why_no_growth
from agent.types import Diagnosis, Evidence, Figure, ShaftGrowth

ORDERS = {"half": "½×", "first": "1×", "second": "2×", "third": "3×"}
"""Fields of `ShaftGrowth` that are orders, as they are written."""


def figures(answer: Answer, *, of_alert: bool = False) -> Markup:
    """The table; that of an alert is all of the window that raised it, beside between which values the others lie."""
    language, shown = answer.language, answer.shown
    heads = ("figure", "value", "unit", "range", "at_most")
    groups = [head(say(f"report.{one}", language) for one in heads)]
    if shown is not None and shown.evidence is not None:
        place = said_place(answer, shown)
        code = "report.in_window"
        if of_alert:
            code = "report.in_alert" if len(answer.recording.samples) else "report.in_alert_alone"
        groups += [group(say(code, language, place=place), columns=len(heads))]
        groups += [body(_of_window(answer, shown.evidence))]
    if not of_alert:
        groups += [group(say("report.in_all", language), columns=len(heads))]
    groups += [body(_of_all(answer, "_alert" if of_alert else ""))]
    return wide(element("table", *groups, class_="figures"))


def said_place(answer: Answer, diagnosis: Diagnosis) -> str:
    """Where in the recording a window lies."""
    start_s, number = place_in_time(answer, diagnosis.session, diagnosis.window_start)
    code = "report.place" if number is None else "report.place_in"
    return say(code, answer.language, start=f"{start_s:.1f}", number=number)


def null(reason: str, language: Language) -> str:
    """Instead of a value."""
    return say("report.null", language, reason=words_for("reason", reason, language))


def _of_window(answer: Answer, evidence: Evidence) -> Iterator[tuple[str, ...]]:
    language = answer.language
    low, high = (f"{hz:g}" for hz in VELOCITY_BAND_HZ)
    names = {
        "velocity_rms": say("report.velocity_rms", language, low=low, high=high),
        "acceleration_rms": say("report.acceleration_rms", language),
        "kurtosis": say("report.kurtosis", language),
        "crest_factor": say("report.crest_factor", language),
    }
    for attribute, name in names.items():
        figure: Figure = getattr(evidence, attribute)
        value = null(figure.reason or "", language) if figure.value is None else f"{figure.value:.3g}"
        yield name, value, figure.unit, _range(answer, attribute), ""
        if attribute == "velocity_rms":
            zone = evidence.iso_zone or null(evidence.iso_reason or "", language)
            yield say("report.iso_zone", language), zone, "", "", ""


def _of_all(answer: Answer, ending: str) -> Iterator[tuple[str, ...]]:
    language, verdict = answer.language, answer.verdict
    deviation = null(why_no_deviation(answer), language) if verdict.deviation is None else f"{verdict.deviation:.3g}"
    known = [d.deviation for d in answer.diagnoses if d.deviation is not None]
    yield say(f"report.deviation_said{ending}", language), deviation, "1", _between(known), "1"
    signs = verdict.signs
    above = "above" if signs is not None and signs.above_healthy else "blind"
    known = [d.signs.impulses for d in answer.diagnoses if d.signs is not None and d.signs.impulses is not None]
    if signs is not None and signs.impulses is not None:
        impulses = f"{signs.impulses:.2f}"
    elif verdict.judged == 0:
        impulses = null(verdict.reason, language)
    else:
        impulses = say("report.null", language, reason=say("report.no_impulses", language))
    limit = "" if answer.impulses_limit is None else f"{answer.impulses_limit:.2f}"
    yield say(f"report.impulses_{above}{ending}", language), impulses, "1", _between(known, ".2f"), limit
    yield from _growth(answer, None if signs is None else signs.growth)


def _growth(answer: Answer, growth: ShaftGrowth | None) -> Iterator[tuple[str, ...]]:
    language = answer.language
    if growth is None:
        yield say("report.growth_of_orders", language), null(why_no_growth(answer), language), "dB", "", ""
        return
    for one in fields(growth):
        value: float | None = getattr(growth, one.name)
        order = ORDERS.get(one.name)
        name = say("report.growth_rest", language) if order is None else say("report.growth", language, order=order)
        beyond = say("report.null", language, reason=say("report.beyond", language))
        yield name, beyond if value is None else f"{round(value, 1) + 0.0:+.1f}", "dB", "", ""


def _range(answer: Answer, attribute: str) -> str:
    values = [
        getattr(d.evidence, attribute).value for d in answer.diagnoses if d.evidence is not None and d.quality is None
    ]
    return _between([value for value in values if value is not None])


def _between(values: list[float], written: str = ".3g") -> str:
    if len(values) < 2:
        return ""
    lowest, highest = (f"{value:{written}}" for value in (min(values), max(values)))
    return f"{lowest} – {highest}".replace("-0.00 ", "0.00 ")
