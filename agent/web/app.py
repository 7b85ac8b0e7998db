"""The routes of the page, and what each answers."""

from __future__ import annotations

import gzip
import hashlib
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from urllib.parse import parse_qs

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from agent.dsp.spectra import FeatureSpec
from agent.errors import ConfigError, RecordingError, TextVibError
from agent.messages.words import LANGUAGES, Language, as_language, table
from agent.recordings.kept import SetupRow
from agent.service.control import Look
from agent.web.asking import Agent
from agent.web.guard import LOOPBACK, Guard
from agent.web.kept_windows import Windows
from agent.web.languages import COOKIE as LANGUAGE_COOKIE
from agent.web.languages import language_of
from agent.web.live import Live
from agent.web.past_alerts import PastAlerts, bundle_of, found
from agent.web.requests import TooMuchError, body_of, wish
from agent.web.sessions import COOKIE, Sessions
from agent.web.setting_up import SettingUp
from agent.web.settings import Settings
from agent.web.shell import View, login, shell
from agent.web.static_files import File, sent, static_file
from agent.web.trends import trends_of

YEAR_S = 365 * 86400
NOTHING_NEW = 1 << 62
"""After this number of a window nothing is answered but what does not change."""


def app_of(settings: Settings, agent: Agent, *, live: Live | None = None) -> Starlette:
    """The page as an ASGI application."""
    page = Page(settings, agent, live or Live(agent))
    is_open = page.sessions.are_wanted and not settings.hosts
    hosts = () if is_open else (*settings.hosts, *LOOPBACK, settings.listening.host)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await page.live.close()
        if page.setting_up is not None:
            page.setting_up.close()

    app = Starlette(
        routes=[
            Route("/", page.shell),
            Route("/login", page.login_form),
            Route("/login", page.log_in, methods=["POST"]),
            Route("/logout", page.log_out, methods=["POST"]),
            Route("/language", page.choose_language, methods=["POST"]),
            Route("/events", page.live.events),
            Route(
                "/ask",
                partial(wish, agent=agent, done=page.live.overviews.hurry, keep_word=page.past.keep_word),
                methods=["POST"],
            ),
            Route("/alerts/past", page.past.listed),
            Route("/alerts/{alert}/report", page.past.report),
            Route("/alerts/{alert}/window", page.window),
            Route("/alerts/{alert}/file", page.file),
            Route("/sensors/{sensor}/trend", page.trend),
            Route("/words/{language}", page.words),
            Route("/static/{name}", static_file),
            *_routes_of_setup(page.setting_up),
        ],
        middleware=[Middleware(Guard, sessions=page.sessions, hosts=hosts)],
        lifespan=lifespan,
    )
    app.state.language = settings.language
    return app


def _routes_of_setup(setting_up: SettingUp | None) -> list[Route]:
    """None where the page may not add to the config."""
    if setting_up is None:
        return []
    return [
        Route("/setup/search", setting_up.search, methods=["POST"]),
        Route("/setup/ask", setting_up.ask, methods=["POST"]),
        Route("/setup/write", setting_up.write, methods=["POST"]),
    ]


class Page:
    """What the routes share."""

    def __init__(self, settings: Settings, agent: Agent, live: Live) -> None:
        self.live = live
        self.sessions = Sessions(settings.password_file)
        path = settings.setup_file
        self.setting_up = None if path is None else SettingUp(path, agent, listen_s=settings.listen_s)
        self._is_setup_alone = settings.is_setup_alone
        self._agent = agent
        self._state_dir = settings.state_dir
        self._windows = Windows(settings.state_dir)
        self.past = PastAlerts(settings.state_dir)
        self._is_encrypted = settings.is_encrypted

    async def shell(self, request: Request) -> Response:
        views = View(
            has_password=self.sessions.are_wanted,
            has_setup=self.setting_up is not None,
            is_setup_alone=self._is_setup_alone,
        )
        return HTMLResponse(shell(language_of(request), views))

    async def login_form(self, request: Request) -> Response:
        return HTMLResponse(login(language_of(request)))

    async def log_in(self, request: Request) -> Response:
        language = language_of(request)
        try:
            form = parse_qs((await body_of(request)).decode())
            address = "" if request.client is None else request.client.host
            if (wait_s := math.ceil(self.sessions.wait_s(address))) > 0:
                wrong = login(language, wrong="too_many_tries", seconds=wait_s)
                return HTMLResponse(wrong, 429, {"Retry-After": str(wait_s)})
            token = self.sessions.begin(form.get("password", [""])[0], address)
        except TooMuchError:
            return PlainTextResponse("too large\n", 413)
        except ValueError:
            return PlainTextResponse("not a form\n", 400)
        except ConfigError:
            return HTMLResponse(login(language, wrong="no_password"), 500)
        if token is None:
            return HTMLResponse(login(language, wrong="wrong_password"), 403)
        answer = RedirectResponse("/", 303)
        self._set_cookie(answer, COOKIE, token)
        return answer

    async def log_out(self, request: Request) -> Response:
        self.sessions.end(request.cookies.get(COOKIE))
        answer = JSONResponse({"ok": True})
        answer.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return answer

    async def choose_language(self, request: Request) -> Response:
        try:
            chosen = (await body_of(request)).decode()
        except (TooMuchError, ValueError):
            return PlainTextResponse("too large\n", 413)
        answer = JSONResponse({"ok": chosen in LANGUAGES})
        if chosen in LANGUAGES:
            self._set_cookie(answer, LANGUAGE_COOKIE, chosen, max_age=YEAR_S)
        return answer

    async def words(self, request: Request) -> Response:
        language = request.path_params["language"]
        if language not in LANGUAGES:
            return PlainTextResponse("there is no such language\n", 404)
        return sent(request, words_in(as_language(language)))

    async def window(self, request: Request) -> Response:
        """The window that raised an alert, drawn."""
        alert = request.path_params["alert"]
        try:
            spec = await self._spec(alert, request.query_params.get("sensor", "")[:64])
            picture = await run_in_threadpool(self._windows.picture, alert, spec=spec)
        except RecordingError as error:
            return JSONResponse({"error": str(error)}, 409)
        except TextVibError as error:
            return JSONResponse({"error": str(error)}, 503)
        if picture is None:
            return JSONResponse({"error": "not kept"}, 404)
        return Response(msgspec.json.encode(picture), media_type="application/json")

    async def _spec(self, alert: str, sensor: str) -> FeatureSpec:
        """That of a running agent's `sensor`; of an alert that has ended, whose sensor may be no more, its bundle's."""
        if not sensor and (past := await run_in_threadpool(found, self._state_dir, alert)) is not None:
            return (await run_in_threadpool(bundle_of, self._state_dir, past)).spec
        return msgspec.convert((await self._agent.ask(Look(sensor, after=NOTHING_NEW)))["spec"], FeatureSpec)

    async def trend(self, request: Request) -> Response:
        """How the figures of a sensor moved over days."""
        sensor = request.path_params["sensor"][:64]
        try:
            setup = msgspec.convert((await self._agent.ask(Look(sensor, after=NOTHING_NEW)))["setup"], SetupRow)
            told = partial(trends_of, mounting=setup.machine.mounting, language=language_of(request))
            trends = await run_in_threadpool(told, self._state_dir, sensor)
        except ConfigError as error:
            return JSONResponse({"error": str(error)}, 409)
        except TextVibError as error:
            return JSONResponse({"error": str(error)}, 503)
        content = msgspec.json.encode({"trends": trends, "bearings": len(setup.bearings)})
        return Response(content, media_type="application/json")

    async def file(self, request: Request) -> Response:
        """The file with the windows around an alert, to be replayed elsewhere."""
        path = await run_in_threadpool(self._windows.file_of, request.path_params["alert"])
        try:
            content = None if path is None else await run_in_threadpool(path.read_bytes)
        except OSError:
            content = None
        if path is None or content is None:
            return PlainTextResponse("not kept\n", 404)
        headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
        return Response(content, 200, headers, "application/octet-stream")

    def _set_cookie(self, answer: Response, name: str, value: str, *, max_age: int | None = None) -> None:
        answer.set_cookie(
            name, value, max_age=max_age, httponly=True, samesite="strict", secure=self._is_encrypted, path="/"
        )


@lru_cache(maxsize=len(LANGUAGES))
def words_in(language: Language) -> File:
    """The words of the page in one language."""
    words = {code: entry[language] for code, entry in table()["page"].items()}
    states = {code: entry[language] for code, entry in table()["state"].items()}
    content = msgspec.json.encode({"language": language, "page": words, "state": states})
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    return File(content, gzip.compress(content, mtime=0), "application/json", tag)
