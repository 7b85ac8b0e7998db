"""What a Sparkplug B edge node says, without a connection: births, changes and deaths, each with its number.

The agent is the node, a sensor a device. Specification: Eclipse Sparkplug 3.0.0, chapters 5 and 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from agent.ports import Message
from agent.sinks import tags
from agent.sinks.board import AgentBoard, Board, SensorBoard
from agent.sinks.sparkplug_payload import BOOLEAN, INT64, TYPES, Metric, milliseconds, payload_of
from agent.sinks.tags import Tag, Value

NUMBERS = 256
"""`seq` and `bdSeq` count 0..255 and begin again."""
REBIRTH = "Node Control/Rebirth"

DEVICE: tuple[Tag[SensorBoard], ...] = (*tags.SENSOR, *tags.EVENT)
NODE: tuple[Tag[AgentBoard], ...] = (*tags.AGENT, *tags.MAINTENANCE)


class Said(NamedTuple):
    """What is to be published, not retained; QoS 1 of an NDEATH, else 0."""

    topic: str
    payload: bytes


class EdgeNode:
    """One node, over all its connections; for one thread."""

    def __init__(self, group: str, node: str, *, root: str) -> None:
        """`root`: what the agent's topics begin with."""
        self._group, self._node = group, node
        self._board = Board(root)
        self._told: dict[str | None, dict[str, Value]] = {}  # by device that is born, and of the node
        self._seq = 0
        self._birth = 0  # the number of this connection, as its last will has it
        self._born_ms = 0

    @property
    def command_topic(self) -> str:
        return self._topic("NCMD")

    def death(self, number: int, *, now_ms: int) -> Said:
        """The last will of connection `number`; what is born afterwards belongs to it."""
        self._birth = number % NUMBERS
        return self.goodbye(now_ms=now_ms)

    def goodbye(self, *, now_ms: int) -> Said:
        """The end of this connection, as its last will would say it."""
        metric = Metric("bdSeq", INT64, self._birth, now_ms)
        return Said(self._topic("NDEATH"), payload_of([metric], time_ms=now_ms, seq=None))

    def births(self, *, now_ms: int) -> list[Said]:
        """All that is known, of the node and of each sensor that is there."""
        self._told.clear()
        self._seq, self._born_ms = 0, now_ms
        own = [Metric("bdSeq", INT64, self._birth, now_ms), Metric(REBIRTH, BOOLEAN, False, now_ms)]
        own += self._all(None, NODE, self._board.agent, now_ms)
        there = [sensor for sensor, shown in self._board.sensors.items() if shown.is_there]
        return [self._say("NBIRTH", None, own, now_ms), *(self._device_birth(sensor, now_ms) for sensor in there)]

    def note(self, message: Message) -> None:
        """What the next births are to know; nothing is said of it."""
        self._board.take(message)

    def take(self, message: Message, *, now_ms: int) -> list[Said]:
        """What is to be said now that a message has come; nothing where it changes nothing."""
        change = self._board.take(message)
        if change is None:
            return []
        if change.sensor is None:
            return list(self._own_changes(change.kind == "event", now_ms))
        if change.kind == "gone":
            return self._device_death(change.sensor, now_ms)
        return list(self._device_changes(change.sensor, change.kind == "event", now_ms))

    def _own_changes(self, is_event: bool, now_ms: int) -> list[Said]:
        agent = self._board.agent
        metrics = self._event(None, tags.MAINTENANCE, agent, now_ms) if is_event else self._changed(None, agent, now_ms)
        return [self._say("NDATA", None, metrics, now_ms)] if metrics else []

    def _device_changes(self, sensor: str, is_event: bool, now_ms: int) -> Iterator[Said]:
        shown = self._board.sensors[sensor]
        if sensor not in self._told:
            if not (shown.is_there or is_event):
                return
            # A birth says what is; an event is said behind it, and may be one of the past.
            event, shown.event = shown.event, None if is_event else shown.event
            yield self._device_birth(sensor, now_ms)
            shown.event = event
        of_event = self._event(sensor, tags.EVENT, shown, now_ms) if is_event else []
        metrics = of_event or self._changed(sensor, shown, now_ms)
        if metrics:
            yield self._say("DDATA", sensor, metrics, now_ms)
        if not shown.is_there:
            yield from self._device_death(sensor, now_ms)

    def _device_birth(self, sensor: str, now_ms: int) -> Said:
        metrics = self._all(sensor, DEVICE, self._board.sensors[sensor], now_ms)
        return self._say("DBIRTH", sensor, metrics, now_ms)

    def _device_death(self, sensor: str, now_ms: int) -> list[Said]:
        is_born = self._told.pop(sensor, None) is not None
        return [self._say("DDEATH", sensor, [], now_ms)] if is_born else []

    def _all(self, device: str | None, rows: Iterable[Tag[Any]], shown: object, now_ms: int) -> list[Metric]:
        told = self._told[device] = {row.name: row.read(shown) for row in rows}
        return [Metric(row.name, TYPES[row.kind], told[row.name], now_ms, unit=row.unit) for row in rows]

    def _changed(self, device: str | None, shown: object, now_ms: int) -> list[Metric]:
        """What is another than was last told."""
        told, metrics = self._told[device], []
        rows: Iterable[Tag[Any]] = tags.AGENT if device is None else tags.SENSOR
        for row in rows:
            value = row.read(shown)
            if value != told[row.name]:
                told[row.name] = value
                metrics.append(Metric(row.name, TYPES[row.kind], value, now_ms))
        return metrics

    def _event(
        self, device: str | None, rows: Iterable[Tag[Any]], shown: SensorBoard | AgentBoard, now_ms: int
    ) -> list[Metric]:
        """All of an event, at its own time; of the past where it is from before this birth."""
        when = None if shown.event is None else shown.event.time
        time_ms = now_ms if when is None else milliseconds(when)
        self._told[device].update((row.name, row.read(shown)) for row in rows)
        return [
            Metric(row.name, TYPES[row.kind], row.read(shown), time_ms, is_historical=time_ms < self._born_ms)
            for row in rows
        ]

    def _say(self, kind: str, device: str | None, metrics: Iterable[Metric], now_ms: int) -> Said:
        said = Said(self._topic(kind, device), payload_of(metrics, time_ms=now_ms, seq=self._seq))
        self._seq = (self._seq + 1) % NUMBERS
        return said

    def _topic(self, kind: str, device: str | None = None) -> str:
        levels = ("spBv1.0", self._group, kind, self._node, *(() if device is None else (device,)))
        return "/".join(levels)
