"""What stands in a JSON message beside the keys that are known: their names, and the sample rate that they may say."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from agent.tables.facts import facts_of_pairs
from agent.tables.values import Facts

LONGEST = 64  # bytes of a value that says a rate
MOST_NAMED = 8

_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def unknown_keys(payload: bytes, known: Collection[str]) -> dict[str, str]:
    """The keys of an object that are not `known`, with the text of those values that are a number or a word."""
    return {key: _scalar(bytes(raw)) for key, raw in _KEYS.decode(payload).items() if key not in known}


def facts_in(unknown: dict[str, str]) -> Facts:
    """What such keys say of the samples: `"sample_rate": 1000`, `"fs": "25.6 kHz"`, `"dt_ms": 1`."""
    return facts_of_pairs((key[:LONGEST], text) for key, text in unknown.items() if text)


def named(keys: Collection[str]) -> str:
    """Keys as a list to be read; the sender may have many."""
    more = len(keys) - MOST_NAMED
    listed = ", ".join(repr(key[:24]) for key in list(keys)[:MOST_NAMED])
    return listed + (f" and {more} more" if more > 0 else "")


def _scalar(raw: bytes) -> str:
    if len(raw) > LONGEST or raw[:1] in (b"[", b"{"):
        return ""
    return raw.decode("utf-8", "replace").strip('"')
