"""Hears a serial port or a broker for a while, and says what it heard; nothing is sent, nothing is kept.

Of a topic so many messages are kept as are looked at: a busy plant fills no memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from paho.mqtt.reasoncodes import ReasonCode

from agent.errors import WordError
from agent.explain.finding import Finding
from agent.explain.ports import BAUDS, explain_port, is_understood
from agent.explain.reading import Arrived
from agent.explain.topics import MOST_MESSAGES, explain_topic
from agent.sources.port import Port, PortConfig
from agent.transport.broker import Broker
from agent.transport.mqtt import connect, disconnect, make_client, refusal

TRY_S = 1.0  # at a baud that may be wrong
MOST_TOPICS = 64
MOST_BYTES = 4 << 20  # of a port, and of a topic


def hear_port(name: str, *, seconds: float, baud: int | None = None) -> Finding:
    """What a serial port says; without `baud` the usual ones are tried. TransportError where it cannot be opened."""
    bauds = BAUDS if baud is None else (baud,)
    heard: dict[int, bytes] = {}
    for one in bauds:
        port = Port(PortConfig(port=name, baud=one))
        port.open()
        try:
            first = heard[one] = _bytes_of(port, min(TRY_S, seconds))
            if len(bauds) == 1 or is_understood(first) or not first:
                more = _bytes_of(port, max(0.0, seconds - TRY_S))
                return explain_port(name, first + more, seconds=seconds, baud=one)
        finally:
            port.close()
    loudest = max(heard, key=lambda one: len(heard[one]))
    return explain_port(name, heard[loudest], seconds=TRY_S, baud=loudest)


def _bytes_of(port: Port, seconds: float) -> bytes:
    data, until_s = bytearray(), time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0 and len(data) < MOST_BYTES:
        data += port.read(min(left_s, 0.2))
    return bytes(data)


def hear_topics(
    broker: Broker,
    topic: str,
    *,
    seconds: float,
    is_wanted: Callable[[str], bool] = lambda topic: True,
    most_topics: int = MOST_TOPICS,
) -> list[Finding]:
    """What is said on `topic` (+ and # allowed), a finding for each, sorted; TransportError where the broker is away or
    refuses, WordError where `topic` is none."""
    found: dict[str, list[Arrived]] = {}
    held: dict[str, int] = {}

    def keep(name: str, payload: bytes, retained: bool) -> None:
        if not is_wanted(name) or (name not in found and len(found) >= most_topics):
            return
        messages = found.setdefault(name, [])
        if len(messages) < 2 * MOST_MESSAGES and held.get(name, 0) < MOST_BYTES:
            held[name] = held.get(name, 0) + len(payload)
            messages.append(Arrived(payload, time.monotonic(), retained))

    _listen(broker, topic, seconds, keep)
    return [explain_topic(name, messages) for name, messages in sorted(found.items())]


def _listen(broker: Broker, topic: str, seconds: float, keep: Callable[[str, bytes, bool], None]) -> None:
    client = make_client(broker, role="listener")
    refused: list[ReasonCode] = []
    client.on_message = lambda _client, _data, m: keep(m.topic, bytes(m.payload), m.retain)
    client.on_subscribe = lambda _client, _data, _mid, reasons, _properties: refused.extend(
        reason for reason in reasons if reason.is_failure
    )
    try:
        connect(client, broker)
        client.subscribe(topic)
        time.sleep(seconds)
    except ValueError as error:
        raise WordError(f"{topic!r} is no topic: {error}") from error
    finally:
        disconnect(client)
    if refused:
        raise refusal(f"mqtt {broker.address}: refused the subscription to {topic!r}", refused[0])
