"""What the running agent answers: how it is, whether it will learn, forget or record, and what becomes of an alert.

The worker asks here, so that nothing with state is touched from another thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from agent.alerting.seen import seen_by
from agent.diagnosis.coverage import learnt_speeds
from agent.errors import ConfigError, WordError
from agent.messages.commissioning_text import coverage_in_words, outcome_in_words, progress_in_words
from agent.messages.notices import in_language
from agent.service.alert_requests import Acknowledge, Close, Shelve, Unshelve, seconds_of
from agent.service.announcer import Announcer
from agent.service.control import (
    Answer,
    Asked,
    Cancel,
    Commission,
    ExportState,
    Forget,
    ImportState,
    Learnt,
    Look,
    Record,
    Status,
)
from agent.service.health import Everything
from agent.service.recording_jobs import Tapes
from agent.service.reloading.moving import Moving
from agent.service.sensor import SensorDesk
from agent.service.share import Share
from agent.service.surveying import alerts_of, look_of, spoken, whole_survey
from agent.service.teaching import Teaching
from agent.service.wall_clock import origin_now
from agent.service.watching.confirmed import Confirmed, keep_word, replaced
from agent.service.watching.events import place_of
from agent.types import Alert

MAX_RECORDING_S = 24 * 3600.0


class Answers:
    """Answers one request at a time; ConfigError where what is asked for cannot be."""

    def __init__(
        self,
        everything: Everything,
        *,
        announcer: Announcer,
        teaching: Teaching,
        tapes: Tapes,
        share: Callable[[], Share],
    ) -> None:
        self._everything = everything
        self._share = share
        self._announcer = announcer
        self._teaching = teaching
        self._tapes = tapes
        self._moving = Moving(everything, announcer=announcer, teaching=teaching)

    def answer(self, request: Asked) -> Answer:
        """What is asked for, and the agent's language."""
        return {**self._answered(request), "language": self._everything.parts.config.agent.language}

    def _answered(self, request: Asked) -> Answer:
        match request:
            case Status():
                return self._status(request)
            case Look():
                seen = spoken(self._everything, request.language)
                return look_of(seen, self._desk(request.sensor), after=request.after)
            case Commission():
                return self._teaching.commission(self._desk(request.sensor), request)
            case Learnt():
                return self._learnt(request)
            case Cancel():
                return self._teaching.cancel(self._desk(request.sensor))
            case Forget():
                return self._teaching.forget(self._desk(request.sensor), request)
            case Record():
                return self._record(request)
            case Acknowledge():
                return self._acknowledge(request)
            case Shelve():
                return self._shelve(request)
            case Unshelve():
                return self._unshelve(request)
            case Close():
                return self._close(request)
            case ExportState():
                return self._moving.hand_out(self._desk(request.sensor))
            case ImportState():
                return self._moving.take_piece(self._desk(request.sensor), request)

    def _status(self, request: Status) -> Answer:
        seen = spoken(self._everything, request.language)
        desks, speaker = seen.desks, seen.parts.speaker
        states = {sensor: self._announcer.state_of(desk, speaker) for sensor, desk in desks.items()}
        language = seen.parts.config.agent.language
        healthy = {sensor: desk.pipeline.healthy for sensor, desk in desks.items()}
        learning = {
            sensor: in_language(progress_in_words(one.progress), language)
            for sensor, one in healthy.items()
            if one.progress
        }
        return {
            "health": msgspec.to_builtins(seen.registrar.health(self._share(), language=language)),
            "states": msgspec.to_builtins(states),
            "to_learn": {sensor: one.windows_to_learn for sensor, one in healthy.items()},
            "learning": learning,
            "healthy": {
                sensor: in_language(
                    coverage_in_words(learnt_speeds(desk.pipeline.healthy.baselines), desk.coverage), language
                )
                for sensor, desk in desks.items()
            },
            "alerts": {sensor: alerts_of(seen, desk) for sensor, desk in desks.items()},
            "kept": self._kept(),
            **(whole_survey(seen) if request.whole else {}),
        }

    def _kept(self) -> dict[str, str]:
        """Open alert -> the file with the windows around it, where it is there."""
        ring = self._everything.ring
        desks = self._everything.desks.values()
        alerts = {alert.id for desk in desks for alert in desk.pipeline.decision.open_alerts}
        return {} if ring is None or not alerts else ring.find(alerts)

    def _learnt(self, request: Learnt) -> Answer:
        desk = self._desk(request.sensor)
        learning, latest = desk.pipeline.healthy.progress, desk.pipeline.healthy.latest
        words = [progress_in_words(learning)] if learning else outcome_in_words(latest) if latest else []
        return {
            "learning": msgspec.to_builtins(learning),
            "ended": msgspec.to_builtins(latest),
            "words": words,
            "kept": self._everything.registrar.is_kept,
            "troubles": self._everything.registrar.troubles,
            "state": desk.change.state,
            "reason": desk.change.reason,
        }

    def _record(self, request: Record) -> Answer:
        desk = self._desk(request.sensor)
        if not 0 < request.seconds <= MAX_RECORDING_S:
            raise WordError(f"seconds: {request.seconds} is not between 0 and {MAX_RECORDING_S:g}")
        path = Path(request.path) if request.path else self._new_path(request.sensor)
        until_s = time.monotonic() + request.seconds
        self._tapes.start(request.sensor, path, until_s=until_s, latest=desk.latest)
        return {"path": str(path), "heard": desk.heard_s is not None}

    def _acknowledge(self, request: Acknowledge) -> Answer:
        desk, alert = self._open_alert(request.alert)
        kept = self._confirmed(alert, request)
        if not alert.acknowledged or request.was not in (None, alert.was):
            seen = {"acknowledged": True, "acknowledged_by": request.by or seen_by(alert), "by": request.by}
            changes = {"was": request.was or alert.was, "wall_s": time.time(), "reason": "acknowledged"}
            amended = desk.pipeline.decision.amend(alert, **seen, **changes)
            self._announcer.announce_alert(amended)
        return {**_about(alert), **kept}

    def _shelve(self, request: Shelve) -> Answer:
        desk, alert = self._open_alert(request.alert)
        seconds, now_s = seconds_of(request.duration), time.time()
        shelved = desk.pipeline.decision.shelve(
            alert, seconds=seconds, wall_s=now_s, origin=origin_now(), by=request.by
        )
        self._announcer.announce_alert(shelved)
        return {**_about(alert), "until_wall_s": now_s + seconds}

    def _unshelve(self, request: Unshelve) -> Answer:
        desk, alert = self._open_alert(request.alert)
        if alert.shelf is not None:
            changes = {"shelf": None, "by": request.by, "acknowledged_by": seen_by(alert), "wall_s": time.time()}
            self._announcer.announce_alert(desk.pipeline.decision.amend(alert, reason="unshelved", **changes))
        return _about(alert)

    def _close(self, request: Close) -> Answer:
        desk, alert = self._open_alert(request.alert)
        kept = self._confirmed(alert, request)
        if request.was is not None:
            desk.pipeline.decision.amend(alert, was=request.was)
        now = {"time_s": time.monotonic(), "wall_s": time.time()}
        self._announcer.announce(desk, desk.close("closed", alert=alert.id, by=request.by, **now))
        return {**_about(alert), **kept}

    def _confirmed(self, alert: Alert, request: Acknowledge | Close) -> Answer:
        """Keep somebody's word beside the windows of an alert: whether there are or will be any (`kept`), and which
        other word it replaces (`before`). ConfigError where the disk does not take it."""
        ring, was = self._everything.ring, request.was
        if was is None or ring is None:
            return {"kept": False, "before": None if was is None else replaced(was, alert.was)}
        word = Confirmed(was, request.by, time.time())
        before = keep_word(ring.folder, alert.id, word, published=alert.was)
        return {"kept": alert.recording is not None, "before": before}

    def _open_alert(self, wanted: str) -> tuple[SensorDesk, Alert]:
        """The open alert of an id, of the beginning of one, or of sensor/bearing."""
        desks = self._everything.desks.values()
        alert = the_alert(wanted, [alert for desk in desks for alert in desk.pipeline.decision.open_alerts])
        return self._desk(alert.sensor), alert

    def _desk(self, sensor: str) -> SensorDesk:
        desks = self._everything.desks
        if sensor not in desks:
            raise WordError(f"there is no sensor {sensor!r}; known: {', '.join(sorted(desks))}")
        return desks[sensor]

    def _new_path(self, sensor: str) -> Path:
        """Of a recording in the state directory."""
        stamp = time.strftime("%Y%m%d-%H%M%S")
        folder = Path(self._everything.parts.config.agent.state_dir) / "recordings"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{folder}: cannot be made ({error.strerror}); give --out FILE") from error
        return folder / f"{sensor}-{stamp}.vbp"


def the_alert(wanted: str, alerts: Sequence[Alert]) -> Alert:
    """Of open alerts the one of an id, of the beginning of one, or of sensor/bearing; else WordError."""
    fitting = [alert for alert in alerts if wanted and (alert.id.startswith(wanted) or place_of(alert) == wanted)]
    if len(fitting) == 1:
        return fitting[0]
    known = ", ".join(f"{alert.id} ({place_of(alert)})" for alert in alerts) or "none"
    raise WordError(f"alert: {wanted!r} is {'more than one' if fitting else 'not an open alert'}; open: {known}")


def _about(alert: Alert) -> Answer:
    return {"alert": alert.id, "sensor": alert.sensor, "bearing": alert.bearing}
