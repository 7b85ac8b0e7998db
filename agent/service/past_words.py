"""What somebody says that an alert was which is over: kept beside its windows, noted in its history, and published.

No sensor knows of such an alert any more, so whoever hears refuses the request, and it is dealt with here. A word that
was kept while no agent ran (`acknowledge --was` keeps it alone) is published at the next start.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from agent.errors import ConfigError, TextVibError
from agent.messages.payloads import encode
from agent.ports import Message
from agent.service.alert_requests import Acknowledge, Close, Shelve, Unshelve
from agent.service.control import Answer, Asked
from agent.service.house import House
from agent.service.looking_back.alert_found import find_alert, why_not_open
from agent.service.looking_back.bundles import bundle_for
from agent.service.looking_back.past import Past, published_word
from agent.service.looking_back.past_speaker import speaker_of
from agent.service.outboxes import Outboxes
from agent.service.wall_clock import clock_now
from agent.service.watching.confirmed import Confirmed, confirmed_in, keep_word, over_with_windows, replaced
from agent.service.watching.events import log_alert
from agent.service.watching.ring_folder import FOLDER, kept_of

Judgement: TypeAlias = Acknowledge | Close
"""What may say what an alert was."""
OfAnAlert: TypeAlias = Judgement | Shelve | Unshelve

log = logging.getLogger(__name__)


class PastWords:
    """`ask` may be called from any thread; `begin` and `turn` by the one that keeps and tells."""

    def __init__(
        self,
        house: House,
        *,
        outboxes: Outboxes,
        ask: Callable[[Asked], Future[Answer]],
        wake: Callable[[], None],
    ) -> None:
        """`ask` leaves a request for whoever hears sensors; `wake` has `turn` called soon."""
        self._house, self._outboxes = house, outboxes
        self._ask, self._wake = ask, wake
        self._refused: queue.SimpleQueue[tuple[OfAnAlert, ConfigError, Future[Answer]]] = queue.SimpleQueue()

    def ask(self, request: Asked) -> Future[Answer]:
        """Leave a request; one that says what an alert was is answered for alerts that are over, too, and all else that
        is asked of one that is over is refused for that."""
        asked = self._ask(request)
        if not isinstance(request, OfAnAlert):
            return asked
        about, answer = request, Future[Answer]()

        def given(done: Future[Answer]) -> None:
            match done.exception():
                case None:
                    answer.set_result(done.result())
                case ConfigError() as error:
                    self._refused.put((about, error, answer))
                    self._wake()
                case error:
                    answer.set_exception(error)

        asked.add_done_callback(given)
        return answer

    def begin(self) -> None:
        """At the start: words that no agent has heard of."""
        for alert, word in confirmed_in(self._folder).items():
            if not word.is_told:
                self.ask(Acknowledge(alert, word.by, word.was)).add_done_callback(_noted)

    def turn(self) -> None:
        """Deal with what was refused."""
        while not self._refused.empty():
            request, error, answer = self._refused.get()
            try:
                answer.set_result(self._said(request, error))
            except TextVibError as refusal:
                answer.set_exception(refusal)

    @property
    def _state_dir(self) -> Path:
        return Path(self._house.parts.config.agent.state_dir)

    @property
    def _folder(self) -> Path:
        return self._state_dir / FOLDER

    def _said(self, request: OfAnAlert, error: ConfigError) -> Answer:
        """The answer; `error`, or that of the search, where it is about no alert of the past."""
        if not isinstance(request, Judgement) or request.was is None:
            raise why_not_open(self._state_dir, request.alert) or error
        try:
            past = find_alert(self._state_dir, request.alert)
        except ConfigError:
            if (alert := over_with_windows(self._folder, request.alert)) is None:
                raise
            return _answer(alert, self._kept(alert, request, published=None))
        if not past.closed:
            raise error
        return self._judged(past, request)

    def _judged(self, past: Past, request: Judgement) -> Answer:
        published = published_word(past)
        kept = self._kept(past.last.id, request, published=published)
        if request.was != published:
            self._publish(past, request)
        return {**_answer(past.last.id, kept), "sensor": past.last.sensor, "bearing": past.last.bearing}

    def _publish(self, past: Past, request: Judgement) -> None:
        """An event as that which ended it, so that whoever follows events has it closed as before; nothing retained."""
        parts, store = self._house.parts, self._house.store
        seq, clock = store.numbers.next_seq(), clock_now()
        alert = replace(
            past.last,
            event="cleared",
            reason="judged",
            was=request.was,
            by=request.by,
            wall_s=time.time(),
            shelf=None,
            clock=past.last.clock if clock == "synchronised" else clock,
        )
        bundle = bundle_for(self._state_dir, past.whence.bundle_sha256)
        payload = encode(speaker_of(past, bundle, parts.speaker.language).alert(alert, seq=seq))
        event = Message(parts.topics.event, payload, qos=1, kind="event", seq=seq, alert=alert.id)
        store.alerts.commit_event(event, sinks=self._outboxes.names)
        if self._house.history is not None:
            self._house.history.note(alert, event)
        log_alert(alert)
        self._outboxes.put(event)

    def _kept(self, alert: str, request: Judgement, *, published: str | None) -> Answer:
        """The word beside the windows, where they are; what it replaces."""
        word = Confirmed(str(request.was), request.by, time.time())
        if not kept_of(self._folder, {alert}):
            return {"kept": False, "before": replaced(word.was, published)}
        return {"kept": True, "before": keep_word(self._folder, alert, word, published=published)}


def _answer(alert: str, kept: Answer) -> Answer:
    return {"alert": alert, "over": True, **kept}


def _noted(done: Future[Answer]) -> None:
    """What could not be published is tried again at the next start."""
    if error := done.exception():
        log.warning("a word that was kept while no agent ran is not published: %s", error)
