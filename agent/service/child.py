"""A process beside the agent that it keeps running and that can do it no harm: the page.

It lives as long as its standard input stays open, so it ends with the agent however that ends. One that fails, or
hangs, is started again after a while that grows; why it is not there is a notice.
"""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Sequence

from agent.service.beats import Beat
from agent.service.pulse import Felt, Pulse

FIRST_BACK_OFF_S, LAST_BACK_OFF_S = 1.0, 60.0
WELL_AFTER_S = 60.0
"""One that ran for so long is started again at once when it ends."""
LOOK_S = 0.25
GOODBYE_S = 3.0

log = logging.getLogger(__name__)


class Child:
    """`run` is a thread's body."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        stop: threading.Event,
        beat: Beat | None = None,
        back_off_s: float = FIRST_BACK_OFF_S,
        pulse: Pulse | None = None,
    ) -> None:
        """`pulse`: within which times it shows on its standard output that it does not hang; None: it shows nothing."""
        self.starts = 0
        self.trouble: str | None = None  # why it does not run
        self._name = name
        self._argv = list(argv)
        self._stop = stop
        self._beat = beat or Beat(name)
        self._pulse = pulse
        self._first_s = self._back_off_s = back_off_s
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def notices(self) -> tuple[str, ...]:
        return () if self.trouble is None else (f"{self._name}: {self.trouble}",)

    @property
    def pid(self) -> int | None:
        """While it runs."""
        return None if self._process is None else self._process.pid

    def run(self) -> None:
        while not self._stop.is_set():
            began_s = time.monotonic()
            why = self._live()
            if self._stop.is_set():
                break
            if time.monotonic() - began_s > WELL_AFTER_S:
                self._back_off_s = self._first_s
            self.trouble = f"{why}; it is started again"
            about = {"event": "child_ended", "loop": self._name}
            log.warning("%s: %s, in %.0f s", self._name, self.trouble, self._back_off_s, extra=about)
            self._beat.bump(within_s=self._back_off_s + self._beat.turn_s)
            self._stop.wait(self._back_off_s)
            self._back_off_s = min(2 * self._back_off_s, LAST_BACK_OFF_S)
        self._beat.end()

    def _live(self) -> str:
        """One life, until it ends or is to end; why it ended."""
        self._beat.bump()
        try:
            out = None if self._pulse is None else subprocess.PIPE
            self._process = process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=out, close_fds=True)
        except OSError as error:
            return f"cannot be started ({error.strerror or error})"
        self.starts += 1
        began_s = time.monotonic()
        felt = None if process.stdout is None or self._pulse is None else Felt(process.stdout, self._pulse)
        try:
            while process.poll() is None and not self._stop.is_set():
                self._beat.bump()
                if self.trouble is not None and time.monotonic() - began_s > LAST_BACK_OFF_S / 6:
                    self.trouble = None
                if felt is not None and felt.is_lost(time.monotonic()):
                    process.kill()  # it takes no word any more
                    self._ended(process)
                    return "hangs"
                self._stop.wait(LOOK_S)
            return self._ended(process)
        finally:
            if process.stdout is not None:
                process.stdout.close()
            self._process = None

    def _ended(self, process: subprocess.Popen[bytes]) -> str:
        """Let it go, by a word first and by force then."""
        assert process.stdin is not None
        process.stdin.close()
        self._beat.bump(within_s=2 * GOODBYE_S + self._beat.turn_s)
        try:
            code = process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        return f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
