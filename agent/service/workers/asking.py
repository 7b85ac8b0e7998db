"""Requests to several workers: each finds the one that it is about, and what concerns all is put together."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import msgspec

from agent.errors import TextVibError, WordError
from agent.service.alert_requests import Acknowledge, Close, Shelve, Unshelve
from agent.service.answers import the_alert
from agent.service.control import Answer, Status
from agent.service.house import House
from agent.service.registry import Registry
from agent.service.requests import Found, RollBack, SaveAgain, TakeFigures
from agent.service.share import Share
from agent.service.worker import ToWorker
from agent.service.workers.crew import Crew
from agent.service.workers.member import Member
from agent.service.workers.spoken import Asked
from agent.types import State, StateChange

PATIENCE_S = 2.0
"""For what all are asked."""


class Asking:
    """`ask` may be called from any thread."""

    def __init__(self, crew: Crew, *, house: House, registry: Registry) -> None:
        self._crew, self._house, self._registry = crew, house, registry

    def ask(self, request: ToWorker) -> Future[Answer]:
        """Leave a request for whoever hears what it is about."""
        answer: Future[Answer] = Future()

        def route() -> None:
            try:
                self._route(request, answer)
            except TextVibError as error:
                answer.set_exception(error)

        def refused(done: Future[Any]) -> None:
            if (error := done.exception()) is not None:
                answer.set_exception(error)

        self._crew.errands.leave(route).add_done_callback(refused)
        return answer

    # ----------------------------------------------------------------------------------------- on the crew's own thread

    def _route(self, request: Any, answer: Future[Answer]) -> None:
        match request:
            case Status():
                self._gather(request, answer, lambda given: self._status(request, given))
            case TakeFigures():
                self._gather(request, answer, self._figures)
            case SaveAgain() | Found() | RollBack():
                self._tell_all(request, answer)
            case Acknowledge() | Shelve() | Unshelve() | Close():
                alert = the_alert(request.alert, self._registry.bulletin.open_alerts)
                exact = msgspec.structs.replace(request, alert=alert.id)
                self._hand(self._member_of(alert.sensor), exact, answer)
            case _:
                self._hand(self._member_of(request.sensor), request, answer)

    def _member_of(self, sensor: str) -> Member:
        owners = self._crew.owners
        if sensor not in owners:
            raise WordError(f"there is no sensor {sensor!r}; known: {', '.join(sorted(owners))}")
        return owners[sensor]

    def _hand(self, member: Member, request: Any, answer: Future[Answer]) -> None:
        def said(given: Future[Answer]) -> None:
            if (error := given.exception()) is not None:
                answer.set_exception(error)
            else:
                answer.set_result(self._amended(request, given.result()))

        member.ask(lambda number: Asked(number, request)).add_done_callback(said)

    def _amended(self, request: Any, answer: Answer) -> Answer:
        """Whether what was learnt is kept is known here alone; which windows are, the worker knows."""
        if isinstance(request, Acknowledge | Close):
            return answer
        return {**answer, "kept": self._house.store.is_kept} if isinstance(answer.get("kept"), bool) else answer

    def _tell_all(self, request: Any, answer: Future[Answer]) -> None:
        for member in self._crew.members:
            member.ask(lambda number: Asked(number, request))
        answer.set_result({})

    def _gather(self, request: Any, answer: Future[Answer], compose: Callable[[dict[int, Answer]], Answer]) -> None:
        """Ask all, and wait for none for long: one that is started anew, or hangs, has nothing to say."""
        given: dict[int, Answer] = {}
        waiting = {member.number for member in self._crew.members}

        def finish() -> None:
            if not answer.done():
                answer.set_result(compose(given))

        def said(number: int, one: Future[Answer]) -> None:
            waiting.discard(number)
            if one.exception() is None and not answer.done():
                given[number] = one.result()
            if not waiting:
                finish()

        for member in self._crew.members:
            asked = member.ask(lambda number: Asked(number, request))
            asked.add_done_callback(lambda one, number=member.number: said(number, one))  # type: ignore[misc]
        if waiting:
            self._crew.later(PATIENCE_S, finish)

    def _take(self, shares: dict[int, Any]) -> None:
        for member in self._crew.members:
            if member.number in shares:
                member.share = msgspec.convert(shares[member.number], Share)

    def _status(self, request: Status, given: dict[int, Answer]) -> Answer:
        self._take({number: answer["health"] for number, answer in given.items()})
        language = request.language or self._house.parts.config.agent.language
        whole: Answer = {"health": msgspec.to_builtins(self._crew.health(language)), "language": language}
        for key in {key for answer in given.values() for key in answer} - whole.keys():
            whole[key] = {name: value for answer in given.values() for name, value in answer[key].items()}
        lost = set(whole["health"]["sensors"]) - set(whole.setdefault("states", {}))
        speaker = replace(self._house.parts.speaker, language=language)
        for sensor in lost:  # whose worker is gone
            whole["states"][sensor] = msgspec.to_builtins(speaker.state(said_lost(sensor), last=None, losses=None))
        return {"to_learn": {}, "learning": {}, "healthy": {}, "alerts": {}, "kept": {}, **whole}

    def _figures(self, given: dict[int, Answer]) -> Answer:
        self._take({number: answer["share"] for number, answer in given.items()})
        return {"shares": self._crew.shares}


def said_lost(sensor: str) -> StateChange:
    """Of a sensor whose worker is gone for long."""
    return StateChange(sensor, State.LOST, "starting", time.monotonic(), time.time())
