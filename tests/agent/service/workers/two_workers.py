"""An agent with two worker processes for tests of several, with a real broker and machines that send figures."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from reloading import FIGURE, HEAD
from waiting import until

from agent.bundle.encoder import runtime_of
from agent.config.load import load_config
from agent.errors import ConfigError, TransportError
from agent.service.assembly import Parts, assemble
from agent.service.control import Reload, Reloading, Status, ask
from agent.service.daemon import Daemon

NAMES = ("fa", "fb", "fc", "fd")
SICK, WELL = 20.0, 1.0


class Agent:
    """A daemon in this process, whose workers are real."""

    def __init__(
        self, folder: Path, broker: Any, base: str, *, names: tuple[str, ...] = NAMES, more: str = "", bundle: str = ""
    ) -> None:
        self.path, self.state_dir = folder / "agent.toml", folder / "state"
        self._keys = {"id": "gw", "host": broker.host, "port": broker.port, "base": base}
        self._keys |= {"plant_host": broker.host, "plant_port": broker.port}
        self.bundle = bundle or "default"
        self.configure(*names, more=more)
        self.failures: list[BaseException] = []
        self.daemon = Daemon(self.parts(), reassemble=self.parts, goodbyes_s=2.0)
        self._thread = threading.Thread(target=self._run, daemon=True)

    def configure(self, *names: str, more: str = "") -> None:
        head = HEAD.format(**self._keys).replace('id = "gw"', f'id = "gw"\nworkers = 2\nbundle = "{self.bundle}"')
        head = head.replace('"state"', f'"{self.state_dir}"')
        tables = "".join(FIGURE.format(name=name, base=self._keys["base"]) for name in names)
        self.path.write_text(head + tables + more.format(**self._keys))

    def parts(self, running: Parts | None = None) -> Parts:
        return assemble(load_config(self.path), running=running, runtime=runtime_of("auto"), judges=False)

    def start(self) -> None:
        self._thread.start()
        until(lambda: self.failures or (self.state_dir / "control.sock").exists())
        until(lambda: self.failures or all(worker["running"] for worker in self.workers))

    def _run(self) -> None:
        try:
            self.daemon.run()
        except BaseException as error:
            self.failures.append(error)

    @property
    def health(self) -> dict[str, Any]:
        try:
            health: dict[str, Any] = ask(self.state_dir, Status())["health"]
        except (TransportError, ConfigError):  # it is not there yet, or not any more
            return {"workers": [{"running": False}]}
        return health

    @property
    def workers(self) -> list[dict[str, Any]]:
        workers: list[dict[str, Any]] = self.health["workers"]
        return workers

    def reload(self) -> dict[str, Any]:
        number = ask(self.state_dir, Reload())["number"]
        until(lambda: ask(self.state_dir, Reloading(number))["ended"] is not None)
        ended: dict[str, Any] = ask(self.state_dir, Reloading(number))["ended"]
        return ended

    def end(self) -> None:
        self.daemon.stop()
        self._thread.join(30)
        assert not self._thread.is_alive()
