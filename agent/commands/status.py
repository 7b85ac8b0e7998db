"""`status`: tables for people in the agent's own language, or one JSON document with `--json`."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from agent.commands import running
from agent.commands.status_alerts import alert_lines
from agent.messages.notices import in_language
from agent.messages.terminal import WIDEST, columns, hanging, tabulated
from agent.messages.words import Language, as_language, say, words_for
from agent.service.control import Status, ask

HEADS = ("sensor", "state", "nearest", "rate", "speed", "lost", "age")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print what the agent answers, as JSON")
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    agent = running.agent_of(args)
    answer = ask(agent.state_dir, Status(language=agent.chosen))
    answer["language"] = agent.language(answer)
    shown = json.dumps(answer, ensure_ascii=False) if args.json else "\n".join(lines_of(answer, room=columns()))
    print(shown)
    return os.EX_OK


def lines_of(answer: dict[str, Any], *, room: int = WIDEST) -> list[str]:
    """The answer as lines of at most `room` columns: the agent, its sensors, its sources, its open alerts."""
    language = as_language(answer.get("language"))
    health = answer["health"]
    rows = [
        _row(sensor, state, health["sensors"][sensor], language) for sensor, state in sorted(answer["states"].items())
    ]
    known, learning = sorted(answer["healthy"].items()), sorted(answer["learning"].items())
    below = [
        *(
            line
            for name, source in sorted(health["sources"].items())
            for line in (_source(name, source, language), *_refusals(source, language))
        ),
        *_broker(health["publishing"], language),
        *(_sink(name, sink, language) for name, sink in sorted(health.get("sinks", {}).items())),
        *(f"{sensor}: {coverage}" for sensor, coverage in known),
        *(say("status.commissioning", language, sensor=sensor, progress=progress) for sensor, progress in learning),
        *alert_lines(answer, language),
        *(say("status.kept", language, alert=alert, path=path) for alert, path in sorted(_kept(answer).items())),
        *(say("status.notice", language, notice=notice) for notice in health["notices"]),
    ]
    return [
        *hanging(_agent(health, language), columns=room),
        "",
        *tabulated([[say(f"head.{head}", language) for head in HEADS], *rows], columns=room),
        "",
        *(line for text in below for line in hanging(text, columns=room)),
    ]


def _kept(answer: dict[str, Any]) -> dict[str, str]:
    """Open alert -> file; an older agent says none."""
    kept: dict[str, str] = answer.get("kept", {})
    return kept


def _agent(health: dict[str, Any], language: Language) -> str:
    publishing = health["publishing"]
    return say(
        "status.agent",
        language,
        agent=health["agent"],
        version=health["version"],
        bundle=health["bundle"],
        runtime=health["runtime"],
        up=_duration(health["uptime_s"], language),
        broker=_connection(publishing, language),
        counts=_counts(publishing, language),
    )


def _connection(way_out: dict[str, Any], language: Language) -> str:
    return say("status.connected" if way_out["connected"] else "status.away", language)


def _counts(way_out: dict[str, Any], language: Language) -> str:
    """Of messages; of those that wait how many are events, where the agent tells that and any wait."""
    told = {key: way_out[key] for key in ("published", "waiting", "dropped")}
    events = way_out.get("waiting_events")
    if events is None or not told["waiting"]:
        return say("status.counts", language, **told)
    return say("status.counts_events", language, **told, events=events)


def _row(sensor: str, state: dict[str, Any], health: dict[str, Any], language: Language) -> tuple[str, ...]:
    nearest = ", ".join(f"{near['title']} {near['similarity']:.2f}" for near in state["nearest"])
    rate, speed, losses = health["rate"], state["speed"], health["losses"]
    reason = f" ({state['reason_text']})" if state["reason_text"] else ""
    age_s = health["data_age_s"]
    return (
        sensor,
        f"{state['title']}{reason}",
        nearest or "-",
        f"{rate['hz']:.1f} Hz" if rate and rate["hz"] else "-",  # a transmitter of figures has none
        f"{speed['rpm']:.0f} rpm" if speed and speed["rpm"] is not None else "-",
        str(lost_of(losses)) if losses else "-",
        "-" if age_s is None else say("status.age", language, seconds=f"{age_s:.1f}"),
    )


def lost_of(losses: dict[str, Any]) -> int:
    """Samples lost anywhere between the sensor and the pipeline while the agent listened."""
    lost = sum(losses[key] for key in ("dropped_fifo", "dropped_queue", "lost_on_wire", "rejected", "dropped_agent"))
    return int(lost - losses["dropped_before"])


def _source(name: str, source: dict[str, Any], language: Language) -> str:
    if source["ended"]:
        return say("status.source_ended", language, name=name)
    if not source["connected"]:
        error = in_language(source["error"], language) if source["error"] else say("status.not_open", language)
        return say("status.source_away", language, name=name, error=error)
    kinds = (
        say("status.refused_one", language, count=count, kind=words_for("refused", kind, language))
        for kind, count in sorted(source["faults"].items())
    )
    refused = ", ".join(kinds)
    told = say("status.source_connected", language, name=name, outages=source["outages"])
    return told + (say("status.refused", language, counts=refused) if refused else "")


def _refusals(source: dict[str, Any], language: Language) -> list[str]:
    """What was refused: how often, on which topic, for which sensor, and why, in the words of the source."""
    lines = []
    for one in source.get("refusals", ()):  # an older agent says none
        about = ", ".join(name for name in (one["where"], one["sensor"], one["key"]) if name)
        told = say("status.refused_one", language, count=one["count"], kind=words_for("refused", one["kind"], language))
        lines.append(f"  {told}{about and f' ({about})'}: {in_language(one['detail'], language)}")
    return lines


def _broker(publishing: dict[str, Any], language: Language) -> list[str]:
    """Why the broker is away, where it is and that is known."""
    error = _away_for(publishing, language)
    return [] if error is None else [say("status.broker_away", language, error=error)]


def _away_for(way_out: dict[str, Any], language: Language) -> str | None:
    error = None if way_out["connected"] else way_out.get("error")
    return None if error is None else in_language(error, language)


def _sink(name: str, sink: dict[str, Any], language: Language) -> str:
    connection, error = _connection(sink, language), _away_for(sink, language)
    return say(
        "status.sink",
        language,
        name=name,
        connection=connection if error is None else f"{connection} ({error})",
        counts=_counts(sink, language),
    )


def _duration(seconds: float, language: Language) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return say("status.hours", language, hours=hours, minutes=f"{minutes:02d}")
    return say("status.minutes", language, minutes=minutes, seconds=f"{rest:02d}")
