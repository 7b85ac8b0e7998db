"""The command that installs an extra of this distribution beside what runs, as one would call it from here.

It stands here because the bridge is the lowest of the packages that have extras, and on the standard library alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent


def pip_line(*extras: str) -> str:
    """Of these extras: from the checkout, where this is one, as README installs them."""
    named = ",".join(extras)
    here = (CHECKOUT / "pyproject.toml").is_file()
    return pip_of(f"-e '{_from_here(CHECKOUT)}[{named}]'" if here else f"'textvib-edge[{named}]'")


def pip_of(*what: str, options: Iterable[str] = ()) -> str:
    """Of anything that this environment's pip takes."""
    return " ".join((_from_here(Path(sys.executable)), "-m pip install", *options, *what))


def _from_here(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
