"""The broker of `bench --capacity`: a Mosquitto of its own, or one that is named."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from agent.errors import ConfigError, TransportError

HOST = "127.0.0.1"
START_S = 10.0
SBIN = ("/usr/sbin", "/usr/local/sbin")  # where Debian has it, and where users' paths do not look


class Place(NamedTuple):
    """A broker; `process` is its id where it is ours."""

    host: str
    port: int
    process: int | None = None

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


@contextmanager
def broker_at(named: str | None, folder: Path) -> Iterator[Place]:
    """The broker at HOST:PORT, or else a new one; ConfigError or TransportError says what to mend."""
    if named is not None:
        yield _named(named)
        return
    program = shutil.which("mosquitto", path=os.pathsep.join((os.environ.get("PATH", ""), *SBIN)))
    if program is None:
        raise ConfigError(
            "bench --capacity: there is no broker: mosquitto is not installed; "
            "apt-get install mosquitto, or name one that lets anybody in with --broker HOST:PORT"
        )
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = int(free.getsockname()[1])
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} {HOST}\nallow_anonymous true\npersistence false\nuser root\n", encoding="utf-8")
    with subprocess.Popen([program, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
        try:
            _await(Place(HOST, port), START_S)
            yield Place(HOST, port, broker.pid)
        finally:
            broker.kill()


def _named(named: str) -> Place:
    """One at HOST:PORT, as the command line takes it."""
    host, _, port = named.rpartition(":")
    place = Place(host, int(port))
    _await(place, 0.0)
    return place


def _await(place: Place, patience_s: float) -> None:
    deadline_s = time.monotonic() + patience_s
    while True:
        try:
            socket.create_connection((place.host, place.port), timeout=5.0).close()
        except OSError as error:
            if time.monotonic() >= deadline_s:
                raise TransportError(f"broker {place.address}: cannot connect: {error}") from error
            time.sleep(0.02)
        else:
            return
