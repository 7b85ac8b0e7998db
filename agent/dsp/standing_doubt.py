"""Whether a nominal speed that was doubted for long goes on being doubted where windows show nothing.

The lines of damage hide those of the shaft, and what was contradicted is no truer for that. So silence takes a doubt
away only while nothing is wrong, and as slowly as it came; lines that bear the speed out do so at once.
"""

from __future__ import annotations

from agent.types import Speed

STANDS_FROM = 15
"""Windows by which those that are doubted outnumber those that show nothing: half a minute without a pause."""
MOST = 30
"""Beyond which no more are counted: so many well and silent windows end it at the latest."""


class StandingDoubt:
    """Of one nominal speed; a doubt is the speed with what it `asks`."""

    def __init__(self) -> None:
        self._count = 0
        self._doubted: Speed | None = None  # as the latest window had it that was doubted
        self._stands = False
        self._is_well = True

    def judge(self, *, is_well: bool) -> None:
        """Whether the machine runs and nothing is wrong with it, by the window before."""
        self._is_well = is_well

    def over(self, speed: Speed, *, is_borne_out: bool) -> Speed:
        """The speed of a window that shares no sample with the one before, or the doubt that stands.

        `is_borne_out`: the window's own lines bear it out. Some of a damaged machine's do so by chance (of six windows
        two, where an inner race was told 18 % too slow), so while something is wrong more than half of them must.
        """
        if speed.asks is not None:
            self._count, self._doubted = self._count + 1, speed
        elif is_borne_out:
            self._count = 0 if self._is_well else self._count - 1
        elif self._is_well:
            self._count -= 1
        elif self._stands:
            self._count += 1
        self._count = min(max(self._count, 0), MOST)
        self._stands = self._count > 0 if self._stands else self._count >= STANDS_FROM
        return self._doubted if self._stands and self._doubted is not None else speed
