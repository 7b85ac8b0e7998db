"""What the announcer tells in passing to who counts and to who keeps windows."""

from __future__ import annotations

from collections.abc import Collection

from agent.diagnosis.rms_only import is_rms_only
from agent.service.watching.looking import Looking
from agent.service.watching.ring import Ring
from agent.service.watching.tally import Tally
from agent.service.watching.trend import Trend
from agent.types import Alert, Diagnosis, Output


class Noted:
    """Called by the worker alone; `ring` None: no windows are kept, `trend` None: no days, `looking` None: no page."""

    def __init__(self, ring: Ring | None = None, trend: Trend | None = None, looking: Looking | None = None) -> None:
        self.tally = Tally()
        self._ring = ring
        self._trend = trend
        self._looking = looking

    def outputs(self, sensor: str, outputs: Collection[Output]) -> None:
        """What one item led to."""
        self.tally.outputs(sensor, outputs)
        if self._trend is not None:
            self._trend.feed(outputs)
        if self._looking is not None:
            for output in outputs:  # what has windows is seen with them, by the onlooker
                if isinstance(output, Diagnosis) and is_rms_only(output):
                    self._looking.judged(sensor, None, [output])

    def raised(self, alert: Alert) -> str | None:
        """An alert is being raised: where its windows will be found, below the state directory; None: nowhere."""
        return None if self._ring is None else self._ring.begin(alert)
