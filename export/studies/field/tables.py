"""The studies of `field` as text and as pictures: one line and one bar per row, with the bounds that were computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl

from export.scoring.statistics import Rate, Share
from export.studies.field.adxl345 import PooledVerdicts
from export.studies.field.commissioned import Watch
from export.studies.field.days import Days
from export.studies.field.openset import OpenSetCell
from export.studies.field.said import Said

mpl.use("Agg")
from matplotlib import pyplot as plt


class Bar(NamedTuple):
    """A row of a picture: a share with its bounds, or nothing where there was nothing to count."""

    label: str
    share: Share | None


def table(study: str, rows: Sequence[Any]) -> str:
    """The rows of one study, with a heading that says what they count."""
    heading, line, _ = _SHAPES[study]
    return "\n".join([heading, *(line(row) for row in rows)])


def draw(study: str, rows: Sequence[Any], path: Path) -> None:
    """One PNG: shares of windows with 95 % bounds."""
    heading, _, bars_of = _SHAPES[study]
    bars = [bar for row in rows for bar in bars_of(row)][::-1]
    figure, axes = plt.subplots(figsize=(9, 1.5 + 0.3 * len(bars)), layout="constrained")
    for place, bar in enumerate(bars):
        if bar.share is not None:
            axes.barh(place, bar.share.share, color="lightsteelblue")
            axes.plot([bar.share.low, bar.share.high], [place, place], "k-", linewidth=1)
    axes.set_yticks(range(len(bars)), [bar.label for bar in bars], fontsize=7)
    axes.set(xlim=(0, 1), xlabel="share of windows, 95 % bounds")
    axes.set_title(heading.splitlines()[0], fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _openset_line(cell: OpenSetCell) -> str:
    parts = []
    for gate in cell.gates.values():
        out = gate.left_out
        known = f"{gate.known.unknown:.2f}"
        parts.append(f"{out.healthy:>8.2f}{out.wrong_fault:>6.2f}{out.unknown:>8.2f}{known:>7}")
    return f"{cell.machine:<11}{cell.fault:<14}" + " |".join(parts)


def _openset_bars(cell: OpenSetCell) -> list[Bar]:
    return [Bar(f"{cell.machine} {cell.fault}, {name}", gate.missed) for name, gate in cell.gates.items()]


def _watch_line(watch: Watch) -> str:
    delay = "" if watch.median_delay_s is None else f"{watch.median_delay_s:>6.1f}{watch.longest_delay_s:>6.1f}"
    return (
        f"{watch.machine:<9}{watch.setting:<16}{watch.mode:<11}{watch.healthy_seconds:>6.0f} s"
        f"{_share(watch.false_alarms):>25}{_rate(watch.false_alerts):>22}"
        f"{watch.raised:>6} of {watch.faults:<4}{watch.rightly_named:>4}  {delay}"
    )


def _watch_bars(watch: Watch) -> list[Bar]:
    return [Bar(f"{watch.machine}, {watch.setting}, {watch.mode}", watch.false_alarms)]


def _days_line(days: Days) -> str:
    low, high = days.machine_range
    return (
        f"{days.school:<10}{days.machines:>3} machines, {days.simulated_days:g} days, {days.scored_seconds:.0f} s  "
        f"{_share(days.false_alarms)}, {low:.2f} to {high:.2f} by machine; {days.alerts_per_day:.2f} alerts a day, "
        f"{_rate(days.false_alerts)}; {days.raised} of {days.faults} faults raised, {days.rightly_named} by name"
    )


def _days_bars(days: Days) -> list[Bar]:
    return [Bar(f"commissioned on {days.school}", days.false_alarms)]


def _adxl_line(line: PooledVerdicts) -> str:
    span = "" if line.high_range is None else f"{line.high_range[0]:.2f} to {line.high_range[1]:.2f}"
    plain = f"{line.plain_range[0]:.2f} to {line.plain_range[1]:.2f}"
    return (
        f"{_adxl_name(line):<46}{line.covered:>5} of {line.windows:<6}{_share(line.high):>22}  {span:<14}"
        f"{line.alerted_pairs:>4} of {line.pairs:<4}  {plain}"
    )


def _adxl_bars(line: PooledVerdicts) -> list[Bar]:
    return [Bar(_adxl_name(line), line.high)]


def _adxl_name(line: PooledVerdicts) -> str:
    speed = "same speed" if line.same_speed else "other speed"
    speed_known = "told" if line.told_rpm else "not told"
    return f"{line.kind}, {speed}, {speed_known}, {'steady parts' if line.gated else 'whole runs'}"


def _said_line(row: Said) -> str:
    said = ", ".join(f"{name} {share:.2f}" for name, share in row.said.items())
    alerts = ", ".join(f"{count} {name}" for name, count in row.alerts.items())
    counts = f"{row.windows} windows of {row.machines}: right {_share(row.right)}, named {_share(row.named)}"
    return f"{row.what}: {row.label}, {counts} ({said}); alerts: {alerts or 'none'}"


def _said_bars(row: Said) -> list[Bar]:
    return [Bar(f"{row.what}: {row.label}, right", row.right), Bar("named", row.named)]


def _share(share: Share | None) -> str:
    return "nothing covered" if share is None else f"{share.share:.3f} ({share.low:.3f}-{share.high:.3f})"


def _rate(rate: Rate | None) -> str:
    return "none heard" if rate is None else f"{rate.per_hour:.1f}/h ({rate.low:.1f}-{rate.high:.0f})"


_SHAPES: Mapping[str, tuple[str, Callable[[Any], str], Callable[[Any], list[Bar]]]] = {
    "openset": (
        "a fault nobody taught, called healthy or another fault (target: at most .50)\n"
        "by gate likeness | lines | both: its windows healthy, wrong, unknown; known windows called unknown",
        _openset_line,
        _openset_bars,
    ),
    "commissioned": (
        "healthy windows of a machine never heard that counted towards an alert\n"
        "machine, commissioned at, mode, healthy heard; windows; alerts per hour; faults raised within 60 s, by name, "
        "delay median and longest (s)",
        _watch_line,
        _watch_bars,
    ),
    "days": ("SIMULATED days of healthy machines: windows that counted towards an alert", _days_line, _days_bars),
    "adxl345": (
        "adxl345_motor: windows over the limit of one normal run's baseline\n"
        "windows with a limit; over it; range over pairs of runs; pairs with an alert; plain threshold's range",
        _adxl_line,
        _adxl_bars,
    ),
    "rotor": ("SIMULATED rotors, commissioned at the speed at which they are judged", _said_line, _said_bars),
    "hours": ("SIMULATED healthy sensors after their default commissioning", _said_line, _said_bars),
    "foreign": ("healthy machines of other kinds, without a healthy state", _said_line, _said_bars),
}
"""Study -> heading, a row as text, a row as bars."""
