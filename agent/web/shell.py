"""The two documents that there are: the shell that scripts fill, and the form that asks for the password."""

from __future__ import annotations

from html import escape
from typing import NamedTuple

from agent.messages.words import Language, say
from agent.web.static_files import MODULES

_HEAD = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/style.css">
"""

_SHELL = """{head}<link rel="stylesheet" href="/static/uplot.min.css">
{preloads}<script src="/static/uplot.min.js" defer></script>
<script src="/static/main.js" type="module"></script>
</head>
<body{alone}>
<a class="skip" href="#main">{skip}</a>
<header>
<a class="brand" href="#/">TextVib<span id="agent"></span></a>
<nav aria-label="{menu}">
<a href="#/">{sensors}</a>
<a href="#/alerts">{alerts}<span id="open-alerts" class="count" hidden></span></a>
<a href="#/health">{health}</a>
<a href="#/setup"{setup_hidden}>{setup}</a>
</nav>
<div class="corner">
<span id="link" role="status" class="link">{connecting}</span>
<button id="language" type="button" lang="{other}" data-language="{other}">{other_name}</button>
<button id="leave" type="button"{leave_hidden}>{leave}</button>
</div>
</header>
<main id="main" tabindex="-1"><p class="quiet" id="waiting">{waiting}</p></main>
<div id="told" role="status" aria-live="polite" class="visually-hidden"></div>
<noscript><p class="quiet">{no_script}</p></noscript>
</body>
</html>
"""

_LOGIN = """{head}</head>
<body>
<main class="login">
<h1>TextVib</h1>
<form method="post" action="/login">
<label for="password">{password}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus>
<button type="submit" class="primary">{enter}</button>
{wrong}
</form>
</main>
</body>
</html>
"""

NAMES: dict[Language, str] = {"en": "English", "ko": "한국어"}
"""Of each language, in itself."""


class View(NamedTuple):
    """What the page shows beside what it always shows."""

    has_password: bool = False
    has_setup: bool = False
    is_setup_alone: bool = False  # no agent is there yet, so the setup is shown first


def shell(language: Language, view: View) -> str:
    """The page, still empty."""
    other: Language = "ko" if language == "en" else "en"
    named = ("skip", "menu", "sensors", "alerts", "health", "setup", "connecting", "leave", "waiting", "no_script")
    words = {name: escape(say(f"page.{name}", language)) for name in named}
    return _SHELL.format(
        head=_head(language),
        language=language,
        other=other,
        other_name=NAMES[other],
        preloads="".join(f'<link rel="modulepreload" href="/static/{name}">\n' for name in MODULES),
        leave_hidden="" if view.has_password else " hidden",
        setup_hidden="" if view.has_setup else " hidden",
        alone=' data-setup="alone"' if view.is_setup_alone else "",
        **words,
    )


def login(language: Language, *, wrong: str | None = None, seconds: int = 0) -> str:
    """The form; `wrong`: the code of what was wrong with the last try, `seconds`: how long to wait for the next."""
    why = "" if wrong is None else escape(say(f"page.{wrong}", language, seconds=seconds))
    said = f'<p class="wrong" role="alert">{why}</p>' if why else ""
    words = {name: escape(say(f"page.{name}", language)) for name in ("password", "enter")}
    return _LOGIN.format(head=_head(language), wrong=said, **words)


def _head(language: Language) -> str:
    return _HEAD.format(language=language, title=escape(say("page.title", language)))
