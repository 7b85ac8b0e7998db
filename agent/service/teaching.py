"""Learning and forgetting on request: commissioning, giving it up, forgetting, and the end of each told and kept.

What changes is on the disk, in one transaction with the alerts that it ends, before anybody hears of it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from agent.diagnosis.baseline import MIN_WINDOWS
from agent.diagnosis.commissioning import MAX_WINDOWS, remarks_on
from agent.diagnosis.healthy_state import Baselines
from agent.diagnosis.lesson_bytes import from_bytes
from agent.diagnosis.lesson_bytes import to_bytes as lesson_to_bytes
from agent.diagnosis.rms_only import is_rms_only
from agent.dsp.features import feature_names
from agent.errors import ConfigError, DoubtedError, WordError
from agent.messages.commissioning_text import (
    doubt_in_words,
    doubt_of_alert,
    outcome_in_words,
    progress_in_words,
    speed_in_words,
)
from agent.service.announcer import Announcer
from agent.service.assembly import Parts
from agent.service.control import Answer, Commission, Forget
from agent.service.desks import learnt_on, stored_forms
from agent.service.keeping.learnt_rows import UnderWay
from agent.service.registrar import Learnt, Registrar
from agent.service.sensor import SensorDesk, fingerprint
from agent.types import Alert, AlertReason, Commissioned, Doubt

NOT_WRITTEN = "the state could not be written: this will not survive a restart; check the disk"
KEEP_LESSONS_S = 30.0
REPAIRED: Final = "repaired"
FORGOTTEN: Final = "forgotten"
"""Why a person's word ended an alert."""

log = logging.getLogger(__name__)


class Begun(msgspec.Struct, frozen=True):
    """A commissioning under way, as it is kept."""

    windows: int | None
    anyway: bool
    against: tuple[Doubt, ...]


class Teaching:
    """Keeps what the sensors learn, and does what is asked of it; called by the worker alone."""

    def __init__(self, registrar: Registrar, *, announcer: Announcer, parts: Parts) -> None:
        self._registrar = registrar
        self._announcer = announcer
        self.adopt(parts)
        self._lessons_kept_s: dict[str, float] = {}
        self._kept: dict[str, tuple[Baselines, Baselines]] = {}
        self._told: dict[str, Commissioned | None] = {}

    def adopt(self, parts: Parts) -> None:
        """Another config, or another bundle, which may mean something else by its numbers."""
        self._parts = parts
        self._features = fingerprint(parts)  # which feature definition the numbers belong to
        self._spec, self._size = parts.bundle.spec, len(feature_names(parts.bundle.spec))

    def take_up(self, desk: SensorDesk) -> None:
        """What a desk knows came out of the store, and needs no writing; a commissioning that was under way goes on."""
        self._kept[desk.sensor] = _known(desk)
        self._told[desk.sensor] = None
        found = self._registrar.under_way(desk.sensor, features=self._features)
        if found is not None:
            self._resume(desk, found.value, found.lessons)

    def go_on(self, desk: SensorDesk) -> None:
        """A desk that goes on for another, knowing what the store has of it; what was being learnt is given up."""
        self._registrar.give_up(desk.sensor)
        self.take_up(desk)

    def _resume(self, desk: SensorDesk, value: bytes, lessons: Sequence[bytes]) -> None:
        try:
            begun = msgspec.json.decode(value, type=Begun)
            heard = [from_bytes(lesson, size=self._size) for lesson in lessons]
        except (msgspec.MsgspecError, ValueError) as error:
            log.warning("%s: its commissioning cannot be resumed (%s); commission it again", desk.sensor, error)
            return
        desk.pipeline.commission(begun.windows, anyway=begun.anyway, against=begun.against)
        for lesson in heard:
            desk.pipeline.healthy.feed(lesson)
        desk.pipeline.healthy.take_new()
        log.info("%s: commissioning is resumed, %d windows are learnt from", desk.sensor, len(heard))

    def save_again(self, desk: SensorDesk) -> None:
        """Write what is known of a sensor once more; a commissioning under way begins to be kept anew."""
        self._write(desk)

    def keep_lessons(self, desk: SensorDesk, now_s: float, *, at_once: bool = False) -> None:
        """Write what a commissioning has heard, every now and then: a kill loses no more than that."""
        if not at_once and now_s - self._lessons_kept_s.get(desk.sensor, -KEEP_LESSONS_S) < KEEP_LESSONS_S:
            return
        self._lessons_kept_s[desk.sensor] = now_s
        if new := desk.pipeline.healthy.take_new():
            self._registrar.add_lessons(desk.sensor, [lesson_to_bytes(lesson) for lesson in new])

    def keep(self, desk: SensorDesk) -> bool:
        """Write what was learnt, and tell how a commissioning ended; False where neither happened."""
        latest = desk.pipeline.healthy.latest
        is_kept = all(now is kept for now, kept in zip(_known(desk), self._kept[desk.sensor], strict=True))
        if is_kept and latest is self._told[desk.sensor]:
            return False
        self._write(desk, under_way=None if latest is self._told[desk.sensor] else UnderWay())
        self._told[desk.sensor] = latest
        if latest is not None:
            level = logging.INFO if latest.result == "learnt" and not latest.doubts else logging.WARNING
            log.log(level, "%s: commissioning: %s", desk.sensor, "; ".join(outcome_in_words(latest)))
        return True

    def commission(self, desk: SensorDesk, request: Commission) -> Answer:
        """Begin; ConfigError where what is asked for cannot be, DoubtedError where an alert stands against it."""
        windows, pipeline = request.windows, desk.pipeline
        if windows is not None and not MIN_WINDOWS <= windows <= MAX_WINDOWS:
            raise WordError(f"windows: {windows} is not between {MIN_WINDOWS} and {MAX_WINDOWS}")
        if desk.last is not None and is_rms_only(desk.last):
            raise ConfigError(f"{desk.sensor} sends figures and no samples: there is nothing to learn from")
        alerts = pipeline.decision.open_alerts
        against = () if request.after_repair else tuple(doubt_of_alert(alert) for alert in alerts)
        if against and not request.anyway:
            raise DoubtedError(
                *(f"refused: {doubt_in_words(doubt)}" for doubt in against),
                "if it was repaired since: --after-repair; if this is its healthy state all the same: --anyway",
            )
        remarks = [] if windows is None else remarks_on(windows, window_s=self._spec.window_s, hop_s=self._spec.hop_s)
        if desk.last is not None and desk.last.running and desk.last.speed.asks is not None:
            remarks.append(speed_in_words(desk.last.speed.asks))
        if (under_way := pipeline.healthy.progress) is not None:
            remarks.append(f"the commissioning that was under way is given up ({progress_in_words(under_way)})")
        pipeline.commission(windows, anyway=request.anyway, after_repair=request.after_repair, against=against)
        self._told[desk.sensor] = None
        begun = UnderWay(msgspec.json.encode(Begun(windows, request.anyway, against)))
        if request.after_repair:
            remarks += self._begin_anew(desk, begun)
        else:
            remarks += self._written(desk, under_way=begun)
        log.info("%s: commissioning%s", desk.sensor, "" if windows is None else f", {windows} windows to learn")
        for remark in remarks:
            log.warning("%s: %s", desk.sensor, remark)
        return {"remarks": remarks, "kept": self._registrar.is_kept}

    def _begin_anew(self, desk: SensorDesk, begun: UnderWay) -> list[str]:
        remarks = []
        if desk.pipeline.healthy.aside:
            remarks.append("the healthy state from before the repair is set aside until the new one is complete")
        return [*remarks, *self._end_alerts(desk, REPAIRED, under_way=begun)]

    def cancel(self, desk: SensorDesk) -> Answer:
        """Give up commissioning; ConfigError where none is under way and nothing is set aside."""
        healthy = desk.pipeline.healthy
        given_up, taken_back = healthy.abandon("cancelled"), healthy.take_back()
        if not given_up and not taken_back:
            raise ConfigError(f"{desk.sensor}: no commissioning is under way")
        remarks = ["the healthy state from before the repair is taken back"] if taken_back else []
        return {"remarks": remarks + self._written(desk, under_way=UnderWay())}

    def forget(self, desk: SensorDesk, request: Forget) -> Answer:
        """Forget what was learnt, with the alerts that rest on it; WordError where there is no such speed, ConfigError
        where there is none at all."""
        healthy = desk.pipeline.healthy
        known = ", ".join(_in_words(rpm) for rpm in healthy.speeds)
        forgotten = healthy.forget(request.rpm)
        if not forgotten:
            asked = "" if request.rpm is None else f" at {_in_words(request.rpm)}"
            refused = ConfigError if request.rpm is None else WordError
            raise refused(f"{desk.sensor}: nothing was learnt{asked}; known: {known or 'nothing'}")
        remarks = self._end_alerts(desk, FORGOTTEN, rpm=request.rpm)
        left = desk.pipeline.decision.open_alerts
        remarks += [f"alert {alert.id} stays open: it was last seen at another speed" for alert in left]
        if healthy.windows_to_learn:
            remarks.append("the commissioning under way goes on")
        log.info("%s: forgotten what was healthy at %s", desk.sensor, ", ".join(map(_in_words, forgotten)))
        return {"forgotten": [_in_words(rpm) for rpm in forgotten], "remarks": remarks}

    def _end_alerts(
        self, desk: SensorDesk, reason: AlertReason, *, rpm: float | None = None, under_way: UnderWay | None = None
    ) -> list[str]:
        """End the alerts, in one transaction with what is known now; remarks for who asked for it."""
        outputs = desk.close(reason, time_s=time.monotonic(), wall_s=time.time(), rpm=rpm)
        ended = [output for output in outputs if isinstance(output, Alert)]
        remarks = self._written(desk, ended, under_way=under_way)
        self._announcer.announce(desk, [output for output in outputs if not isinstance(output, Alert)])
        return remarks + [f"alert {alert.id} is closed ({alert.fault}, {reason})" for alert in ended]

    def _written(
        self, desk: SensorDesk, ended: Sequence[Alert] = (), *, under_way: UnderWay | None = None
    ) -> list[str]:
        return [] if self._write(desk, ended, under_way=under_way) else [NOT_WRITTEN]

    def _write(self, desk: SensorDesk, ended: Sequence[Alert] = (), *, under_way: UnderWay | None = None) -> bool:
        baselines, aside = self._kept[desk.sensor] = _known(desk)
        learnt = Learnt(
            row=learnt_on(desk, self._parts),
            baselines=stored_forms(baselines),
            aside=stored_forms(aside),
            alerts=tuple(ended),
            begun=under_way,
        )
        return self._registrar.learn(learnt)


def _known(desk: SensorDesk) -> tuple[Baselines, Baselines]:
    return desk.pipeline.healthy.baselines, desk.pipeline.healthy.aside


def _in_words(rpm: float | None) -> str:
    return "speed unknown" if rpm is None else f"{rpm:.0f} rpm"
