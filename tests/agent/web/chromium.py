"""A real browser for a test: Chromium without a window, spoken to by its DevTools protocol over one connection.

What a page logs as an error, and every request that it makes to another host, is collected.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-extensions", "--disable-background-networking", "--disable-component-update", "--mute-audio"),
    *("--remote-debugging-port=0", "--hide-scrollbars"),
)


def found() -> str | None:
    """The browser's path; None where there is none."""
    return next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)


class Chromium:
    """One page of one browser."""

    def __init__(self, folder: Path, *, language: str = "en-US") -> None:
        program = found()
        assert program is not None
        flags = (*FLAGS, f"--user-data-dir={folder}", f"--accept-lang={language}", f"--lang={language}")
        environment = {**os.environ, "LANGUAGE": language.partition("-")[0]}
        self._log = (folder / "log").open("wb") if folder.mkdir(parents=True, exist_ok=True) is None else None
        self._process = subprocess.Popen(
            [program, *flags, "about:blank"], stdout=self._log, stderr=self._log, env=environment
        )
        port_file = folder / "DevToolsActivePort"
        port = int(self._wait(lambda: port_file.exists() and port_file.read_text().split("\n")[0]))
        pages = self._wait(lambda: [one for one in _listed(port) if one["type"] == "page"])
        self._socket = connect(pages[0]["webSocketDebuggerUrl"], max_size=64 << 20, open_timeout=20)
        self._number = 0
        self.errors: list[str] = []
        self.requested: list[str] = []
        self.received_bytes = 0
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv(timeout=30))
            if told.get("id") == self._number:
                if "error" in told:
                    raise RuntimeError(f"{method}: {told['error']}")
                return dict(told["result"])
            self._note(told)

    def go(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def size(self, width: int, height: int, *, scale: float = 1.0, is_phone: bool = False) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=is_phone
        )

    def dark(self, is_dark: bool) -> None:
        features = [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=features)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise RuntimeError(str(told["exceptionDetails"]))
        return told["result"].get("value")

    def until(self, script: str, *, patience_s: float = 60.0) -> Any:
        """The value of an expression once it is one; while a page is replaced by another there is none."""

        def tried() -> Any:
            try:
                return self.run(script)
            except RuntimeError:
                return None

        return self._wait(tried, patience_s=patience_s, what=script)

    def text(self, selector: str) -> str:
        return str(self.run(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def click(self, selector: str) -> None:
        self.until(f"!!document.querySelector({json.dumps(selector)})")
        self.run(f"document.querySelector({json.dumps(selector)}).click()")

    def shoot(self, path: Path, *, whole: bool = True) -> None:
        """A picture of the page."""
        clip: dict[str, Any] = {}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"clip": {**size, "x": 0, "y": 0, "scale": 1}, "captureBeyondViewport": True}
        told = self.call("Page.captureScreenshot", format="png", **clip)
        path.write_bytes(base64.b64decode(told["data"]))

    def close(self) -> None:
        self._socket.close()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._log is not None:
            self._log.close()

    def _note(self, told: dict[str, Any]) -> None:
        parameters = told.get("params", {})
        match told.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(str(parameters["exceptionDetails"].get("exception", parameters)))
            case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                self.errors.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
            case "Network.requestWillBeSent":
                self.requested.append(parameters["request"]["url"])
            case "Network.loadingFinished":
                self.received_bytes += int(parameters["encodedDataLength"])

    def _wait(self, told: Callable[[], Any], *, patience_s: float = 20.0, what: str = "the browser") -> Any:
        until_s = time.monotonic() + patience_s
        while not (value := told()):
            if time.monotonic() > until_s:
                raise TimeoutError(f"waited {patience_s:g} s for {what}; {getattr(self, 'errors', '')}")
            time.sleep(0.05)
        return value


def _listed(port: int) -> list[dict[str, Any]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=5) as answer:
            return list(json.load(answer))
    except OSError:
        return []
