"""A piece of config to paste: one source and one sensor, with what was found out about it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any


def name_of(text: str) -> str:
    """An id made of a topic, a port or a file's name."""
    parts = [part for part in re.split(r"[^A-Za-z0-9]+", text) if part]
    return "_".join(parts[-2:])[:32].lower() or "sensor"


def config(source: Mapping[str, Any], sensor: Mapping[str, Any], *, remarks: Mapping[str, str] | None = None) -> str:
    """TOML of `[[sources]]` and of a sensor, whose machine is left to be named; `remarks` stand behind their keys."""
    name = str(sensor["name"])
    keys = {"source": source["name"], "machine": "MACHINE", **{k: v for k, v in sensor.items() if k != "name"}}
    said = {"machine": "a section [machines.MACHINE] of yours", **(remarks or {})}
    lines = ["[[sources]]", *(_line(key, value) for key, value in source.items()), "", f"[sensors.{name}]"]
    return "\n".join([*lines, *(_line(key, value, said.get(key)) for key, value in keys.items())])


def speed_config(source: Mapping[str, Any], speed: Mapping[str, Any]) -> str:
    """TOML of `[[sources]]` and of a machine's speed."""
    lines = ["[[sources]]", *(_line(key, value) for key, value in source.items()), "", "[machines.MACHINE]"]
    return "\n".join([*lines, _line("speed", {**speed, "source": source["name"]})])


def _line(key: str, value: Any, remark: str | None = None) -> str:
    return f"{key} = {toml_value(value)}" + (f"  # {remark}" if remark else "")


def toml_value(value: Any) -> str:
    """A value as TOML, on one line."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)
