"""What could not be known of a recording, why, and what would have to be given: one row for each reason."""

from __future__ import annotations

from collections.abc import Iterator

from agent.diagnosis.evidence import VELOCITY_BAND_HZ
from agent.diagnosis.grounds import BANDWIDTH, GEOMETRY, HEALTHY_STATE, LENGTH, SPEED, SURE_SPEED
from agent.messages.answer import Answer
from agent.messages.words import say, table, words_for

REASONS = {
    SPEED: "no_speed",
    SURE_SPEED: "speed_contradicted",
    GEOMETRY: "no_geometry",
    HEALTHY_STATE: "no_baseline",
    BANDWIDTH: "band_above_nyquist",
    LENGTH: "window_too_short",
}
"""What a verdict misses -> the reason that figures give for the same."""


def why_no_deviation(answer: Answer) -> str:
    """The reason why there is no deviation from a healthy state."""
    return "no_baseline" if answer.verdict.judged else answer.verdict.reason


def why_no_growth(answer: Answer) -> str:
    """The reason why it is not known by how much the shaft's orders have grown."""
    if answer.verdict.judged and answer.speed_from == "unknown":
        return "no_speed"
    if answer.verdict.needs_s is not None:
        return "window_too_short"
    return why_no_deviation(answer)


def unknowns(answer: Answer) -> list[tuple[str, tuple[str, ...], str]]:
    """(why, what is not known for that reason, what would have to be given), the most telling first."""
    language = answer.language
    things: dict[str, list[str]] = {}
    for reason, thing in _unknown(answer):
        if reason == "no_speed" and answer.speed_question is not None:
            reason = REASONS[SURE_SPEED]
        low, high = (f"{hz:g}" for hz in VELOCITY_BAND_HZ)
        things.setdefault(reason, []).append(say(f"report.{thing}", language, low=low, high=high))
    return [
        (words_for("reason", reason, language), tuple(dict.fromkeys(named)), _to_give(reason, answer))
        for reason, named in things.items()
    ]


def _to_give(reason: str, answer: Answer) -> str:
    if reason == "window_too_short" and answer.verdict.needs_s is not None:
        return say("missing.length", answer.language, seconds=f"{answer.verdict.needs_s:g}")
    return words_for("give", reason, answer.language) if reason in table()["give"] else ""


def _unknown(answer: Answer) -> Iterator[tuple[str, str]]:
    """(reason, the name of the thing in the table of words)."""
    verdict = answer.verdict
    for what in verdict.missing:
        yield REASONS.get(what, what), "more_of_the_name"
    if verdict.judged == 0:
        yield verdict.reason, "more_of_the_name"
    evidence = None if answer.shown is None else answer.shown.evidence
    if evidence is not None:
        if evidence.lines_reason is not None:
            yield evidence.lines_reason, "bearing_lines"
        for name in ("velocity_rms", "acceleration_rms", "kurtosis", "crest_factor"):
            figure = getattr(evidence, name)
            if figure.value is None:
                yield figure.reason or "", name
        if evidence.iso_zone is None:
            yield evidence.iso_reason or "", "iso_zone"
    if verdict.judged and verdict.deviation is None:
        yield why_no_deviation(answer), "deviation"
    if verdict.judged and (verdict.signs is None or verdict.signs.growth is None):
        yield why_no_growth(answer), "growth_of_orders"
