"""`status`: one table for people, or one JSON document with `--json`."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from agent.commands import running
from agent.service.control import Status, ask

COLUMNS = ("SENSOR", "STATE", "NEAREST DESCRIPTIONS", "RATE", "SPEED", "LOST", "AGE")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print what the agent answers, as JSON")
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    answer = ask(running.state_dir_of(args), Status())
    print(json.dumps(answer, ensure_ascii=False) if args.json else "\n".join(lines_of(answer)))
    return os.EX_OK


def lines_of(answer: dict[str, Any]) -> list[str]:
    """The answer as lines of text: the agent, its sensors, its sources, its open alerts."""
    health = answer["health"]
    publishing = health["publishing"]
    broker = "connected" if publishing["connected"] else "AWAY"
    rows = [_row(sensor, state, health["sensors"][sensor]) for sensor, state in sorted(answer["states"].items())]
    learning = ((sensor, windows) for sensor, windows in sorted(answer["to_learn"].items()) if windows)
    return [
        f"{health['agent']}: version {health['version']}, bundle {health['bundle']} on {health['runtime']}, "
        f"up {_duration(health['uptime_s'])}, broker {broker}, "
        f"{publishing['published']} published, {publishing['waiting']} waiting, {publishing['dropped']} dropped",
        "",
        *_table([COLUMNS, *rows]),
        "",
        *(_source(name, source) for name, source in sorted(health["sources"].items())),
        *(_sink(name, sink) for name, sink in sorted(health.get("sinks", {}).items())),
        *(f"commissioning {sensor}: {windows} good windows to go" for sensor, windows in learning),
        *(f"open alert: {alert}" for alert in health["open_alerts"]),
        *(f"notice: {notice}" for notice in health["notices"]),
    ]


def _row(sensor: str, state: dict[str, Any], health: dict[str, Any]) -> tuple[str, ...]:
    nearest = ", ".join(f"{near['title']} {near['similarity']:.2f}" for near in state["nearest"])
    rate, speed, losses = health["rate"], state["speed"], health["losses"]
    reason = f" ({state['reason']})" if state["reason"] else ""
    return (
        sensor,
        f"{state['state']}{reason}",
        nearest or "-",
        f"{rate['hz']:.1f} Hz" if rate and rate["hz"] else "-",  # a transmitter of figures has none
        f"{speed['rpm']:.0f} rpm" if speed and speed["rpm"] is not None else "-",
        str(lost_of(losses)) if losses else "-",
        f"{health['data_age_s']:.1f} s" if health["data_age_s"] is not None else "-",
    )


def lost_of(losses: dict[str, Any]) -> int:
    """Samples lost anywhere between the sensor and the pipeline while the agent listened."""
    lost = sum(losses[key] for key in ("dropped_fifo", "dropped_queue", "lost_on_wire", "rejected", "dropped_agent"))
    return int(lost - losses["dropped_before"])


def _source(name: str, source: dict[str, Any]) -> str:
    if source["ended"]:
        return f"source {name}: read to its end"
    if source["connected"]:
        refused = ", ".join(f"{count} {kind}" for kind, count in sorted(source["faults"].items()))
        return f"source {name}: connected, {source['outages']} outages so far" + (refused and f"; refused: {refused}")
    return f"source {name}: AWAY: {source['error'] or 'not open yet'}"


def _sink(name: str, sink: dict[str, Any]) -> str:
    counts = ", ".join(f"{sink[key]} {key}" for key in ("published", "waiting", "dropped"))
    return f"sink {name}: {'connected' if sink['connected'] else 'AWAY'}, {counts}"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(_width(row[column]) for row in rows) for column in range(len(COLUMNS))]
    return [
        "  ".join(cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _width(text: str) -> int:
    """Columns on a terminal: Hangul takes two."""
    return sum(2 if "ᄀ" <= letter <= "ᅟ" or "가" <= letter <= "힣" else 1 for letter in text)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"
