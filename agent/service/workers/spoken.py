"""What a worker process and the one that keeps and tells say to each other."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec

from agent import errors
from agent.bundle.manifest import Manifest
from agent.errors import TextVibError, TransportError
from agent.ports import Message
from agent.service.alert_requests import Remote
from agent.service.control import (
    Cancel,
    Commission,
    ExportState,
    Forget,
    ImportState,
    Look,
    Record,
    Status,
)
from agent.service.control import (
    Learnt as LearntAsked,
)
from agent.service.keeping.sensor_state import SensorState
from agent.service.registrar import Learnt
from agent.service.requests import Inner
from agent.service.share import Share
from agent.types import Alert

Text = Annotated[str, msgspec.Meta(max_length=4096)]
Name = Annotated[str, msgspec.Meta(max_length=64)]


class _Said(msgspec.Struct, frozen=True, tag_field="said", forbid_unknown_fields=True):
    pass


# ------------------------------------------------------------------------------------------------------ from a worker


class Ready(_Said, frozen=True, tag="ready"):
    """All is built and tested; sources may be opened."""


class Failed(_Said, frozen=True, tag="failed"):
    """It cannot be built: the kind of error, and the problems."""

    kind: Name
    problems: tuple[Text, ...]


class Lives(_Said, frozen=True, tag="lives"):
    """Every loop turns; `has_ended`: every source has been read to its end."""

    has_ended: bool = False


class Put(_Said, frozen=True, tag="put"):
    """What one item led to and may be lost."""

    messages: Annotated[tuple[Message, ...], msgspec.Meta(max_length=1000)]


class SayAlert(_Said, frozen=True, tag="alert"):
    alert: Alert


class SaySilence(_Said, frozen=True, tag="silence"):
    machine: Name
    silent_s: float
    over: bool


class SayHealth(_Said, frozen=True, tag="health"):
    share: Share


class AddLessons(_Said, frozen=True, tag="lessons"):
    sensor: Name
    lessons: tuple[bytes, ...]


class GiveUp(_Said, frozen=True, tag="give_up"):
    sensor: Name


class SaveRows(_Said, frozen=True, tag="rows"):
    rows: tuple[SensorState, ...]


class Notice(_Said, frozen=True, tag="notice"):
    text: Text


class Unsay(_Said, frozen=True, tag="unsay"):
    sensor: Name


class RolledBack(_Said, frozen=True, tag="rolled_back"):
    """The bundle that is watched was taken back for the one before it: their manifests."""

    bad: Manifest
    good: Manifest


class AskKnown(_Said, frozen=True, tag="ask_known"):
    """Answered with a `Known`."""

    number: int
    sensor: Name
    features: Name


class AskUnderWay(_Said, frozen=True, tag="ask_under_way"):
    """Answered with an `Interrupted`, or null."""

    number: int
    sensor: Name
    features: Name


class Learn(_Said, frozen=True, tag="learn"):
    """Answered with whether it is on the disk."""

    number: int
    learnt: Learnt


class Answered(_Said, frozen=True, tag="answered"):
    """To an `Asked`: an answer, or the kind of error and its problems."""

    number: int
    answer: dict[str, Any] | None = None
    kind: Name = ""
    problems: tuple[Text, ...] = ()


Up: TypeAlias = (
    Ready
    | Failed
    | Lives
    | Put
    | SayAlert
    | SaySilence
    | SayHealth
    | AddLessons
    | GiveUp
    | SaveRows
    | Notice
    | Unsay
    | RolledBack
    | AskKnown
    | AskUnderWay
    | Learn
    | Answered
)


# -------------------------------------------------------------------------------------------------------- to a worker


class Begin(_Said, frozen=True, tag="begin"):
    """What to build; `pickled` is a `Terms`, from this very program and nobody else."""

    pickled: bytes


class Start(_Said, frozen=True, tag="start"):
    """Open the sources."""


class Stop(_Said, frozen=True, tag="stop"):
    """Read no more, think to the end, leave."""


class Standing(_Said, frozen=True, tag="standing"):
    """Whether what is saved is on the disk."""

    is_kept: bool
    troubles: tuple[Text, ...]


class Replied(_Said, frozen=True, tag="replied"):
    """To AskKnown, AskUnderWay and Learn."""

    number: int
    value: Any


class Asked(_Said, frozen=True, tag="asked"):
    """A request; answered by `Answered`."""

    number: int
    request: (
        Status | Look | Commission | LearntAsked | Cancel | Forget | Record | ExportState | ImportState | Remote | Inner
    )


class Reload(_Said, frozen=True, tag="reload"):
    """Another config, as in Begin; answered by `Answered` with what was done and told."""

    number: int
    pickled: bytes


Down: TypeAlias = Begin | Start | Stop | Standing | Replied | Asked | Reload


def error_of(kind: str, problems: tuple[str, ...]) -> TextVibError:
    """The error that another process names, to be raised here."""
    found = getattr(errors, kind, None)
    if isinstance(found, type) and issubclass(found, TextVibError):
        error: TextVibError = found(*problems)
        return error
    return TransportError("; ".join(problems))


def named(error: TextVibError) -> tuple[str, tuple[str, ...]]:
    """An error as it is told to another process."""
    problems = getattr(error, "problems", None) or (str(error),)
    return type(error).__name__, tuple(problem[:4096] for problem in problems)
