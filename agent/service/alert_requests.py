"""What may be asked about an open alert, over the control socket and over a sink alike."""

from __future__ import annotations

import math
import re
from typing import Annotated, TypeAlias

import msgspec

from agent.errors import ConfigError, WordError
from agent.limits import DAY_S
from agent.service.names import fault_name, person_named

MAX_REMOTE_BYTES = 4 << 10
MIN_SHELF_S = 60.0
MAX_SHELF_S = 90 * DAY_S
"""A shelf shorter than the first is a slip of the pen; one longer than the second forgets a machine. Between them lies
the time up to the next planned stop."""

UNIT_S = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": DAY_S}
_DURATION = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,6})?)\s*(s|min|m|h|d)\s*")

Which = Annotated[str, msgspec.Meta(max_length=100)]
"""An alert: its id, the beginning of it, or sensor/bearing. Or for how long."""


class _Said(msgspec.Struct, frozen=True):
    """What somebody says of an alert; `by` as `person_named` has it."""

    alert: Which
    by: str | None = None

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "by", person_named(self.by))


class _Judged(_Said, frozen=True):
    """With what the alert really was, as somebody has found: a name as `fault_name` has it."""

    was: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.was is not None:
            msgspec.structs.force_setattr(self, "was", fault_name(self.was))


class Acknowledge(_Judged, frozen=True, tag_field="command", tag="acknowledge", forbid_unknown_fields=True):
    """Note that somebody has seen an open alert; it stays open. Of one that is over, only what it was can be said."""


class Shelve(
    _Said,
    frozen=True,
    kw_only=True,
    tag_field="command",
    tag="shelve",
    forbid_unknown_fields=True,
    rename={"duration": "for"},
):
    """Put an open alert aside for a time, as `seconds_of` reads it; it stays open and comes back by itself."""

    duration: Which


class Unshelve(_Said, frozen=True, tag_field="command", tag="unshelve", forbid_unknown_fields=True):
    """Take an alert back from the shelf before its time."""


class Close(_Judged, frozen=True, tag_field="command", tag="close", forbid_unknown_fields=True):
    """Clear an open alert with the reason `closed`; a machine that is not well raises another one."""


Remote: TypeAlias = Acknowledge | Shelve | Unshelve | Close
"""What may be asked for over a sink, too."""

_REMOTE = msgspec.json.Decoder(Remote)


def remote_request(payload: bytes) -> Remote:
    """A request that came over a sink; ConfigError where it is none that may."""
    if len(payload) > MAX_REMOTE_BYTES:
        raise ConfigError(f"not a command: {len(payload)} bytes are more than {MAX_REMOTE_BYTES}")
    try:
        request: Remote = _REMOTE.decode(payload)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ConfigError(f"not a command that may come this way: {error}") from None
    return request


def seconds_of(duration: str) -> float:
    """How long `8h`, `30m` or `2d` is; WordError where it is none, or none for a shelf."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise WordError(f"for: {duration!r} is no time; write a number and its unit, like 30m, 8h or 2d")
    seconds = float(found[1]) * UNIT_S[found[2]]
    if not (math.isfinite(seconds) and MIN_SHELF_S <= seconds <= MAX_SHELF_S):
        most_d = f"{MAX_SHELF_S / DAY_S:g}d"
        raise WordError(
            f"for: {duration} is not between {MIN_SHELF_S / 60:g}m and {most_d}; shelve it for less or more"
        )
    return seconds
