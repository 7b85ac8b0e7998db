"""A kind of source or sink, a runtime, a recording format and a command is written down once, in one row."""

from __future__ import annotations

import argparse
import ast
import importlib
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec
import pytest
from parsed_sources import nodes_of
from requirements import ROOT

from agent.bundle.encoder import runtime_of
from agent.bundle.manifest import FILES
from agent.bundle.runtimes import CHOICES, RUNTIMES, Runtime
from agent.commands import COMMANDS
from agent.config.keys import AgentConfig
from agent.config.load import check_config
from agent.errors import ConfigError, RecordingError
from agent.ports import load, load_settings
from agent.recordings import FORMATS, Format, suffixes_in_words
from agent.recordings.read import read_recording
from agent.sinks import SINKS
from agent.sources import KINDS, Kind
from export.shrinking.writers import WRITERS
from firmware_bridge.installing import pip_line

TABLES = {
    "agent/sources": set(KINDS),
    "agent/sinks": set(SINKS) - set(KINDS),
    "agent/bundle/runtimes": {
        *RUNTIMES,
        *(row.file for row in RUNTIMES.values()),
        *(package for row in RUNTIMES.values() for package in row.packages),
    },
    "agent/recordings": set(FORMATS) - {".npz"},  # in which the program keeps arrays of its own, too
}
"""Folder of alternatives -> the names that stand in its table."""

ELSEWHERE = {
    "agent/sinks/__init__.py": set(SINKS),  # the name of a sink may be that of a source
    "agent/sources/mapped.py": {"sparkplug"},  # a reason for which input is refused
    "agent/commands/__init__.py": {"replay"},  # the command
    "agent/bench/capacity_signal.py": {"mqtt", "serial"},  # the two kinds of which it simulates the sensors
    "agent/service/answers.py": {".vbp"},  # the end of a file's name that it makes
    "export/shrinking/writers/__init__.py": set(RUNTIMES),  # the table of writers, see below
    "export/studies/field/edge.py": {"onnx"},  # a study of one runtime
    "export/studies/field/brito.py": {".csv"},  # as its recordings are published
    "export/extras.py": {"onnx", "ai_edge_litert"},  # packages to be installed, whatever they are for
    "export/commands/needs.py": {"onnx", "ai_edge_litert"},
}


@cache
def constants_of(path: Path) -> frozenset[str]:
    nodes = nodes_of(path)
    return frozenset(node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))


@pytest.mark.parametrize("folder", TABLES)
def test_no_code_beyond_its_folder_knows_an_alternative_by_its_name(folder: str) -> None:
    for path in [*(ROOT / "agent").rglob("*.py"), *(ROOT / "export").rglob("*.py")]:
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(f"{folder}/"):
            assert constants_of(path) & TABLES[folder] <= ELSEWHERE.get(place, set()), place


@pytest.mark.parametrize("table", [KINDS, SINKS, RUNTIMES, FORMATS, WRITERS], ids=lambda table: "+".join(table))
def test_every_row_names_something_that_is_there(table: dict[str, Kind]) -> None:
    assert all(callable(load(table, name)) for name in table)
    with pytest.raises(ConfigError, match=f"unknown kind 'profinet'; known: {', '.join(sorted(table))}"):
        load(table, "profinet")


@pytest.mark.parametrize(("table", "name"), [*((KINDS, kind) for kind in KINDS), *((SINKS, kind) for kind in SINKS)])
def test_every_source_and_sink_has_keys_of_its_own(table: dict[str, Kind], name: str) -> None:
    assert issubclass(load_settings(table, name), msgspec.Struct)


# ------------------------------------------------------------------------------------------------------------- sources

CONFIG = """
[agent]
id = "gw"
[machines.m]
speed = { rpm = 1480 }
[[sources]]
name = "s"
kind = "new"
port = "/dev/a"
[[sources]]
name = "t"
kind = "serial"
port = "/dev/b"
[sensors.a]
source = "s"
machine = "m"
"""
SECOND = '[sensors.b]\nsource = "s"\nmachine = "m"\naddress = 3\n'


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[str], list[str]]]:
    """Problems and notices of a config with a source of a kind "new", whose row is as asked."""

    def checked(text: str = CONFIG, **row: object) -> tuple[list[str], list[str]]:
        plain = Kind(path="agent.sources.serial:SerialSource", finds_by=(), advice="remove the key")
        monkeypatch.setitem(KINDS, "new", replace(plain, **row))  # type: ignore[arg-type]
        path = tmp_path / "a.toml"
        path.write_text(text)
        config, problems = check_config(path)
        return problems, [] if config is None else list(config.notices)

    return checked


def test_a_kind_added_to_the_table_is_a_kind_that_a_config_may_name(check: Callable[..., tuple[list[str], list[str]]]):
    assert check() == ([], ["sources.t: no sensor names it; nothing it says is used"])
    assert "known: " not in check(CONFIG.replace('"new"', '"neww"'))[0][0]
    assert check(CONFIG.replace('"new"', '"neww"'))[0][0] == "sources.s.kind: unknown kind 'neww'; did you mean 'new'?"


@pytest.mark.parametrize(
    ("row", "text", "problem"),
    [
        ({}, CONFIG + "stream = 1", "sensors.a.stream: a new source has none; remove the key"),
        ({"finds_by": ("stream",)}, CONFIG + "stream = 1", None),
        ({"needs": {"rate_hz": "missing; give it"}}, CONFIG, "sensors.a.rate_hz: missing; give it"),
        ({"needs": {"rate_hz": "missing; give it"}}, CONFIG + "rate_hz = 5000", None),
        ({"sends": "samples"}, CONFIG + 'quantity = "temperature_c"', "sensors.a.quantity: a new source gives samples"),
        (
            {"has_one_sensor": True, "finds_by": ("address",)},
            CONFIG + SECOND,
            "sensors.b.source: 's' has one sensor, and that is 'a'",
        ),
        ({"finds_by": ("address",)}, CONFIG + SECOND, None),
        ({"is_on_port": True}, CONFIG.replace("/dev/b", "/dev/a"), "sources.t.port: /dev/a is the port of 's', too"),
        ({"is_on_port": False}, CONFIG.replace("/dev/b", "/dev/a"), None),
        (
            {"finds_by": ("stream",)},
            CONFIG.replace("{ rpm = 1480 }", '{ topic = "a/b", source = "s" }'),
            "machines.m.speed.source: 's' is no mqtt source; only those hear topics",
        ),
        ({"finds_by": ("topic",)}, CONFIG.replace("{ rpm = 1480 }", '{ topic = "a/b", source = "s" }'), None),
        ({"hears": "rows"}, CONFIG.replace("{ rpm = 1480 }", '{ source = "s" }'), None),
        (
            {"hears": "frames"},
            CONFIG.replace("{ rpm = 1480 }", '{ source = "s" }'),
            "machines.m.speed.source: 's' is no serial_csv source, whose lines have columns; give topic, too",
        ),
    ],
)
def test_what_check_refuses_follows_from_the_row(
    check: Callable[..., tuple[list[str], list[str]]], row: dict[str, object], text: str, problem: str | None
) -> None:
    problems, _ = check(text, **row)
    assert len(problems) == (problem is not None), problems
    assert problem is None or problems[0].startswith(problem)


def test_what_check_remarks_follows_from_the_row(check: Callable[..., tuple[list[str], list[str]]]) -> None:
    assert any("sends RMS figures and no samples" in notice for notice in check(sends="figures")[1])
    assert "sensors.a.rate_hz: not given" in check(wants={"rate_hz": "not given"})[1]


# ------------------------------------------------------------------------------------------------------------ runtimes


def test_every_runtime_can_be_chosen_has_a_file_in_the_bundle_and_a_writer() -> None:
    for choice in CHOICES:
        assert msgspec.convert({"id": "a", "runtime": choice}, AgentConfig).runtime == choice
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"id": "a", "runtime": "tensorrt"}, AgentConfig)
    assert {row.file for row in RUNTIMES.values()} <= set(FILES)
    assert set(WRITERS) == set(RUNTIMES)


@pytest.mark.parametrize("module", ["agent.commands.replay", "agent.bench.window", "export.commands.judging"])
def test_every_command_that_runs_a_bundle_offers_every_runtime(module: str) -> None:
    parser = argparse.ArgumentParser()
    if module.startswith("agent"):
        importlib.import_module(module).add_arguments(parser)
    else:
        commands = parser.add_subparsers()
        importlib.import_module(module).add_judging(commands)
        parser = commands.choices["evaluate"]
    (runtime,) = (action for action in parser._actions if action.dest == "runtime")
    assert runtime.choices == CHOICES


def test_a_runtime_is_there_where_one_of_its_packages_is(monkeypatch: pytest.MonkeyPatch) -> None:
    row = next(iter(RUNTIMES.values()))
    monkeypatch.setitem(RUNTIMES, "new", replace(row, packages=("no_such_package", "msgspec")))
    assert runtime_of("new") == "new"
    monkeypatch.setitem(RUNTIMES, "new", Runtime("", "encoder.new", ("no_such_package",), "New", "NEW"))
    with pytest.raises(ConfigError, match="runtime 'new' needs the package no_such_package"):
        runtime_of("new")


# ------------------------------------------------------------------------------------------------------------- formats


def test_a_format_added_to_the_table_is_read_and_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.SIE"
    path.write_text("x,y\n" + "1.5,2.5\n" * 100)
    *others, last = FORMATS
    with pytest.raises(RecordingError, match=rf"cannot read \.SIE; known: {' '.join(others)} {last}$"):
        read_recording(path)
    monkeypatch.setitem(FORMATS, ".sie", Format("agent.recordings.csv:read"))
    assert read_recording(path, rate_hz=1000).samples.shape == (100, 2)
    with pytest.raises(RecordingError, match=r"cannot read \.xyz; known: .* \.flac \.sie$"):
        read_recording(tmp_path / "a.xyz")
    assert suffixes_in_words() == f"{' '.join(others)} {last} or .sie"
    parser = argparse.ArgumentParser()
    importlib.import_module("agent.commands.replay").add_arguments(parser)
    assert ".sie recording" in " ".join(parser.format_help().split())


def test_a_format_without_its_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.sie"
    path.touch()
    monkeypatch.setitem(FORMATS, ".sie", Format("no_such_package:read", package="no_such_package", extra="sie"))
    with pytest.raises(RecordingError) as refused:
        read_recording(path)
    assert str(refused.value).endswith(f"reading .sie needs no_such_package; install the extra: {pip_line('sie')}")
    monkeypatch.setitem(FORMATS, ".sie", Format("no_such_package:read"))
    with pytest.raises(ImportError):  # a bug of ours
        read_recording(path)


def test_the_package_of_a_format_is_in_the_extra_that_it_names_and_every_suffix_in_the_example() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    example = (ROOT / "configs" / "replay.toml").read_text()
    for suffix, row in FORMATS.items():
        assert suffix in example
        if row.package is not None:
            assert any(entry.startswith(row.package) for entry in extras[row.extra])


# ------------------------------------------------------------------------------------------------------------ commands


def test_every_module_that_is_a_command_is_in_the_table() -> None:
    folder = ROOT / "agent" / "commands"
    modules = {f"agent.commands.{path.stem}" for path in folder.glob("*.py") if "def main(" in path.read_text()}
    assert modules == {row.module for row in COMMANDS.values() if row.module.startswith("agent.commands.")}
    for row in COMMANDS.values():
        module = importlib.import_module(row.module)
        assert callable(module.add_arguments)
        assert callable(module.main)
