"""A Sparkplug host that is as strict as the specification: it decodes with Google's protobuf and follows every number.

Messages: sparkplug_b.proto of Eclipse Tahu, the parts of it that hosts read. What a host that keeps the rules would ask
a rebirth for is collected in `faults`; a test wants none.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mqtt_clients import client_of, leave
from sparkplug_bytes import metric, payload
from waiting import until

STRING, BYTES, BOOL, DOUBLE, FLOAT, UINT32, UINT64, MESSAGE = 9, 12, 8, 1, 2, 13, 4, 11
_PAYLOAD = {
    "PropertyValue": [("type", 1, UINT32, 1), ("is_null", 2, BOOL, 1), ("string_value", 8, STRING, 1)],
    "PropertySet": [("keys", 1, STRING, 3), ("values", 2, "PropertyValue", 3)],
    "Metric": [
        ("name", 1, STRING, 1),
        ("alias", 2, UINT64, 1),
        ("timestamp", 3, UINT64, 1),
        ("datatype", 4, UINT32, 1),
        ("is_historical", 5, BOOL, 1),
        ("is_transient", 6, BOOL, 1),
        ("is_null", 7, BOOL, 1),
        ("properties", 9, "PropertySet", 1),
        ("int_value", 10, UINT32, 1),
        ("long_value", 11, UINT64, 1),
        ("float_value", 12, FLOAT, 1),
        ("double_value", 13, DOUBLE, 1),
        ("boolean_value", 14, BOOL, 1),
        ("string_value", 15, STRING, 1),
    ],
    "Payload": [
        ("timestamp", 1, UINT64, 1),
        ("metrics", 2, "Metric", 3),
        ("seq", 3, UINT64, 1),
        ("uuid", 4, STRING, 1),
        ("body", 5, BYTES, 1),
    ],
}
_VALUES = ("int_value", "long_value", "float_value", "double_value", "boolean_value", "string_value")


def _made() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package="test.sparkplug", syntax="proto2")
    for name, fields in _PAYLOAD.items():
        message = file.message_type.add(name=name)
        for field, number, kind, label in fields:
            made = message.field.add(name=field, number=number, label=label)
            if isinstance(kind, str):
                made.type, made.type_name = MESSAGE, f".test.sparkplug.{kind}"
            else:
                made.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("test.sparkplug.Payload"))


Payload = _made()


def value_of(metric: Any) -> Any:
    """None where it says that it has none."""
    (name,) = [name for name in _VALUES if metric.HasField(name)] or [None]
    assert metric.is_null == (name is None), metric
    return None if name is None else getattr(metric, name)


class Device:
    """A node or a device, as it was born and is now."""

    def __init__(self, born: Any) -> None:
        self.types = {one.name: one.datatype for one in born.metrics}
        self.values = {one.name: value_of(one) for one in born.metrics}
        self.history: list[dict[str, Any]] = []


class StrictHost:
    """Of one group's node. Feed it what came, in order, or let it listen at a broker."""

    def __init__(self, group: str, node: str) -> None:
        self._group, self._name = group, node
        self.faults: list[str] = []
        self.kinds: list[str] = []
        self.births: list[int] = []  # bdSeq of each NBIRTH
        self.node: Device | None = None
        self.devices: dict[str, Device] = {}
        self._seq: int | None = None
        self._client: Any = None

    def listen(self, broker: Any) -> None:
        self._client = client_of(broker, f"spBv1.0/{self._group}/#", self._on_message)

    def close(self) -> None:
        leave(self._client)

    def ask_rebirth(self) -> None:
        self.command(payload(metric("Node Control/Rebirth", 11, 14, 1)))

    def command(self, said: bytes) -> None:
        self._client.publish(f"spBv1.0/{self._group}/NCMD/{self._name}", said)

    def await_kinds(self, *kinds: str) -> None:
        """Until the last messages are of these kinds."""
        until(lambda: tuple(self.kinds[-len(kinds) :]) == kinds or self.faults, seconds=20)
        assert self.faults == [], self.faults

    def _on_message(self, message: Any) -> None:
        if "/NCMD/" in message.topic:
            return
        if message.retain:
            self.faults.append(f"{message.topic} is retained")
        self.hear(message.topic, message.payload)

    def hear(self, topic: str, said: bytes) -> None:
        _, group, kind, node, *device = topic.split("/")
        told = Payload.FromString(said)
        self.kinds.append(kind)
        if (group, node) != (self._group, self._name) or not told.timestamp:
            self.faults.append(f"{topic} is not ours, or without its time")
        if kind == "NDEATH":
            self._hear_death(told)
            return
        self._hear_number(kind, told)
        match kind:
            case "NBIRTH":
                self.node, self.devices = self._born(told), {}
                self.births.append(self.node.values["bdSeq"])
                if self.node.values.get("Node Control/Rebirth") is not False:
                    self.faults.append("NBIRTH without Node Control/Rebirth")
            case "DBIRTH":
                self.devices[device[0]] = self._born(told)
            case "DDEATH":
                if self.devices.pop(device[0], None) is None:
                    self.faults.append(f"{device[0]} died without a birth")
            case "NDATA":
                self._update(self.node, told, "node")
            case "DDATA":
                self._update(self.devices.get(device[0]), told, device[0])
            case _:
                self.faults.append(f"unknown kind {kind}")

    def _hear_number(self, kind: str, told: Any) -> None:
        expected = 0 if kind == "NBIRTH" else None if self._seq is None else (self._seq + 1) % 256
        if not told.HasField("seq") or told.seq != expected:
            self.faults.append(f"{kind}: seq {told.seq} instead of {expected}")
        self._seq = told.seq

    def _hear_death(self, told: Any) -> None:
        (number,) = told.metrics
        if told.HasField("seq") or number.name != "bdSeq":
            self.faults.append("NDEATH is not its bdSeq alone")
        if self.births and number.long_value == self.births[-1]:
            self.node, self.devices, self._seq = None, {}, None
        elif self.births:
            self.faults.append(f"death of {number.long_value} after birth of {self.births[-1]}")

    def _born(self, told: Any) -> Device:
        names = [one.name for one in told.metrics]
        if len(set(names)) < len(names) or not all(one.datatype and one.timestamp for one in told.metrics):
            self.faults.append("a birth with a metric twice, or without type or time")
        if any(one.is_historical for one in told.metrics):
            self.faults.append("a birth of the past")
        return Device(told)

    def _update(self, device: Device | None, told: Any, name: str) -> None:
        if device is None:
            self.faults.append(f"data of {name}, which is not born")
            return
        past = {}
        for one in told.metrics:
            if device.types.get(one.name) != one.datatype or not one.timestamp:
                self.faults.append(f"{name}: {one.name} was not born so")
            (past if one.is_historical else device.values)[one.name] = value_of(one)
        if past:
            device.history.append(past)
