"""The address space: a folder for each machine, in it an object for each sensor, a variable for each of its figures.

Node ids are strings that stay, like `ns=2;s=pump_de/Alert/Open`: what a plant has drawn on its screens hangs on them.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any, NamedTuple

from asyncua import Node, Server, ua

from agent.messages.words import LANGUAGES, words_for
from agent.ports import Message
from agent.sinks import tags
from agent.sinks.board import AgentBoard, AlertTold, Board, SensorBoard
from agent.sinks.tags import Kind, Tag, Value
from agent.types import UNKNOWN

NAMESPACE = "urn:textvib:edge"
SEVERITIES = {"alarm": 800, "warning": 500}  # of 1..1000, as OPC UA has them
OVER = 100  # severity of an alert's end, and of what is no alert
NO_NEWS = "no client subscribes to events; let one, or set events_wait = false"

_TYPES: dict[Kind, ua.VariantType] = {
    "text": ua.VariantType.String,
    "words": ua.VariantType.LocalizedText,
    "real": ua.VariantType.Double,
    "whole": ua.VariantType.Int64,
    "flag": ua.VariantType.Boolean,
    "moment": ua.VariantType.DateTime,
}
_BY_STATE = {"lost": ua.StatusCodes.BadNoCommunication, "invalid": ua.StatusCodes.BadSensorFailure}
_NEVER_EMPTY = ("real", "whole", "flag")  # kinds of which a variable always has a value, known or not
_DOUBTFUL = ("learning", "unsteady")
_EVENT_FIELDS = {"Alert": "id", "Kind": "event", "Sensor": "sensor", "Bearing": "bearing", "Fault": "fault"}


class Shown(NamedTuple):
    """What a variable shows."""

    value: Value
    status: int


class AddressSpace:
    """Of one agent, on a server; for its loop."""

    def __init__(self, server: Server, *, root: str, language: str) -> None:
        self._server = server
        self._language = language
        self._board = Board(root)
        self._last: dict[str, Shown] = {}  # by node id
        self._sensors: dict[str, Node] = {}
        self._machines: dict[str, Node] = {}
        self._made: dict[str, list[Node]] = {}  # by sensor: what is below it

    async def build(self) -> None:
        """What is there before anything was said."""
        self._space = await self._server.register_namespace(NAMESPACE)
        objects = self._server.get_objects_node()
        self._top = await objects.add_folder(self._id("TextVib"), self._name("TextVib"))
        agent = await self._top.add_object(self._id("Agent"), self._name("Agent"))
        await self._add_variables("Agent", agent, (*tags.AGENT, *tags.MAINTENANCE), self._board.agent)
        fields = [(name, ua.VariantType.String) for name in _EVENT_FIELDS]
        kind = await self._server.create_custom_event_type(
            self._space, "TextVibEventType", ua.ObjectIds.BaseEventType, [*fields, ("Number", ua.VariantType.Int64)]
        )
        self._events = await self._server.get_event_generator(kind, self._server.nodes.server)

    @property
    def has_listeners(self) -> bool:
        """Whether a client subscribes to events of the server."""
        subscriptions = self._server.iserver.subscription_service.subscriptions.values()
        return any(one.monitored_item_srv._monitored_events for one in subscriptions)

    async def take(self, message: Message, *, events_wait: bool) -> str | None:
        """Show what a message says, and tell it if it is an event; why it is to come again, or None."""
        if message.kind == "event" and events_wait and not self.has_listeners:
            return NO_NEWS
        change = self._board.take(message)
        if change is None:
            return None
        if change.kind == "gone":
            await self._remove(change.sensor or "")
        elif change.sensor is None:
            await self._write_all("Agent", (*tags.AGENT, *tags.MAINTENANCE), self._board.agent)
        else:
            await self._show(change.sensor, self._board.sensors[change.sensor])
        if change.kind == "event":
            shown = self._board.agent if change.sensor is None else self._board.sensors[change.sensor]
            await self._tell(change.sensor, shown.event or AlertTold())
        return None

    async def _show(self, sensor: str, shown: SensorBoard) -> None:
        if sensor not in self._sensors:
            if shown.state is None:
                return
            parent = await self._machine(shown.state.machine or "machine")
            place = self._sensors[sensor] = await parent.add_object(self._id(sensor), self._name(sensor))
            await self._add_variables(sensor, place, (*tags.SENSOR, *tags.EVENT), shown)
            for language in LANGUAGES:
                name = f"{sensor}/State Text {language}"
                await self._add_variable(place, name, ua.LocalizedText(""), ua.VariantType.LocalizedText)
        await self._write_all(sensor, (*tags.SENSOR, *tags.EVENT), shown)
        state = shown.state.state if shown.state else ""
        for language in LANGUAGES:
            said = words_for("state", state, language) if state else None
            await self._write(f"{sensor}/State Text {language}", "words", Shown(said, ua.StatusCodes.Good), language)

    async def _machine(self, machine: str) -> Node:
        if machine not in self._machines:
            made = await self._top.add_folder(self._id(f"machine {machine}"), self._name(machine))
            self._machines[machine] = made
        return self._machines[machine]

    async def _remove(self, sensor: str) -> None:
        place = self._sensors.pop(sensor, None)
        if place is not None:
            # To look for references to a node takes a walk over the whole address space: for the topmost alone.
            below = [ua.DeleteNodesItem(node.nodeid, False) for node in self._made.pop(sensor)]
            items = [*below, ua.DeleteNodesItem(place.nodeid, True)]
            await self._server.iserver.isession.delete_nodes(ua.DeleteNodesParameters(items))
            self._last = {name: one for name, one in self._last.items() if not name.startswith(f"{sensor}/")}

    async def _add_variables(self, owner: str, place: Node, rows: Any, shown: Any) -> None:
        folders: dict[str, Node] = {}
        for row in rows:
            folder, _, _ = row.name.rpartition("/")
            if folder and folder not in folders:
                folders[folder] = await place.add_object(self._id(f"{owner}/{folder}"), self._name(folder))
                self._made.setdefault(owner, []).append(folders[folder])
            initial = {"real": 0.0, "whole": 0, "flag": False, "moment": datetime.now(UTC), "text": ""}.get(row.kind)
            value = ua.LocalizedText("") if row.kind == "words" else initial
            await self._add_variable(folders.get(folder, place), f"{owner}/{row.name}", value, _TYPES[row.kind])
        await self._write_all(owner, rows, shown)

    async def _add_variable(self, place: Node, name: str, value: Any, kind: ua.VariantType) -> None:
        made = await place.add_variable(self._id(name), self._name(name.rpartition("/")[2]), value, kind)
        self._made.setdefault(name.partition("/")[0], []).append(made)

    async def _write_all(self, owner: str, rows: tuple[Tag[Any], ...], shown: SensorBoard | AgentBoard) -> None:
        for row in rows:
            value = row.read(shown)
            told = Shown(value, _status(row, value, shown))
            await self._write(f"{owner}/{row.name}", row.kind, told, self._language)

    async def _write(self, name: str, kind: Kind, shown: Shown, language: str) -> None:
        if self._last.get(name) == shown:
            return
        self._last[name] = shown
        now = datetime.now(UTC)
        value, status = _variant(kind, shown.value, language), ua.StatusCode(shown.status)
        told = ua.DataValue(value, StatusCode=status, SourceTimestamp=now, ServerTimestamp=now)
        await self._server.write_attribute_value(self._id(name), told)

    async def _tell(self, sensor: str | None, event: AlertTold) -> None:
        said, told = event.wording, self._events.event
        for field, key in _EVENT_FIELDS.items():
            setattr(told, field, getattr(event, key) or "")
        told.Number = event.seq
        told.SourceName = sensor or event.machine or event.agent
        if sensor in self._sensors:
            told.SourceNode = self._sensors[sensor].nodeid
        is_over = event.event == "cleared"
        told.Severity = OVER if is_over else SEVERITIES.get(event.severity or "", OVER)
        told.Message = ua.LocalizedText(": ".join(filter(None, (said.title, said.sentence))), self._language)
        await self._events.trigger(time_attr=event.time)

    def _id(self, name: str) -> ua.NodeId:
        return ua.NodeId(name, self._space)

    def _name(self, name: str) -> ua.QualifiedName:
        return ua.QualifiedName(name, self._space)


def _status(row: Tag[Any], value: Value, shown: SensorBoard | AgentBoard) -> int:
    """How far a figure is to be trusted; Uncertain where it is not known, Bad where its sensor cannot say it."""
    state = shown.state.state if isinstance(shown, SensorBoard) and shown.state is not None else ""
    if row.is_measured and state in _BY_STATE:
        return int(_BY_STATE[state])
    if value is None and row.kind == "moment":
        return int(ua.StatusCodes.BadNoData)
    if value is None and (row.is_measured or row.kind in _NEVER_EMPTY):
        return int(ua.StatusCodes.UncertainInitialValue)
    if row.is_measured and (state in _DOUBTFUL or value == UNKNOWN):
        return int(ua.StatusCodes.UncertainSubNormal)
    return int(ua.StatusCodes.Good)


def _variant(kind: Kind, value: Value, language: str) -> ua.Variant:
    match kind:
        case "words":
            return ua.Variant(ua.LocalizedText(None if value is None else str(value), language), _TYPES[kind])
        case "real":
            return ua.Variant(math.nan if value is None else value, _TYPES[kind])
        case "whole" | "flag":
            return ua.Variant(value or 0 if kind == "whole" else bool(value), _TYPES[kind])
        case "moment":
            return ua.Variant(value or datetime.now(UTC), _TYPES[kind])
    return ua.Variant(value, _TYPES[kind])
