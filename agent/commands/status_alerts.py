"""Open alerts as `status` shows them: what each is, where, since when, and what people have said of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from agent.faults import HEALTHY
from agent.messages.finding_text import title_of_finding
from agent.messages.topics import WHOLE_MACHINE
from agent.messages.words import Language, say


def alert_lines(answer: dict[str, Any], language: Language) -> Iterator[str]:
    """A line for each; of an older agent, which tells no more, its id and until when it is shelved."""
    health = answer["health"]
    told = {alert["id"]: alert for of_sensor in answer.get("alerts", {}).values() for alert in of_sensor}
    for alert in health["open_alerts"]:
        until = health.get("shelved", {}).get(alert)
        if alert in told:
            yield _whole(told[alert], language)
        elif until is None:
            yield say("status.alert", language, alert=alert)
        else:
            yield say("status.alert_shelved", language, alert=alert, until=_moment(until))


def _whole(alert: dict[str, Any], language: Language) -> str:
    since, until, was = (alert.get(key) for key in ("opened", "shelved_until", "was"))
    by = alert.get("acknowledged_by", alert.get("by"))  # of an older agent, who did something with it last
    said = [
        None if since is None else say("page.opened", language, time=_moment(since)),
        _acknowledged(by, language) if alert.get("acknowledged") else None,
        None if until is None else say("page.shelved_until", language, time=_moment(until)),
        None if was is None else say("page.was_said", language, title=_title(was, language)),
    ]
    return say(
        "status.alert_told",
        language,
        alert=alert["id"],
        place=f"{alert['sensor']}/{alert['bearing'] or WHOLE_MACHINE}",
        severity=say(f"page.severity_{alert['severity']}", language),
        title=alert["text"]["title"],
        told="; ".join(filter(None, said)),
    )


def _acknowledged(by: str | None, language: Language) -> str:
    return say("page.acknowledged", language) if by is None else say("page.acknowledged_by", language, by=by)


def _title(was: str, language: Language) -> str:
    return say("page.was_nothing", language) if was == HEALTHY else title_of_finding(was, language)


def _moment(told: str) -> str:
    return datetime.fromisoformat(told).astimezone().strftime("%Y-%m-%d %H:%M")
