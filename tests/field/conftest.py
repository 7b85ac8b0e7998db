"""A broker, a listener and agents of one case's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from field_agent import Agent, Listener, write_config


@pytest.fixture
def broker(start_mosquitto) -> Any:
    made = start_mosquitto()
    made.password = None
    return made


@pytest.fixture
def listener(broker) -> Iterator[Listener]:
    made = Listener(broker)
    yield made
    made.close()


@pytest.fixture
def start_agent(tmp_path: Path, broker) -> Iterator[Callable[..., Agent]]:
    """Starts agents in the test's folder, all ended with the test."""
    agents: list[Agent] = []

    def start(**options: Any) -> Agent:
        if not (tmp_path / "agent.toml").exists():
            write_config(tmp_path, broker)
        agents.append(Agent(tmp_path, **options))
        return agents[-1]

    yield start
    for agent in agents:
        agent.end()
