"""What `replay` prints of a recording, and with which exit code it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.messages.answer import Answer
    from agent.types import Diagnosis

FAULT_SAID, NOT_JUDGED = 1, 3


def tell(
    answer: Answer, diagnoses: Sequence[Diagnosis], *, as_json: bool, more: Mapping[str, Any] | None = None
) -> None:
    """The answer as rows for people, or as JSON lines, of which the verdict has the keys of `more`, too."""
    if as_json:
        _print_json(answer, diagnoses, more or {})
    else:
        _print_text(answer)
    sys.stdout.flush()


def _print_json(answer: Answer, diagnoses: Sequence[Diagnosis], more: Mapping[str, Any]) -> None:
    import msgspec

    from agent.messages.answer import document

    def line(kind: str, value: Any) -> None:
        print(msgspec.json.encode({"kind": kind, "path": str(answer.recording.path), **value}).decode())

    for diagnosis in diagnoses:
        shown = msgspec.to_builtins(diagnosis)
        for key in ("hears_bearings", "standing"):  # for the verdict alone; readers find both in evidence and question
            del shown[key]
        line("window", shown)
    line("verdict", {**document(answer), **more})


def _print_text(answer: Answer) -> None:
    from agent.messages.answer import rows, what_was_read
    from agent.messages.terminal import columns, hanging, labelled

    room = columns()
    print(*hanging(what_was_read(answer), columns=room), *labelled(rows(answer), columns=room), sep="\n")


def exit_code(answers: Sequence[Answer], *, fail_on: Collection[str], unreadable: bool) -> int:
    """The gravest first: a fault that was found counts, whatever could not be read or judged beside it."""
    from agent.messages.said import fault_said

    asked = {"fault", *fail_on} if fail_on else set()
    if asked & {fault_said(answer.verdict) for answer in answers}:
        return FAULT_SAID
    if unreadable:
        return os.EX_DATAERR
    return NOT_JUDGED if any(answer.verdict.judged == 0 for answer in answers) else os.EX_OK
