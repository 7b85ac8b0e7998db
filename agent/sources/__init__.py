"""Where samples come from: one file per kind of source with its config struct and its class, and its row in the table.

A row says all that anything else must know of a kind (`check`, routes, the daemon): a new one is a row and a module.
The module is imported on use; a config struct in it may have `remarks`, which `check` shows under the source's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source; keys are those of `[sensors.ID]`, texts are what `check` says of one."""

    path: str  # "module:Class", imported on use
    finds_by: tuple[str, ...]  # keys by which a sensor finds its own data
    advice: str  # which of them to use
    sends: Literal["samples", "figures", "both"] = "both"  # figures: levels that the sender computed
    needs: Mapping[str, str] = field(default_factory=dict)  # key it cannot do without -> the problem that this is
    wants: Mapping[str, str] = field(default_factory=dict)  # key that it can do without -> what is said then
    hears: Literal["topics", "frames", "rows", "motion frames", "registers", "recordings"] | None = (
        None  # for `explain`
    )
    has_one_sensor: bool = False
    is_on_port: bool = False  # `port` of its own settings, which has one reader
    has_broker: bool = False  # `broker` of its own settings; None there: the agent's own
    is_patient: bool = False  # a recording: loses nothing by waiting, and has a clock of its own where `speed` is 0


ONE_SENSOR = "the port has one sensor; remove the key"

KINDS = {
    "serial": Kind(
        path="agent.sources.serial:SerialSource",
        hears="frames",
        finds_by=("stream", "device"),
        advice="use stream = 0 and device = ...",
        is_on_port=True,
    ),
    "serial_csv": Kind(
        path="agent.sources.serial_csv:SerialCsvSource",
        hears="rows",
        finds_by=(),
        advice=ONE_SENSOR,
        sends="samples",
        wants={
            "rate_hz": "not given; it is measured if the sketch prints a time column of known unit, "
            "else every row is refused"
        },
        has_one_sensor=True,
        is_on_port=True,
    ),
    "witmotion": Kind(
        path="agent.sources.witmotion:WitmotionSource",
        hears="motion frames",
        finds_by=(),
        advice=ONE_SENSOR,
        sends="samples",
        needs={"rate_hz": "missing; the protocol declares none, give the rate set in the sensor"},
        has_one_sensor=True,
        is_on_port=True,
    ),
    "modbus": Kind(
        path="agent.sources.modbus:ModbusSource",
        hears="registers",
        finds_by=("address",),
        advice="use address = ...",
        sends="figures",
        is_on_port=True,
    ),
    "mqtt": Kind(
        path="agent.sources.mqtt:MqttSource",
        hears="topics",
        finds_by=("stream", "device", "topic"),
        advice="use topic = ...",
        needs={"topic": "missing; an mqtt source finds this sensor's samples by their topic"},
        has_broker=True,
    ),
    "replay": Kind(
        path="agent.sources.replay:ReplaySource",
        hears="recordings",
        finds_by=("stream", "device"),
        advice="use stream = 0 and device = ..., or nothing",
        is_patient=True,
    ),
}
"""By the name that a config gives as `kind`."""


def kind_that_hears(what: str) -> str:
    """The name of the kind that is for such things."""
    return next(name for name, row in KINDS.items() if row.hears == what)
