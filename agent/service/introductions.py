"""Sensors introduced to Home Assistant, where the config wants it."""

from __future__ import annotations

from collections.abc import Iterable

from agent.messages.compose import Speaker
from agent.messages.home_assistant import discovery
from agent.messages.topics import Topics
from agent.ports import Message
from firmware_bridge import VERSION


def introductions(
    sensors: Iterable[str], *, speaker: Speaker, topics: Topics, prefix: str | None, expire_s: int
) -> dict[str, Message]:
    """By topic; none without a `prefix`. A state is none any more `expire_s` after it was said."""
    if prefix is None:
        return {}
    told = (
        discovery(
            speaker.place(sensor),
            topics=topics,
            prefix=prefix,
            version=VERSION,
            language=speaker.language,
            expire_s=expire_s,
        )
        for sensor in sensors
    )
    return {topic: Message(topic, payload, retain=True, qos=1, kind="discovery") for topic, payload in told}
