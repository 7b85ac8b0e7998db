"""Reads the operator's TOML file and finds every problem in it at once, each named by its dotted key."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from agent.alerting.window_rules import DecisionConfig
from agent.bearings.catalogue import Entry
from agent.bearings.tables import read_tables
from agent.config.cross_check import cross_check
from agent.config.decoding import UNUSABLE, Id, decode, meant_by, near
from agent.config.entries import decode_entries
from agent.config.keys import (
    AgentConfig,
    BundleConfig,
    Config,
    GeometryConfig,
    MachineConfig,
    PublishConfig,
    SensorConfig,
    SinkConfig,
    SourceConfig,
)
from agent.config.watching_keys import LogConfig, MetricsConfig, RingConfig, TrendConfig, WebConfig
from agent.errors import ConfigError
from agent.messages.words import Language, as_language
from agent.sinks import BROKER, SINKS
from agent.sources import KINDS
from agent.transport.broker import Broker

MAX_FILE_BYTES = 1 << 20
SECRET_FILE = "_file"  # ends every key that names what is read at each connection; it may begin with a variable
INPUT_FILES = ("path", "paths", "file", "files")
"""Keys that name files to be read, wherever they stand: relative ones start at the config file's folder."""

FOLDERS = ("agent.state_dir", "agent.bundle", "bundle.trusted_keys")

SECTIONS: dict[str, Any] = {
    "agent": AgentConfig,
    "bundle": BundleConfig,
    "broker": Broker,
    "publish": PublishConfig,
    "decision": DecisionConfig,
    "ring": RingConfig,
    "trend": TrendConfig,
    "metrics": MetricsConfig,
    "web": WebConfig,
    "log": LogConfig,
    "machines": dict[Id, MachineConfig],
    "bearings": dict[str, GeometryConfig],
    "sensors": dict[Id, SensorConfig],
}
STAND_INS: dict[str, Any] = {"agent": AgentConfig(id="unnamed"), "sources": (), "machines": {}, "sensors": {}}
"""What the rest of a config is checked with where a section that it needs is missing, or cannot be used."""
REQUIRED = tuple(STAND_INS)


def load_config(path: Path) -> Config:
    """The config at `path`; ConfigError carries every problem, each line starting with the file's name."""
    config, problems = check_config(path)
    if config is None or problems:
        raise ConfigError(*(f"{path}: {problem}" for problem in problems))
    return config


def check_config(path: Path) -> tuple[Config | None, list[str]]:
    """The config and every problem in it; the config is None where it cannot be used at all."""
    problems: list[str] = []
    raw = _read(path, problems)
    if raw is None:
        return None, problems
    config, found = check_table(raw, path.resolve().parent)
    return config, problems + found


def check_table(raw: dict[str, Any], folder: Path) -> tuple[Config | None, list[str]]:
    """As `check_config`, of what would stand in a file in `folder`; `raw` is changed."""
    problems: list[str] = []
    _resolve_files(raw, folder=folder, where="", problems=problems)
    sections: dict[str, Any] = {}
    known = [*SECTIONS, "sources", "sinks"]
    problems.extend(f"{key}: unknown section; {near(key, known)}" for key in raw if key not in known)
    meant = {meant_by(key, known) for key in raw if key not in known}
    problems.extend(f"{key}: missing; add {_header(key)}" for key in REQUIRED if key not in raw and key not in meant)
    for key, kind in SECTIONS.items():
        if key in raw:
            decoded = decode(kind, raw[key], where=key, problems=problems)
            if decoded is not UNUSABLE:
                sections[key] = decoded
    if "sources" in raw:
        sections["sources"] = decode_entries(
            "sources", raw["sources"], table=KINDS, entry=SourceConfig, problems=problems
        )
    if "sinks" in raw:
        sections["sinks"] = decode_entries(
            "sinks", raw["sinks"], table=SINKS, entry=SinkConfig, problems=problems, taken=(BROKER,)
        )
    told = {**STAND_INS, **sections}  # so that a section that is missing hides nothing that is wrong in others
    config = Config(**told, tables=_tables(told["agent"], problems))
    notices = cross_check(config, raw, problems)
    if not all(key in sections for key in REQUIRED):
        return None, problems
    return msgspec.structs.replace(config, notices=tuple(notices)), problems


def language_told(path: Path | None) -> Language:
    """The language that a config names, whatever else is wrong with it; English where it names none."""
    raw = None if path is None else _read(path, [])
    agent = (raw or {}).get("agent")
    return as_language(agent.get("language") if isinstance(agent, dict) else None)


def _tables(agent: AgentConfig, problems: list[str]) -> dict[str, Entry]:
    """The plant's own bearings; a file that is missing has been complained of."""
    try:
        return read_tables(path for path in map(Path, agent.bearings) if path.is_file())
    except ConfigError as error:
        problems.extend(f"agent.bearings: {problem}" for problem in error.problems)
        return {}


def _read(path: Path, problems: list[str]) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            problems.append("larger than 1 MiB; this is not a config file")
            return None
        return tomllib.loads(content.decode())
    except OSError as error:
        problems.append(f"cannot be read ({error.strerror}); name an existing file")
    except UnicodeDecodeError:
        problems.append("not UTF-8 text; save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"not valid TOML: {error}; mend that line")
    return None


def _header(section: str) -> str:
    return {"sources": "[[sources]]", "machines": "[machines.ID]", "sensors": "[sensors.ID]"}.get(
        section, f"[{section}]"
    )


def _resolve_files(table: Any, *, folder: Path, where: str, problems: list[str]) -> None:
    """Makes every file named in `table` absolute, in place, and says which are missing."""
    for key, value in enumerate(table) if isinstance(table, list) else table.items():
        name = value.get("name", key) if where in ("sources", "sinks") and isinstance(value, dict) else key
        label = f"{where}.{name}" if where else str(name)
        if key in INPUT_FILES and isinstance(value, str):
            table[key] = _existing(value, folder, label, problems)
        elif (
            (key in INPUT_FILES or label == "agent.bearings")
            and isinstance(value, list)
            and all(isinstance(entry, str) for entry in value)
        ):
            table[key] = [_existing(entry, folder, label, problems) for entry in value]
        elif isinstance(value, dict | list):
            _resolve_files(value, folder=folder, where=label, problems=problems)
        elif isinstance(value, str) and str(key).endswith(SECRET_FILE) and not value.startswith("$"):
            table[key] = str(folder / Path(value).expanduser())
        elif isinstance(value, str) and label in FOLDERS and value != "default":
            table[key] = str(folder / Path(value).expanduser())
            if key == "bundle" and not Path(table[key]).is_dir():
                problems.append(f'{label}: there is no bundle folder {table[key]}; name one, or "default"')


def _existing(name: str, folder: Path, label: str, problems: list[str]) -> str:
    path = folder / Path(name).expanduser()
    if not path.is_file():
        problems.append(f"{label}: there is no file {path}; correct the path or create the file")
    return str(path)
