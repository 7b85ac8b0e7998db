"""What tests need of this machine, and what becomes of them where it is missing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def skip_unless_required(what: str, *, available: bool) -> None:
    """Skip for want of `what`; where CI promises that it is there (TEXTVIB_REQUIRE_ALL=1), fail instead."""
    if available:
        return
    if os.environ.get("TEXTVIB_REQUIRE_ALL") == "1":
        pytest.fail(f"{what} is missing, and TEXTVIB_REQUIRE_ALL=1 says that this machine has it")
    pytest.skip(f"{what} is not on this machine")
