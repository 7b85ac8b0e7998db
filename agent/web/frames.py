"""Frames of a stream of server-sent events (HTML, section 9.2): an event and one line of JSON."""

from __future__ import annotations

from typing import Any

import msgspec

KEEP_ALIVE = b": \n\n"
"""A comment, by which both sides notice that the other is gone."""


def frame(event: str, data: Any) -> bytes:
    """One event; not-a-number becomes null."""
    return b"event: " + event.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"
