"""The half that keeps and tells, in the process that has the store: for all sensors at once, whoever hears them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from agent.messages.payloads import HealthPayload, encode
from agent.messages.words import Language
from agent.pipeline import FORGOTTEN_AFTER_S
from agent.ports import Message
from agent.service.assembly import Parts
from agent.service.bulletin import Bulletin
from agent.service.keeping.sensor_rows import row_of
from agent.service.keeping.sensor_state import WHOLE, SensorState
from agent.service.keeping.store import Store
from agent.service.looking_back.history import Unkept
from agent.service.outboxes import Outboxes
from agent.service.registrar import Interrupted, Known, Learnt, by_bearing
from agent.service.share import Share
from agent.service.watching.tally import Tally
from agent.types import Alert


class Registry:
    """Keeps the `Registrar` protocol; called by one thread."""

    def __init__(
        self,
        parts: Parts,
        *,
        store: Store,
        outboxes: Outboxes,
        history: Unkept | None = None,
        tally: Tally | None = None,
        health: Callable[[Share, Language | None], HealthPayload] | None = None,
    ) -> None:
        """`health`: the whole document, of what one process hears, in a language or the agent's own."""
        told = history or Unkept()
        self.bulletin = Bulletin(parts, store=store, outboxes=outboxes, history=told, tally=tally)
        self._topic = parts.topics.health
        self._store = store
        self._outboxes = outboxes
        self._health = health

    # ---------------------------------------------------------------------------------------------- what is kept

    @property
    def boot(self) -> int:
        return self._store.numbers.boot

    @property
    def is_kept(self) -> bool:
        return self._store.is_kept

    @property
    def troubles(self) -> tuple[str, ...]:
        return self._store.troubles

    def known(self, sensor: str, *, features: str) -> Known:
        store = self._store
        return Known(
            baselines=_named(store.learnt.baselines(sensor, features=features)),
            aside=_named(store.learnt.aside(sensor, features=features)),
            row=store.sensors.load(sensor),
            alerts=tuple(one.alert for one in store.alerts.open() if one.alert.sensor == sensor),
            seq=store.numbers.seq,
        )

    def under_way(self, sensor: str, *, features: str) -> Interrupted | None:
        found = self._store.learnt.under_way(sensor, features=features, max_age_s=FORGOTTEN_AFTER_S)
        return None if found is None else Interrupted(found[0], tuple(found[1]))

    def learn(self, learnt: Learnt) -> bool:
        store, sensor = self._store, learnt.row.sensor
        store.numbers.rise_above(learnt.seq)
        said = [self.bulletin.prepared(alert) for alert in learnt.alerts]
        is_kept = store.learnt.save(
            sensor,
            by_bearing(learnt.baselines),
            features=learnt.row.features,
            aside=by_bearing(learnt.aside),
            ended=said,
            under_way=learnt.begun,
            state=row_of(learnt.row),
        )
        if learnt.lessons:
            store.learnt.add_lessons(sensor, learnt.lessons)
        for one in said:
            self.bulletin.say(one)
        return is_kept

    def add_lessons(self, sensor: str, lessons: Sequence[bytes]) -> None:
        self._store.learnt.add_lessons(sensor, lessons)

    def give_up(self, sensor: str) -> None:
        self._store.learnt.give_up(sensor)

    def save_rows(self, rows: Sequence[SensorState]) -> None:
        self._store.sensors.save(rows)

    def notice(self, text: str) -> None:
        self._store.transactions.notice(text)

    def unsay(self, sensor: str) -> None:
        self._store.transactions.unsay(sensor)

    # ---------------------------------------------------------------------------------------------- what is said

    def put(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._outboxes.put(message)

    def health(self, share: Share, *, language: Language) -> HealthPayload | Share:
        return share if self._health is None else self._health(share, language)

    def say_health(self, share: Share) -> None:
        if self._health is not None:
            self.announce_health(self._health(share, None))

    def announce_health(self, report: HealthPayload) -> None:
        self._outboxes.put(Message(self._topic, encode(report), retain=True, kind="health"))

    def say_alert(self, alert: Alert) -> None:
        self.bulletin.say_alert(alert)

    def say_silence(self, machine: str, *, silent_s: float, over: bool) -> None:
        self.bulletin.say_silence(machine, silent_s=silent_s, over=over)


def _named(stored: Mapping[str | None, bytes]) -> dict[str, bytes]:
    return {bearing or WHOLE: value for bearing, value in stored.items()}
