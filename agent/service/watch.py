"""What becomes of a loop that hangs: a source is restarted alone, anything else ends the process.

The process ends without a goodbye, so that the broker publishes its last will and the supervisor starts it anew. The
service manager's own watchdog is fed here, and only while every loop turns: it ends us where this watch hangs itself.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping

from agent.service.beats import Beat, Beats
from agent.service.process import tell_systemd, watchdog_s

TRUST_S = 600.0
"""A source that hangs again so soon after its restart is not mended by another."""

log = logging.getLogger(__name__)


class Watch:
    """`look` is for the main thread, several times a second."""

    def __init__(
        self, beats: Beats, *, revive: Mapping[str, Callable[[], None]], leave: Callable[[int], object] = os._exit
    ) -> None:
        """`revive`: name of a beat -> what restarts its loop; `leave` ends the process with an exit code."""
        self._beats = beats
        self._revive = revive
        self._revived_s: dict[str, float] = {}
        self._leave = leave
        self._period_s = watchdog_s()
        self._fed_s = 0.0

    def look(self) -> None:
        """Deal with loops that hang; tell the service manager where there are none."""
        late = self._beats.late()
        for beat in late:
            self._deal_with(beat)
        if not late:
            self.feed()

    def feed(self) -> None:
        """Tell the service manager that all is well, as often as it wants to hear it and no more."""
        now_s = time.monotonic()
        if self._period_s is not None and now_s - self._fed_s >= self._period_s / 3:
            self._fed_s = now_s
            tell_systemd("WATCHDOG=1")

    def _deal_with(self, beat: Beat) -> None:
        now_s = time.monotonic()
        about, late_s = {"event": "loop_hangs", "loop": beat.name}, beat.late_s(now_s)
        log.critical("%s hangs: its turn is %.1f s late; it is here:\n%s", beat.name, late_s, beat.stack(), extra=about)
        revive, before_s = self._revive.get(beat.name), self._revived_s.get(beat.name)
        if revive is not None and (before_s is None or now_s - before_s > TRUST_S):
            log.warning("%s: restarted alone", beat.name, extra={"event": "loop_restarted", "loop": beat.name})
            self._revived_s[beat.name] = now_s
            beat.bump()
            revive()
            return
        log.critical("%s cannot go on; the process ends, to be started anew (exit code %d)", beat.name, os.EX_SOFTWARE)
        self._leave(os.EX_SOFTWARE)
