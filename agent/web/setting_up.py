"""Sensors added from a browser: the questions of `setup`, the same check, the same writer, then a reload of the agent.

The browser names no path: what may be watched was found here, what is written is the one config that the page was
started for. What it answers is asked through again each time, so nothing that a question refuses gets in.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.errors import ConfigError, TextVibError
from agent.messages.notices import in_language
from agent.messages.words import Language, say
from agent.service.control import Reload, Reloading
from agent.setup.asking import Asked, answered, next_asked, remarks_on
from agent.setup.beginning import added_to, begun
from agent.setup.found import Found, in_words
from agent.setup.interview import Interview
from agent.setup.joining import UnjoinableError
from agent.setup.searching import broker_of, heard_on_broker, heard_on_port, most_useful_first, ports_here, unused
from agent.setup.wording import default_of, labels_of, next_steps
from agent.setup.writing import draft_of, take_back, text_of, verdict_of, write
from agent.transport.broker import Broker
from agent.web.asking import Agent
from agent.web.languages import language_of
from agent.web.requests import TooMuchError, body_of

MOST_BYTES = 64 << 10
POLL_S = 0.25
RELOAD_S = 60.0

Body = TypeVar("Body", bound=msgspec.Struct)
Do: TypeAlias = Callable[[Body, Language], dict[str, Any]]
Then: TypeAlias = Callable[[dict[str, Any], Language], Awaitable[dict[str, Any]]]


class Search(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to listen beside the serial ports; "" is the broker of the config, or of this computer."""

    broker: str = ""
    username: str = ""
    password: str = ""


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Key and text of each answer, in the order in which they were given."""

    answers: tuple[tuple[str, str], ...] = ()


class SettingUp:
    """One setup at a time; what was found is kept for its questions."""

    def __init__(self, path: Path, agent: Agent, *, listen_s: float) -> None:
        self._path = path
        self._agent = agent
        self._listen_s = listen_s
        self._turn = asyncio.Lock()
        self._secrets = tempfile.TemporaryDirectory(prefix="textvib-setup-")
        self._found: tuple[Found, ...] = ()
        self._broker: Broker | None = None

    def close(self) -> None:
        """Forget the passwords that were told."""
        self._secrets.cleanup()

    async def search(self, request: Request) -> Response:
        """Listen to ports and to a broker; what was found, and what cannot be used."""
        return await self._answer(request, Search, self._searched)

    async def ask(self, request: Request) -> Response:
        """The next question behind these answers, or what would be written."""
        return await self._answer(request, Answers, self._asked)

    async def write(self, request: Request) -> Response:
        """Write what these answers come to, and have the agent take it over."""
        return await self._answer(request, Answers, self._written, self._taken_over)

    async def _answer(self, request: Request, kind: type[Body], answer: Do[Body], then: Then | None = None) -> Response:
        """What `answer` makes of the body in a thread, and `then` of that; one at a time."""
        language = language_of(request)
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return JSONResponse({"error": "application/json"}, 415)
        try:
            told = msgspec.json.decode(await body_of(request, most_bytes=MOST_BYTES), type=kind)
            async with self._turn:
                done = await run_in_threadpool(answer, told, language)
                return JSONResponse(done if then is None else await then(done, language))
        except TooMuchError:
            return JSONResponse({"error": f"{MOST_BYTES} bytes"}, 413)
        except (msgspec.MsgspecError, RecursionError) as error:
            return JSONResponse({"error": str(error)}, 400)
        except TextVibError as error:
            return JSONResponse({"error": in_language(str(error), language)}, 409)

    # ------------------------------------------------------------------------------------------------ in a thread

    def _begun(self, language: Language) -> tuple[Interview, str | None]:
        before = text_of(self._path)
        existing = {} if before is None else added_to(before, self._path, language)
        interview = begun(self._path, existing, language=language, secrets=Path(self._secrets.name))
        return replace(interview, found=self._found, broker=self._broker), before

    def _searched(self, wanted: Search, language: Language) -> dict[str, Any]:
        interview, _ = self._begun(language)
        ports = unused(ports_here(), interview.existing)
        found = [heard_on_port(port, seconds=self._listen_s) for port in ports]
        broker = broker_of(wanted.broker, interview, user=(wanted.username, wanted.password))
        trouble = None
        if broker is not None:
            try:
                found += heard_on_broker(broker, interview.existing, seconds=self._listen_s)
            except TextVibError as error:
                trouble = in_language(str(error), language)
        self._found, self._broker = most_useful_first(found), broker
        told = [{"what": one.what, "is": in_words(one, language), "carries": one.carries} for one in self._found]
        return {"found": told, "broker": None if broker is None else broker.address, "trouble": trouble}

    def _asked(self, told: Answers, language: Language) -> dict[str, Any]:
        interview, before = self._begun(language)
        interview, last, problem = _replayed(interview, told)
        asked = next_asked(interview)
        if asked is None:
            return {"draft": self._drafted(interview, before, language)}
        remarks = [] if last is None or problem is not None else remarks_on(interview, last)
        return {"question": _in_words(asked, language), "problem": problem, "remarks": list(remarks)}

    def _drafted(self, interview: Interview, before: str | None, language: Language) -> dict[str, Any]:
        draft = draft_of(interview, self._path, before)
        verdict = verdict_of(draft, interview.folder, language)
        told = "setup.shown" if before is None else "setup.added"
        heading = say(told, language, path=self._path)
        return {
            "heading": heading,
            "text": draft.added,
            "verdict": list(verdict.lines),
            "good": verdict.parts is not None,
        }

    def _written(self, told: Answers, language: Language) -> dict[str, Any]:
        interview, before = self._begun(language)
        interview, _, problem = _replayed(interview, told)
        if problem is not None or next_asked(interview) is not None:
            raise ConfigError(problem or say("setup.must_be_answered", language))
        try:
            self._draft = draft = draft_of(interview, self._path, before)
        except UnjoinableError as error:
            command = f"textvib-agent check {self._path}"
            return {"by_hand": error.text, "told": [say("setup.by_hand", language, path=self._path, command=command)]}
        verdict = verdict_of(draft, interview.folder, language)
        if verdict.parts is None:
            raise ConfigError(*verdict.lines)
        try:
            write(draft, self._path)
        except OSError as error:
            why = error.strerror or str(error)
            return {"by_hand": draft.added, "told": [say("setup.not_by_page", language, path=self._path, why=why)]}
        steps = next_steps(self._path, draft.sensors, is_new=before is None, language=language)
        return {"told": steps, "is_new": before is None}

    # ------------------------------------------------------------------------------------------------- the agent

    async def _taken_over(self, told: dict[str, Any], language: Language) -> dict[str, Any]:
        """What became of it; an agent that refuses it has the config back as it was."""
        if "by_hand" in told or told.pop("is_new"):
            return told
        try:
            ended = await self._reloaded()
        except TextVibError:
            return told  # no agent runs: the steps say how it is started
        if ended["problems"]:
            await run_in_threadpool(take_back, self._draft, self._path)
            lines = [in_language(str(one), language) for one in ended["problems"]]
            return {"error": " ".join([say("setup.taken_back", language), *lines])}
        words = [told["told"][0], say("setup.taken_over", language)]
        return {"told": words, "reloaded": True, "sensors": list(self._draft.sensors)}

    async def _reloaded(self) -> dict[str, Any]:
        number = (await self._agent.ask(Reload()))["number"]
        async with asyncio.timeout(RELOAD_S):
            while (ended := (await self._agent.ask(Reloading(number)))["ended"]) is None:
                await asyncio.sleep(POLL_S)
        return dict(ended)


def _replayed(interview: Interview, told: Answers) -> tuple[Interview, Asked | None, str | None]:
    """The interview behind these answers, the last question that was answered, and what is wrong with the first that is
    not taken; those behind it are not looked at."""
    last = None
    for key, text in told.answers:
        asked = next_asked(interview)
        if asked is None or asked.name != key:
            continue  # it is not asked any more
        interview, problem = answered(interview, asked, text)
        if problem is not None:
            return interview, last, problem
        last = asked
    return interview, last, None


def _in_words(asked: Asked, language: Language) -> dict[str, Any]:
    key = asked.question.key
    return {
        "name": asked.name,
        "kind": asked.question.kind,
        "text": say(f"setup.{key}", language),
        "why": say(f"setup.{key}_why", language),
        "choices": labels_of(asked),
        "default": default_of(asked),
    }
