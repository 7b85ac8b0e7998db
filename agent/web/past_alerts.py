"""Alerts that have ended, as the page lists them, and the report of any alert, out of what is kept."""

from __future__ import annotations

import asyncio
import time
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from agent.bundle.load import Bundle
from agent.errors import ConfigError, TextVibError
from agent.messages.notices import in_language
from agent.messages.payloads import encode
from agent.messages.words import Language
from agent.report.page import POLICY
from agent.service.control import Answer
from agent.service.looking_back.alert_report import changes_in_words, found_to_be, report_of
from agent.service.looking_back.bundles import bundle_for
from agent.service.looking_back.history_file import past_alerts
from agent.service.looking_back.past import Past, published_word
from agent.service.looking_back.past_speaker import speaker_of
from agent.service.watching.confirmed import Confirmed, confirmed_in, keep_word
from agent.service.watching.ring_folder import FOLDER, kept_of
from agent.web.languages import language_of
from agent.web.requests import Judgement

AT_ONCE = 10
MOST_ID = 64
LAST = (1 << 63) - 1
SHOWN_ALONE = f"{POLICY}; frame-ancestors 'none'; sandbox"
"""The policy of a report: its own style, no script, no form, and nothing of the page's (an origin of its own)."""


class PastAlerts:
    """Answers requests; one report is made at a time."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir
        self._alone = asyncio.Lock()

    async def listed(self, request: Request) -> Response:
        """Some alerts that have ended, the latest first, of all sensors or one, before an event of some number."""
        sensor, before = request.query_params.get("sensor", "")[:MOST_ID], request.query_params.get("before", "")
        if before and not (before.isdecimal() and int(before) <= LAST):
            return JSONResponse({"error": "before"}, 400)
        language = language_of(request)
        told = partial(_listed, self._state_dir, sensor or None, int(before) if before else None, language)
        try:
            content = await run_in_threadpool(told)
        except TextVibError as error:
            return JSONResponse({"error": in_language(str(error), language)}, 409)
        return Response(msgspec.json.encode(content), media_type="application/json")

    def keep_word(self, said: Judgement) -> Answer | None:
        """Keep what an alert that has ended was, beside its windows, for the agent to publish once it runs; None where
        it is none, or there are none. As `textvib-agent acknowledge` does."""
        folder = self._state_dir / FOLDER
        try:
            past = found(self._state_dir, said.alert)
            if said.was is None or past is None or not past.closed or not kept_of(folder, {past.last.id}):
                return None
            word = Confirmed(said.was, said.by, time.time(), is_told=False)
            return {"before": keep_word(folder, past.last.id, word, published=published_word(past))}
        except (OSError, TextVibError):
            return None

    async def report(self, request: Request) -> Response:
        """The report of an alert, open or ended, as `textvib-agent report` writes it."""
        alert, language = request.path_params["alert"], language_of(request)
        try:
            async with self._alone:
                page = await run_in_threadpool(_report, self._state_dir, alert, language)
        except ConfigError as error:
            return PlainTextResponse(f"{in_language(str(error), language)}\n", 409)
        if page is None:
            return PlainTextResponse("not kept\n", 404)
        headers = {
            "Content-Security-Policy": SHOWN_ALONE,
            "Content-Disposition": f'inline; filename="alert-{alert}.html"',
        }
        return Response(page, 200, headers, "text/html; charset=utf-8")


def bundle_of(state_dir: Path, past: Past) -> Bundle:
    """That which an alert is told with."""
    return _bundle(state_dir, past.whence.bundle_sha256)


@lru_cache(maxsize=2)
def _bundle(state_dir: Path, sha256: str) -> Bundle:
    return bundle_for(state_dir, sha256)


def found(state_dir: Path, alert: str) -> Past | None:
    """The alert of an id, whole."""
    fitting = past_alerts(state_dir, beginning=alert[:MOST_ID]) if alert else []
    return next((past for past in fitting if past.last.id == alert), None)


def _report(state_dir: Path, alert: str, language: Language) -> bytes | None:
    past = found(state_dir, alert)
    if past is None:
        return None
    return report_of(past, state_dir, bundle=bundle_of(state_dir, past), language=language).encode()


def _listed(state_dir: Path, sensor: str | None, before: int | None, language: Language) -> dict[str, Any]:
    alerts = past_alerts(state_dir, sensor=sensor, closed=True, before=before, most=AT_ONCE + 1)
    shown = alerts[:AT_ONCE]
    kept = kept_of(state_dir / FOLDER, {past.last.id for past in shown})
    words = confirmed_in(state_dir / FOLDER) if shown else {}
    bundles = [bundle_of(state_dir, past) for past in shown]
    told = [
        _told(past, bundle, language, kept=past.last.id in kept) | {"was": found_to_be(past, words)}
        for past, bundle in zip(shown, bundles, strict=True)
    ]
    return {
        "alerts": told,
        "titles": _titles(bundles[0], language) if bundles else {},
        "before": shown[-1].seq if len(alerts) > AT_ONCE else None,
    }


def _titles(bundle: Bundle, language: Language) -> dict[str, str]:
    """What the faults of a bundle are called."""
    return {fault: bundle.descriptions.texts[fault][language].title for fault in bundle.descriptions.faults}


def _told(past: Past, bundle: Bundle, language: Language, *, kept: bool) -> dict[str, Any]:
    """The payload of an alert as it was last, in the words of who looks, and what became of it."""
    speaker = speaker_of(past, bundle, language)
    events = [
        {"time": one.wall_s, "what": what, "by": one.by}
        for one, what in zip(past.events, changes_in_words(past, bundle.descriptions, language), strict=True)
    ]
    payload: dict[str, Any] = msgspec.json.decode(encode(speaker.alert(past.last)))
    return {**payload, "kept": kept, "events": events, "closed": None if past.end is None else past.end.wall_s}
