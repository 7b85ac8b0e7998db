"""What the half that keeps and tells asks of the half that hears, beside what people ask."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from agent.types import Alert


class SaveAgain(msgspec.Struct, frozen=True, tag_field="command", tag="save_again"):
    """Save what was learnt once more: not even memory knows of it."""


class Found(msgspec.Struct, frozen=True, tag_field="command", tag="found"):
    """The disk can be read again: take up what it knows, with these open alerts."""

    alerts: tuple[Alert, ...] = ()


class TakeFigures(msgspec.Struct, frozen=True, tag_field="command", tag="take_figures"):
    """Count: answers with a `Share` as "share"."""


class RollBack(msgspec.Struct, frozen=True, tag_field="command", tag="roll_back"):
    """The bundle that is watched was found to be no good elsewhere."""

    why: str


Inner: TypeAlias = SaveAgain | Found | TakeFigures | RollBack
