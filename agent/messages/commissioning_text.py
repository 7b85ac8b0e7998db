"""A commissioning in words: how far it is, what stands against believing it, what was not looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from agent.diagnosis.commissioning import DRIFTING
from agent.diagnosis.coverage import Coverage, LearntSpeed
from agent.diagnosis.settling import SETTLED_BELOW
from agent.types import Alert, Commissioned, Doubt, Learning, SpeedQuestion

_LINES = 4  # that a sentence names

CORRECT_SPEED = "give the speed that is right, and commission it again"

NOT_LOOKED_AT = {
    "bearing_lines": "bearing lines (needs the speed and the bearing's geometry)",
    "impacts": "impacts (needs a sensor that is sampled faster)",
    "iso_zone": "the ISO 20816-3 zone (needs samples in g or m/s2, iso_group and foundation)",
    "unlike_before": "likeness with before (nothing was known at this speed)",
}
"""Kinds of doubt, as a sentence says that there was nothing to look at."""


def doubt_in_words(doubt: Doubt) -> str:
    """The evidence against one machine or bearing."""
    of = "the machine" if doubt.bearing is None else f"bearing {doubt.bearing}"
    return f"{of}{_at(doubt.rpm)}: {_EVIDENCE[doubt.kind](doubt)}"


def progress_in_words(learning: Learning) -> str:
    """How far a commissioning is."""
    if learning.at_least == learning.at_most:
        return f"heard {learning.windows} of {learning.at_most} windows"
    text = (
        f"{learning.windows} windows in {learning.seconds / 60:.1f} min "
        f"(at least {learning.at_least} and {learning.at_least_s / 60:g} min, at most {learning.at_most})"
    )
    if learning.unsettled is None:
        return text
    return f"{text}; the newer half lies {_limits(learning.unsettled)} from the older, settled below {SETTLED_BELOW:g}"


def outcome_in_words(ended: Commissioned) -> list[str]:
    """How a commissioning ended: the outcome, then what should be known about it."""
    match ended.result:
        case "abandoned":
            why = {"silence": "nothing was heard for a day", "cancelled": "it was cancelled"}
            return [f"given up after {ended.windows} windows: {why.get(ended.reason or '', ended.reason)}"]
        case "refused":
            against = map(doubt_in_words, ended.doubts)
            speed = () if ended.asks is None else (f"mind: {_told_and_seen(ended.asks)}; {CORRECT_SPEED}",)
            return [f"refused after {ended.windows} windows", *against, *speed, *_mends(ended.doubts)]
        case "learnt":
            return [f"learnt from {ended.windows} windows", *_remarks(ended)]


def speed_in_words(question: SpeedQuestion) -> str:
    """What becomes of a commissioning that begins while the nominal speed is doubted."""
    return f"mind: {_told_and_seen(question)}; unless the speed that is right is given, it is learnt without a sure one"


def anyway_in_words(speed: LearntSpeed) -> str:
    """What a healthy state is believed against."""
    return f"commissioned anyway{_at(speed.rpm)}, against: {'; '.join(map(doubt_in_words, speed.commissioned_anyway))}"


def coverage_in_words(speeds: Iterable[LearntSpeed], coverage: Coverage | None) -> str:
    """At which speeds a machine was learnt, and what that does not cover at the present one."""
    known = ", ".join("no known speed" if one.rpm is None else f"{one.rpm:.0f} rpm" for one in speeds)
    if not known:
        return "no healthy state is known: commission it"
    text = f"healthy at {known}"
    if coverage is None:
        return text
    lacking = [
        *(() if coverage.limit else ("no limit, so no alert",)),
        *(() if coverage.shaft_orders else ("imbalance, misalignment and looseness cannot be told",)),
        *(() if coverage.bearings else ("bearings have nothing to be compared with",)),
    ]
    now = "at an unknown speed" if coverage.rpm is None else f"at {coverage.rpm:.0f} rpm"
    return f"{text}; {now} now: {', '.join(lacking)}" if lacking else text


def doubt_of_alert(alert: Alert) -> Doubt:
    """An alert that is open speaks against its machine."""
    seen = alert.diagnosis
    return Doubt("open_alert", alert.bearing, seen.speed.rpm, 0, 0, fault=alert.fault, deviation=seen.deviation)


def _remarks(ended: Commissioned) -> list[str]:
    remarks = []
    if ended.doubts:
        remarks.append(f"believed anyway, against: {'; '.join(map(doubt_in_words, ended.doubts))}")
    if ended.asks is not None:
        remarks.append(f"mind: {_told_and_seen(ended.asks)}, so it was learnt without a sure speed; {CORRECT_SPEED}")
    if ended.unsettled is not None and ended.unsettled >= DRIFTING:
        away = f"mind: the newer half of the windows lies {_limits(ended.unsettled)} from the older half"
        remarks.append(
            f"{away}: the load still moved, so expect false alerts; commission it again over all its loads"
            if ended.asks is None
            else f"{away}, of which the doubted speed may be the cause: expect false alerts"
        )
    if ended.unchecked:
        remarks.append(f"not looked at: {'; '.join(NOT_LOOKED_AT[kind] for kind in ended.unchecked)}")
    return remarks


def _mends(doubts: Iterable[Doubt]) -> list[str]:
    kinds = {doubt.kind for doubt in doubts}
    mends = ["look at the machine first; if this is its healthy state all the same: --anyway"]
    if kinds & {"unlike_before", "open_alert"}:
        mends.append("if it was repaired since: --after-repair")
    return mends


def _told_and_seen(question: SpeedQuestion) -> str:
    return f"{question.nominal:g} rpm is given, but the lines of a shaft stand at {question.seen_rpm:.0f} rpm"


def _at(rpm: float | None) -> str:
    return "" if rpm is None else f" at {rpm:.0f} rpm"


def _limits(deviation: float) -> str:
    return f"{deviation:.2g} limits" if deviation < 100 else "more than 100 limits"


def _lines(doubt: Doubt) -> str:
    shown = ", ".join(
        f"{line.name} {line.seen_hz:.1f} Hz +{line.above_floor_db:.0f} dB" for line in doubt.lines[:_LINES]
    )
    return f"lines of the {_plain(doubt.fault)} in {_share(doubt)}: {shown}"


def _impacts(doubt: Doubt) -> str:
    return (
        f"impacts that healthy machines do not show, in {_share(doubt)} "
        f"(spread {doubt.impulses:.2f}, of healthy machines below {doubt.limit:.2f})"
    )


def _zone(doubt: Doubt) -> str:
    return f"ISO 20816-3 zone {doubt.zone} in {_share(doubt)}, {doubt.velocity_mm_s:.1f} mm/s RMS"


def _unlike(doubt: Doubt) -> str:
    louder = "" if not doubt.level else f" (its level by {_limits(doubt.level)})"
    away = _limits(doubt.deviation or 0.0)
    return f"away from its own healthy state of before by {away}{louder}, in {_share(doubt)}"


def _alert(doubt: Doubt) -> str:
    return f"an alert is open ({_plain(doubt.fault)})"


def _plain(fault: str | None) -> str:
    return "" if fault is None else fault.replace("_", " ")


def _share(doubt: Doubt) -> str:
    return f"{doubt.windows} of {doubt.of} windows"


_EVIDENCE: dict[str, Callable[[Doubt], str]] = {
    "bearing_lines": _lines,
    "impacts": _impacts,
    "iso_zone": _zone,
    "unlike_before": _unlike,
    "open_alert": _alert,
}
"""One row for each kind of doubt."""
