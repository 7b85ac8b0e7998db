"""Choices, and what is to be done once a config is written, in the words of who is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from agent.messages.words import Language, say
from agent.setup.asking import Asked
from agent.setup.choosing import words_of
from agent.setup.found import doubts, in_words
from agent.setup.interview import UNKNOWN

SERVICE = Path("/etc/systemd/system/textvib-agent.service")


def labels_of(asked: Asked) -> list[tuple[str, str]]:
    """What may be chosen, each with its words; of what was heard also what it is and what is doubtful about it."""
    language = asked.spot.interview.language
    if asked.question.key != "watch":
        return [(choice, words_of(asked.question.key, choice, language)) for choice in asked.choices]
    return [
        (
            one.what,
            "; ".join(
                (
                    f"{one.what}  {in_words(one, language)}",
                    *(say("setup.doubt", language, text=doubt) for doubt in doubts(one, language)),
                )
            ),
        )
        for one in asked.spot.left
    ]


def default_of(asked: Asked) -> str | None:
    """What is taken where nothing is said: of a text as a person would write it, of a choice as it is."""
    is_word = asked.question.kind == "text" and asked.default == UNKNOWN
    return say("setup.speed_unknown", asked.spot.interview.language) if is_word else asked.default


def next_steps(path: Path, sensors: Sequence[str], *, is_new: bool, language: Language) -> list[str]:
    """What to do with a config that was written, the commands with it."""
    start = "systemctl enable --now textvib-agent" if SERVICE.exists() else f"textvib-agent run {path}"
    lines = [say("setup.written", language, path=path)]
    if is_new:
        lines.append(say("setup.next_start", language, command=start))
    else:
        lines.append(say("setup.next_reload", language, command=f"textvib-agent reload --config {path}"))
    for name in sensors:
        command = f"textvib-agent commission {name} --config {path}"
        lines.append(say("setup.next_commission", language, command=command))
    return lines
