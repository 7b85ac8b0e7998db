"""A page on paper: a Chromium without a window prints HTML as PDF."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from agent.errors import TextVibError

SUFFIX = ".pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LONGEST_S = 120.0
"""A browser that has printed nothing by then hangs."""


class PrintingError(TextVibError):
    """A browser is there and does not print; the HTML is the way out."""


def browser() -> str | None:
    """The path of a browser that prints; None where none is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def as_pdf(page: bytes) -> bytes:
    """An HTML page as PDF; PrintingError where no browser makes one."""
    program = browser()
    if program is None:
        raise PrintingError("no Chromium or Chrome is found; write the report as .html")
    with tempfile.TemporaryDirectory() as folder:
        source, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_bytes(page)
        command = [program, *_options(Path(folder)), f"--print-to-pdf={printed}", source.as_uri()]
        try:
            ran = subprocess.run(command, capture_output=True, timeout=LONGEST_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PrintingError(f"{program} does not print ({error}); write the report as .html") from error
        if not printed.is_file():
            last = ran.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no reason given"]
            raise PrintingError(f"{program} does not print ({last[0]}); write the report as .html")
        return printed.read_bytes()


def _options(folder: Path) -> list[str]:
    """A profile of its own, nothing fetched; as root a browser refuses its sandbox."""
    options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", "--no-first-run", "--disable-extensions"]
    options += ["--disable-background-networking", f"--user-data-dir={folder / 'profile'}"]
    return [*options, "--no-sandbox"] if os.geteuid() == 0 else options
