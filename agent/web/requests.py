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
from agent.messages.finding_text import own_name_in_words
from agent.messages.notices import in_language
from agent.service.alert_requests import Acknowledge, Close, Remote
from agent.service.control import Answer, Cancel, Commission, Retry
from agent.web.asking import Agent
from agent.web.languages import language_of

MOST_BYTES = 4 << 10
BODY_S = 5.0

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
    request: Request, agent: Agent, done: Callable[[], None], keep_word: Callable[[Judgement], Answer | None]
) -> Response:
    """Hand a wish on to the agent, and its answer back; `done` is called where something was changed.

    What an alert of the past was is kept by `keep_word` where no agent answers.
    """
    language = language_of(request)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return JSONResponse({"error": "application/json"}, 415)
    try:
        wanted = _WISHES.decode(await body_of(request))
        answer = await _answer(agent, wanted, keep_word)
    except TooMuchError:
        return JSONResponse({"error": f"{MOST_BYTES} bytes"}, 413)
    except (msgspec.MsgspecError, RecursionError) as error:
        return JSONResponse({"error": str(error)}, 400)
    except ConfigError as error:
        return JSONResponse({"error": in_language(str(error), language)}, 409)
    except TransportError as error:
        return JSONResponse({"error": in_language(str(error), language)}, 503)
    done()
    remarks = [in_language(str(one), language) for one in answer.get("remarks", ())]
    if isinstance(wanted, Judgement) and wanted.was is not None and (own := own_name_in_words(wanted.was, language)):
        remarks.append(own)
    return JSONResponse({"ok": True, "remarks": remarks, "before": answer.get("before")})


async def _answer(agent: Agent, wanted: Wish, keep_word: Callable[[Judgement], Answer | None]) -> Answer:
    try:
        return await agent.ask(wanted)
    except TransportError:
        if isinstance(wanted, Judgement) and (kept := await run_in_threadpool(keep_word, wanted)) is not None:
            return kept
        raise
