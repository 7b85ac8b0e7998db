"""An agent of which one loop hangs (or is "slow") once a file appears: `python hanging_agent.py CONFIG LOOP FILE`.

Everything is the real thing but the part that hangs, and deadlines short enough for a test.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.config.load import load_config
from agent.service.assembly import Parts, assemble
from agent.service.beats import Deadlines
from agent.service.daemon import Daemon
from agent.service.watching.logs import log_to_stderr

DEADLINES = Deadlines(turn_s=2.0, open_s=4.0, file_s=3.0, disk_s=4.0)
SLOW_S = 0.8  # two sensors give a window each half a second: 3.2 times too slow


class Hanging:
    """Another object, of which one method never returns once `file` is there."""

    def __init__(self, whole: Any, method: str, file: Path) -> None:
        self._whole, self._method, self._file = whole, method, file

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._whole, name)
        return self._hangs(found) if name == self._method else found

    def _hangs(self, inner: Callable[..., Any]) -> Callable[..., Any]:
        def here_it_hangs(*arguments: Any) -> Any:
            if self._file.exists():
                threading.Event().wait()
            return inner(*arguments)

        return here_it_hangs


class Slow:
    """An encoder that takes `SLOW_S` for a window while `file` is there."""

    def __init__(self, whole: Any, file: Path) -> None:
        self._whole, self._file = whole, file

    def embed(self, codes: Any) -> Any:
        if self._file.exists():
            time.sleep(SLOW_S)
        return self._whole.embed(codes)


def with_hang(parts: Parts, loop: str, file: Path) -> Parts:
    match loop:
        case "worker":
            return replace(parts, encoder=Hanging(parts.encoder, "embed", file))
        case "slow":
            return replace(parts, encoder=Slow(parts.encoder, file))
        case "publisher":
            return replace(parts, sinks={n: Hanging(sink, "publish", file) for n, sink in parts.sinks.items()})
        case "source":
            first, *others = parts.sources
            return replace(parts, sources=(Hanging(first, "read", file), *others))
        case _:
            return parts


def main(path: str, loop: str, file: str) -> int:
    log_to_stderr(level="info")
    caught: list[tuple[int, float]] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: caught.append((number, time.monotonic())))
    parts = with_hang(assemble(load_config(Path(path))), loop, Path(file))
    return Daemon(parts, signals=caught, deadlines=None if loop == "slow" else DEADLINES).run()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
