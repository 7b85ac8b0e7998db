"""A broker, a listener and agents of one case's own."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from field_agent import Agent, Listener, write_config
from one_field import Field
from requirements import skip_unless_required


@pytest.fixture
def broker(request: pytest.FixtureRequest, start_mosquitto) -> Any:
    """One that anybody may use, or by indirect parameter one with a password."""
    password = getattr(request, "param", None)
    made = start_mosquitto(password=password)
    made.password = password
    return made


class Disk:
    """A small disk of its own under the agent's state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        ran = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k,mode=700", "tmpfs", folder], check=False)
        skip_unless_required("the right to mount a file system", available=ran.returncode == 0)

    def fill(self) -> None:
        with contextlib.suppress(OSError), (self.folder / "filler").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def empty(self) -> None:
        (self.folder / "filler").unlink()

    def make_read_only(self, *, read_only: bool = True) -> None:
        option = "remount,ro" if read_only else "remount,rw"
        subprocess.run(["mount", "-o", option, self.folder], check=True)

    def close(self) -> None:
        subprocess.run(["umount", "-l", self.folder], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "state")
    yield made
    made.close()


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


@pytest.fixture
def field(start_mosquitto: Callable[..., Any], tmp_path: Path) -> Iterator[Field]:
    made = Field(start_mosquitto, tmp_path)
    yield made
    made.close()
