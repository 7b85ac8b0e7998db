"""Learning and forgetting on request: commissioning, giving it up, forgetting, and the end of each told and kept.

What changes is on the disk, in one transaction with the alerts that it ends, before anybody hears of it.
"""

from __future__ import annotations

import logging
import time

from agent.diagnosis.baseline import MIN_WINDOWS, to_bytes
from agent.diagnosis.commissioning import MAX_WINDOWS, remarks_on
from agent.diagnosis.healthy_state import Baselines
from agent.diagnosis.rms_only import is_rms_only
from agent.errors import ConfigError
from agent.messages.commissioning_text import doubt_in_words, doubt_of_alert, outcome_in_words, progress_in_words
from agent.service.announcer import Announcer
from agent.service.control import Answer, Commission, Forget
from agent.service.sensor import SensorDesk
from agent.service.store import Store, Stored
from agent.types import Alert, Commissioned

NOT_WRITTEN = "the state could not be written: this will not survive a restart; check the disk"
REPAIRED, FORGOTTEN = "repaired", "forgotten"
"""Why a person's word ended an alert."""

log = logging.getLogger(__name__)


class Teaching:
    """Keeps what the sensors learn, and does what is asked of it; called by the worker alone."""

    def __init__(self, store: Store, *, announcer: Announcer, features: str, window_s: float, hop_s: float) -> None:
        self._store = store
        self._announcer = announcer
        self._features = features  # which feature definition the numbers belong to
        self._window_s, self._hop_s = window_s, hop_s
        self._kept: dict[str, tuple[Baselines, Baselines]] = {}
        self._told: dict[str, Commissioned | None] = {}

    def take_up(self, desk: SensorDesk) -> None:
        """What a desk knows came out of the store, and needs no writing."""
        self._kept[desk.sensor] = _known(desk)
        self._told[desk.sensor] = desk.pipeline.healthy.latest

    def keep(self, desk: SensorDesk) -> bool:
        """Write what was learnt, and tell how a commissioning ended; False where neither happened."""
        latest = desk.pipeline.healthy.latest
        is_kept = all(now is kept for now, kept in zip(_known(desk), self._kept[desk.sensor], strict=True))
        if is_kept and latest is self._told[desk.sensor]:
            return False
        if not is_kept:
            self._write(desk)
        self._told[desk.sensor] = latest
        if latest is not None:
            level = logging.INFO if latest.result == "learnt" and not latest.doubts else logging.WARNING
            log.log(level, "%s: commissioning: %s", desk.sensor, "; ".join(outcome_in_words(latest)))
        return True

    def commission(self, desk: SensorDesk, request: Commission) -> Answer:
        """Begin; ConfigError where what is asked for cannot be, or an alert stands against it."""
        windows, pipeline = request.windows, desk.pipeline
        if windows is not None and not MIN_WINDOWS <= windows <= MAX_WINDOWS:
            raise ConfigError(f"windows: {windows} is not between {MIN_WINDOWS} and {MAX_WINDOWS}")
        if desk.last is not None and is_rms_only(desk.last):
            raise ConfigError(f"{desk.sensor} sends figures and no samples: there is nothing to learn from")
        alerts = pipeline.decision.open_alerts
        against = () if request.after_repair else tuple(doubt_of_alert(alert) for alert in alerts)
        if against and not request.anyway:
            raise ConfigError(
                *(f"refused: {doubt_in_words(doubt)}" for doubt in against),
                "if it was repaired since: --after-repair; if this is its healthy state all the same: --anyway",
            )
        remarks = [] if windows is None else remarks_on(windows, window_s=self._window_s, hop_s=self._hop_s)
        if (under_way := pipeline.healthy.progress) is not None:
            remarks.append(f"the commissioning that was under way is given up ({progress_in_words(under_way)})")
        pipeline.commission(windows, anyway=request.anyway, after_repair=request.after_repair, against=against)
        self._told[desk.sensor] = None
        if request.after_repair:
            remarks += self._begin_anew(desk)
        log.info("%s: commissioning%s", desk.sensor, "" if windows is None else f", {windows} windows to learn")
        for remark in remarks:
            log.warning("%s: %s", desk.sensor, remark)
        return {"remarks": remarks}

    def _begin_anew(self, desk: SensorDesk) -> list[str]:
        remarks = []
        if desk.pipeline.healthy.aside:
            remarks.append("the healthy state from before the repair is set aside until the new one is complete")
        return [*remarks, *self._end_alerts(desk, REPAIRED)]

    def cancel(self, desk: SensorDesk) -> Answer:
        """Give up commissioning; ConfigError where none is under way and nothing is set aside."""
        healthy = desk.pipeline.healthy
        given_up, taken_back = healthy.abandon("cancelled"), healthy.take_back()
        if not given_up and not taken_back:
            raise ConfigError(f"{desk.sensor}: no commissioning is under way")
        remarks = ["the healthy state from before the repair is taken back"] if taken_back else []
        return {"remarks": remarks + self._written(desk)}

    def forget(self, desk: SensorDesk, request: Forget) -> Answer:
        """Forget what was learnt, with the alerts that rest on it; ConfigError where there is no such speed."""
        healthy = desk.pipeline.healthy
        known = ", ".join(_in_words(rpm) for rpm in healthy.speeds)
        forgotten = healthy.forget(request.rpm)
        if not forgotten:
            asked = "" if request.rpm is None else f" at {_in_words(request.rpm)}"
            raise ConfigError(f"{desk.sensor}: nothing was learnt{asked}; known: {known or 'nothing'}")
        remarks = self._end_alerts(desk, FORGOTTEN, rpm=request.rpm)
        left = desk.pipeline.decision.open_alerts
        remarks += [f"alert {alert.id} stays open: it was last seen at another speed" for alert in left]
        if healthy.windows_to_learn:
            remarks.append("the commissioning under way goes on")
        log.info("%s: forgotten what was healthy at %s", desk.sensor, ", ".join(map(_in_words, forgotten)))
        return {"forgotten": [_in_words(rpm) for rpm in forgotten], "remarks": remarks}

    def _end_alerts(self, desk: SensorDesk, reason: str, *, rpm: float | None = None) -> list[str]:
        """End the alerts, in one transaction with what is known now; remarks for who asked for it."""
        outputs = desk.close(reason, time_s=time.monotonic(), wall_s=time.time(), rpm=rpm)
        ended = [output for output in outputs if isinstance(output, Alert)]
        remarks = self._written(desk, ended)
        self._announcer.announce(desk, outputs)
        return remarks + [f"alert {alert.id} is closed ({alert.fault}, {reason})" for alert in ended]

    def _written(self, desk: SensorDesk, ended: list[Alert] | None = None) -> list[str]:
        return [] if self._write(desk, ended or []) else [NOT_WRITTEN]

    def _write(self, desk: SensorDesk, ended: list[Alert] | None = None) -> bool:
        baselines, aside = self._kept[desk.sensor] = _known(desk)
        return self._store.save_baselines(
            desk.sensor, _stored(baselines), features=self._features, aside=_stored(aside), ended=ended or ()
        )


def _known(desk: SensorDesk) -> tuple[Baselines, Baselines]:
    return desk.pipeline.healthy.baselines, desk.pipeline.healthy.aside


def _stored(baselines: Baselines) -> Stored:
    return {bearing: to_bytes(baseline) for bearing, baseline in baselines.items()}


def _in_words(rpm: float | None) -> str:
    return "speed unknown" if rpm is None else f"{rpm:.0f} rpm"
