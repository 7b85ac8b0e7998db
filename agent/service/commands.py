"""Requests on their way to who answers them: over the control socket with a deadline, or over sinks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future

import msgspec

from agent.errors import TextVibError, TransportError
from agent.messages.notices import in_language
from agent.messages.words import Language
from agent.ports import Message
from agent.service.alert_requests import remote_request
from agent.service.control import Answer, Asked
from agent.service.outboxes import Outboxes

ANSWER_S = 10.0
MOST_COMMANDS = 50  # over sinks, that wait for an answer

log = logging.getLogger(__name__)


class Commands:
    """May be called from any thread."""

    def __init__(
        self,
        ask: Callable[[Asked], Future[Answer]],
        *,
        outboxes: Outboxes,
        topic: str,
        language: Callable[[], Language] = lambda: "en",
    ) -> None:
        """`ask` leaves a request; `topic` is that of answers to who asked over a sink, `language` that of refusals
        there."""
        self._ask = ask
        self._language = language
        self._outboxes = outboxes
        self._topic = topic
        self._waiting = 0

    def handle(self, request: Asked) -> Answer:
        """Have a request answered; TransportError where it is not in time."""
        answer = self._ask(request)
        try:
            return answer.result(timeout=ANSWER_S)
        except TimeoutError:
            raise TransportError("the agent is too busy to answer; try again") from None

    def command(self, payload: bytes, done: Callable[[], object]) -> None:
        """Be asked over a sink; the answer goes to every sink, and then `done` is called."""
        try:
            if self._waiting >= MOST_COMMANDS:
                raise TransportError("too many commands wait; try again")
            answer = self._ask(remote_request(payload))
        except TextVibError as error:
            self._say(payload, self._refusal(error))
            done()
            return
        self._waiting += 1

        def said(given: Future[Answer]) -> None:
            self._waiting -= 1
            error = given.exception()
            self._say(payload, self._refusal(error) if error else {"ok": True, **given.result()})
            done()

        answer.add_done_callback(said)

    def _refusal(self, error: BaseException) -> Answer:
        lines = (in_language(line, self._language()) for line in str(error).splitlines())
        return {"ok": False, "error": "\n".join(lines)}

    def _say(self, command: bytes, answer: Answer) -> None:
        log.info("command %.200r: %s", command, "done" if answer["ok"] else answer["error"])
        self._outboxes.put(Message(self._topic, msgspec.json.encode(answer), kind="answer"))
