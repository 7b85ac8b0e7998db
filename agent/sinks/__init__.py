"""Where messages go: one file per kind of sink with its config struct and its class, and its row in the table.

The agent always publishes to `[broker]`; each `[[sinks]]` entry adds one more. The module is imported on use.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of sink."""

    path: str  # "module:Class", imported on use
    tells_people: bool = False  # of events, and has no topics that could show what is


SINKS = {
    "mqtt": Kind("agent.sinks.mqtt:MqttSink"),
    "sparkplug": Kind("agent.sinks.sparkplug:SparkplugSink"),
    "opcua": Kind("agent.sinks.opcua:OpcuaSink"),
    "memory": Kind("agent.sinks.memory:MemorySink"),
    "email": Kind("agent.sinks.email:EmailSink", tells_people=True),
    "webhook": Kind("agent.sinks.webhook:WebhookSink", tells_people=True),
}
"""By the name that a config gives as `kind`."""

BROKER = "broker"
"""The name of the sink that `[broker]` is; no entry may have it."""
