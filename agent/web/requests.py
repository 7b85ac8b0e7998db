"""What a browser may ask for that changes something: alerts, commissioning, sinks, each a short JSON object."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from agent.errors import ConfigError, TransportError
from agent.messages.finding_text import no_name_in_words, own_name_in_words
from agent.messages.notices import in_language
from agent.messages.words import Language
from agent.service.alert_requests import Acknowledge, Close, Remote
from agent.service.control import Answer, Cancel, Commission, Retry
from agent.web.asking import Agent
from agent.web.languages import language_of

MOST_BYTES = 4 << 10
BODY_S = 5.0
MOST_SHOWN = 60  # letters of a name that is none

Wish: TypeAlias = Remote | Commission | Cancel | Retry
Judgement: TypeAlias = Acknowledge | Close
"""What may say what an alert was."""
_WISHES = msgspec.json.Decoder(Wish)


class TooMuchError(Exception):
    """A body that is larger, or slower, than any of ours."""


async def body_of(request: Request, *, most_bytes: int = MOST_BYTES) -> bytes:
    """The body of a request, as far as it is one that a page of ours sends; TooMuchError otherwise."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most_bytes:
                    raise TooMuchError
    except TimeoutError:
        raise TooMuchError from None
    return bytes(body)


async def wish(
    request: Request, agent: Agent, done: Callable[[], None], keep_word: Callable[[Judgement], bool]
) -> Response:
    """Hand a wish on to the agent, and its answer back; `done` is called where something was changed.

    What an alert of the past was is for nobody but `keep_word` to keep: the agent knows it no more.
    """
    language = language_of(request)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return JSONResponse({"error": "application/json"}, 415)
    body = b""
    try:
        body = await body_of(request)
        wanted = _WISHES.decode(body)
        answer = await _answer(agent, wanted, keep_word)
    except TooMuchError:
        return JSONResponse({"error": f"{MOST_BYTES} bytes"}, 413)
    except (msgspec.MsgspecError, RecursionError) as error:
        return JSONResponse({"error": _told(error, body, language)}, 400)
    except ConfigError as error:
        return JSONResponse({"error": in_language(str(error), language)}, 409)
    except TransportError as error:
        return JSONResponse({"error": in_language(str(error), language)}, 503)
    done()
    remarks = [in_language(str(one), language) for one in answer.get("remarks", ())]
    if isinstance(wanted, Judgement) and wanted.was is not None and (own := own_name_in_words(wanted.was, language)):
        remarks.append(own)
    return JSONResponse({"ok": True, "remarks": remarks})


async def _answer(agent: Agent, wanted: Wish, keep_word: Callable[[Judgement], bool]) -> Answer:
    try:
        return await agent.ask(wanted)
    except (ConfigError, TransportError):
        if isinstance(wanted, Judgement) and await run_in_threadpool(keep_word, wanted):
            return {}
        raise


def _told(error: Exception, body: bytes, language: Language) -> str:
    """What is wrong with a wish; a name that is none is what people write, all else what programs do."""
    if not str(error).endswith("`$.was`"):
        return str(error)
    return no_name_in_words(str(msgspec.json.decode(body)["was"])[:MOST_SHOWN], language)
