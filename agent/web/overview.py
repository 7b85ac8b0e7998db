"""What a page is told of all sensors and of the agent: its answer to `status`, cut to what is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agent.errors import TextVibError
from agent.messages.words import Language
from agent.service.control import Answer, Status
from agent.web.asking import AWAY, Agent
from agent.web.frames import frame


@dataclass(frozen=True, slots=True)
class Overview:
    """Frames of all that those who look are told; `health` goes to who looks at that."""

    sensors: bytes
    health: bytes


async def survey(agent: Agent, language: Language) -> Overview:
    """Asked once for all who look in a language."""
    return overview_of(await agent.ask(Status(language=language, whole=True)))


def overview_of(answer: Answer) -> Overview:
    """An answer to `status`, cut to what is shown."""
    health, states = answer["health"], answer["states"]
    sensors = [_sensor(sensor, answer) for sensor in states]
    agent = {key: health[key] for key in ("agent", "site", "version", "bundle", "runtime", "notices")}
    alerts = [{**alert, "kept": alert["id"] in answer["kept"]} for one in answer["alerts"].values() for alert in one]
    alerts.sort(key=lambda one: str(one["opened"]))
    told = {"agent": agent, "sensors": sensors, "alerts": alerts, "titles": answer["titles"]}
    return Overview(sensors=frame("overview", told), health=frame("health", health))


def away(error: TextVibError) -> Overview:
    """Instead, while nobody answers."""
    why = "away" if str(error) == AWAY else "refused"
    told = frame("away", {"why": why, "text": str(error)})
    return Overview(sensors=told, health=told)


def _sensor(sensor: str, answer: Answer) -> dict[str, Any]:
    state, health = answer["states"][sensor], answer["health"]["sensors"][sensor]
    healthy = health["healthy_state"] or {}
    return {
        "id": sensor,
        **{key: state[key] for key in ("state", "title", "reason_text", "since", "deviation", "bearing", "nearest")},
        "rpm": (state["speed"] or {}).get("rpm"),
        "question": (state["asks"] or {}).get("text"),
        "notices": state["notices"],
        "machine": answer["machines"][sensor],
        "severity": answer["severity"][sensor],
        "commissioning": {
            "learning": healthy.get("learning"),
            "words": answer["learning"].get(sensor),
            "ended": answer["ended"].get(sensor),
            "result": (healthy.get("latest") or {}).get("result"),
            "covers": answer["healthy"][sensor],
            "is_known": bool(healthy.get("speeds")),
            "set_aside": healthy.get("set_aside"),
        },
    }
