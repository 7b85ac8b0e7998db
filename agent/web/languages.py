"""In which language a browser is answered: as its user chose, else as the browser asks, else the agent's own."""

from __future__ import annotations

from starlette.requests import Request

from agent.messages.words import LANGUAGES, Language, as_language

COOKIE = "textvib_language"


def language_of(request: Request) -> Language:
    """By the cookie, by Accept-Language (RFC 9110, section 12.5.4), or as the application's `state.language` says."""
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return as_language(chosen)
    return preferred(request.headers.get("accept-language", ""), otherwise=request.app.state.language)


def preferred(accepted: str, *, otherwise: Language = "en") -> Language:
    """The one of ours that is wanted most; of equal ones the first; `otherwise` where none is."""
    wanted = []
    for place, one in enumerate(accepted.split(",")[:32]):
        name, _, rest = one.strip().partition(";")
        language = name.partition("-")[0].strip().lower()
        if language in LANGUAGES:
            wanted.append((-_weight(rest), place, language))
    return as_language(min(wanted)[2]) if wanted else otherwise


def _weight(parameters: str) -> float:
    try:
        return float(parameters.strip().removeprefix("q=") or 1.0)
    except ValueError:
        return 0.0
