"""Where the state is, by one rule: who runs the agent and who asks it look in the same place."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

import pytest

from agent.commands.running import agent_of
from agent.commands.setup_page import _state_dir
from agent.config.load import check_config
from agent.config.state_folder import DEFAULT_STATE_DIR, VARIABLE
from agent.setup.beginning import begun

SENSORS = """
[agent]
id = "gw"
{told}
[[sources]]
name = "line"
kind = "serial"
port = "/dev/ttyUSB0"
[machines.pump]
[sensors.pump_de]
machine = "pump"
source = "line"
"""


def places(folder: Path, *, told: str = "") -> list[str]:
    """Where `run CONFIG`, a command with the config, the page of its setup, and a command with neither look."""
    path = folder / "agent.toml"
    path.write_text(SENSORS.format(told=told))
    config, problems = check_config(path)
    assert config is not None, problems
    asking = [Namespace(config=one, state_dir=None, language=None) for one in (path, None)]
    with_config, bare = (str(agent_of(one).state_dir) for one in asking)
    return [config.agent.state_dir, with_config, str(_state_dir(path)), bare]


def test_the_variable_stands_where_the_config_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "told"))
    assert set(places(tmp_path)) == {str(tmp_path / "told")}
    own = str(tmp_path / "own")
    assert places(tmp_path, told='state_dir = "own"') == [own, own, own, str(tmp_path / "told")]
    assert begun(tmp_path / "x.toml", {}, language="en", secrets=None).state_dir == str(tmp_path / "told")


@pytest.mark.parametrize("empty", [True, False])
def test_without_it_all_look_in_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty: bool) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    if empty:
        monkeypatch.setenv(VARIABLE, "")
    assert set(places(tmp_path)) == {DEFAULT_STATE_DIR}


def test_a_relative_one_starts_where_the_command_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv(VARIABLE, "state")
    assert set(places(tmp_path)) == {str(tmp_path / "here" / "state")}
