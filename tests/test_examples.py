"""What is shown to a reader works: each example config passes `check`, explains its keys, and shows true defaults."""

from __future__ import annotations

import configparser
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agent.commands.running import DEFAULT_STATE_DIR
from agent.config.keys import AgentConfig, DecisionConfig, GeometryConfig, MachineConfig, PublishConfig, SensorConfig
from agent.config.load import check_config
from agent.errors import BundleError, ConfigError
from agent.ports import load_settings
from agent.sources import KINDS
from agent.transport.mapping import Mapping
from agent.transport.mqtt import Broker
from firmware_bridge import VERSION

ROOT = Path(__file__).resolve().parent.parent
CONFIGS = sorted((ROOT / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_an_example_config_has_no_problem(path):
    config, problems = check_config(path)
    assert problems == []
    assert config is not None


def test_there_is_an_example_for_every_kind_of_source():
    kinds = {source["kind"] for path in CONFIGS for source in tomllib.loads(path.read_text())["sources"]}
    assert kinds == set(KINDS)


def keys_of(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}


@pytest.mark.parametrize(
    "struct",
    [AgentConfig, Broker, PublishConfig, DecisionConfig, MachineConfig, GeometryConfig, SensorConfig, Mapping],
    ids=lambda struct: struct.__name__,
)
def test_every_key_stands_in_an_example_with_a_comment(struct):
    text = "\n".join(path.read_text(encoding="utf-8") for path in CONFIGS)
    lines = [line for line in text.splitlines() if "#" in line]
    for key in keys_of(struct) - {"shafts"}:  # a table of tables, shown by its entries
        assert (
            any(re.search(rf"\b{key} = ", line) or f"bearings.{key}" in line for line in lines) or key == "bearings"
        ), key


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_key_of_a_source_stands_in_its_example_with_a_comment(kind):
    lines = (ROOT / "configs" / f"{kind}.toml").read_text(encoding="utf-8").splitlines()
    for key in keys_of(load_settings(KINDS, kind)) - {"broker"}:
        assert any(re.match(rf"#? ?{key} = .*#", line) for line in lines), key


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_values_said_to_be_defaults_are(path):
    """serial.toml shows every default; one that drifts from the code would mislead."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    shown = {**_flat(raw.get("publish", {})), **_flat(raw.get("decision", {}))}
    defaults = {f.encode_name: f.default for s in (PublishConfig, DecisionConfig) for f in msgspec.structs.fields(s)}
    assert {key: defaults[key] for key in shown} == shown


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    return dict(_pairs(table))


def _pairs(table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    yield from ((key, value) for key, value in table.items() if not isinstance(value, dict))


def test_the_systemd_unit_never_retries_what_a_person_must_mend_and_keeps_state_where_the_agent_does():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys are case-sensitive
    unit.read(ROOT / "deploy" / "textvib-agent.service", encoding="utf-8")
    service = unit["Service"]
    by_person = {os.EX_USAGE, BundleError.exit_code, ConfigError.exit_code}
    assert set(map(int, service["RestartPreventExitStatus"].split())) == by_person
    assert service["Type"] == "notify"
    assert Path("/var/lib", service["StateDirectory"]) == Path(DEFAULT_STATE_DIR) == Path(AgentConfig(id="x").state_dir)
    assert "ExecStartPre" not in service  # its exit status would not be looked at


def test_the_version_in_the_health_document_is_the_packages():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"] == VERSION


def test_the_udev_rules_are_rules_and_do_what_they_say():
    text = (ROOT / "deploy" / "60-textvib-serial.rules").read_text(encoding="utf-8")
    rules = [line.removeprefix("#") for line in text.splitlines() if "==" in line]
    pair = re.compile(
        r'(ACTION|SUBSYSTEM|KERNEL|DRIVER|ATTR|ATTRS|ENV|GROUP|MODE|SYMLINK)(\{[\w]+\})?(==|=|\+=)"[^"]+"'
    )
    for rule in rules:
        parts = rule.split(", ")
        assert all(pair.fullmatch(part) for part in parts), rule
        matches = [part for part in parts if "==" in part]
        assert matches == parts[: len(matches)], "what is matched comes before what is done"
        assert len(matches) < len(parts), rule
    assert 'ATTR{latency_timer}="1"' in text
    assert 'ENV{ID_MM_DEVICE_IGNORE}="1"' in text
