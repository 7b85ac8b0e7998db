"""A real Mosquitto for tests, of their own, on this computer."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from requirements import skip_unless_required


class Mosquitto:
    """A Mosquitto of the test's own on a free loopback port; `password` closes it to all but user "agent".

    With `config` that is its whole configuration, which listens on `port`.
    """

    def __init__(
        self, folder: Path, *, password: str | None = None, extra: str = "", config: str | None = None, port: int = 0
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.host = "127.0.0.1"
        self.port = port or free_port()
        self.password = password
        self._config = folder / "mosquitto.conf"
        access = "allow_anonymous true"
        if password is not None:
            users = folder / "users"
            users.write_text(f"agent:{password}\n")
            subprocess.run([find_mosquitto("mosquitto_passwd"), "-U", users], check=True)
            # Started by root, the broker reads its password file as an unprivileged user.
            users.chmod(0o644)
            access = f"allow_anonymous false\npassword_file {users}"
        self._config.write_text(config or f"listener {self.port} {self.host}\n{access}\nuser root\n{extra}\n")
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
