"""Two workers under one agent, and the machines that they hear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reloading import Machines
from two_workers import Agent


@pytest.fixture
def base(request: pytest.FixtureRequest) -> str:
    """Topics of each case's own."""
    return f"two-workers-{abs(hash(request.node.name)) % 10**6}"


@pytest.fixture
def machines(mosquitto: Any, base: str) -> Iterator[Machines]:
    made = Machines(mosquitto, base)
    yield made
    made.close()


@pytest.fixture
def agent(request: pytest.FixtureRequest, tmp_path: Path, mosquitto: Any, base: str) -> Iterator[Agent]:
    """With what the case's parameter says of it."""
    made = Agent(tmp_path, mosquitto, base, **getattr(request, "param", {}))
    yield made
    made.end()
