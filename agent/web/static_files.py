"""All files that the page is made of, by a table: what is not in it does not exist, whatever path is asked for."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

FOLDER = Path(__file__).with_name("static")
SCRIPT, SHEET, PICTURE = "text/javascript; charset=utf-8", "text/css; charset=utf-8", "image/svg+xml"
FILES = {
    "uplot.min.js": SCRIPT,
    "uplot.min.css": SHEET,
    "style.css": SHEET,
    "icon.svg": PICTURE,
    "main.js": SCRIPT,
    "dom.js": SCRIPT,
    "words.js": SCRIPT,
    "stream.js": SCRIPT,
    "ask.js": SCRIPT,
    "arrays.js": SCRIPT,
    "charts.js": SCRIPT,
    "waterfall.js": SCRIPT,
    "overview.js": SCRIPT,
    "sensor.js": SCRIPT,
    "window_charts.js": SCRIPT,
    "course_charts.js": SCRIPT,
    "commission.js": SCRIPT,
    "alerts.js": SCRIPT,
    "alert_parts.js": SCRIPT,
    "past_alerts.js": SCRIPT,
    "verdict.js": SCRIPT,
    "trend.js": SCRIPT,
    "health.js": SCRIPT,
    "setup.js": SCRIPT,
}

MODULES = tuple(name for name, kind in FILES.items() if kind == SCRIPT and not name.startswith("uplot"))
"""Scripts that import each other: asked for at once, a page is there after one round trip and not after four."""


@dataclass(frozen=True, slots=True)
class File:
    """A file as it is sent."""

    content: bytes
    packed: bytes
    media_type: str
    tag: str


@lru_cache(maxsize=len(FILES))
def file_named(name: str) -> File:
    """A file of the table; KeyError for anything else."""
    media_type = FILES[name]
    content = (FOLDER / name).read_bytes()
    return File(content, gzip.compress(content, mtime=0), media_type, f'"{hashlib.sha256(content).hexdigest()[:20]}"')


async def static_file(request: Request) -> Response:
    """Sent whole, or not again where the browser has it already."""
    try:
        file = file_named(request.path_params["name"])
    except KeyError:
        return PlainTextResponse("there is no such file\n", 404)
    return sent(request, file)


def sent(request: Request, file: File) -> Response:
    headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(None, 304, headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.packed, 200, {**headers, "Content-Encoding": "gzip"}, file.media_type)
    return Response(file.content, 200, headers, file.media_type)
