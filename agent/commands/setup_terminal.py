"""Questions on a terminal: numbered choices, a default in brackets, `?` explains, "back" goes back."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.messages.terminal import columns, hanging, wrapped
from agent.messages.words import LANGUAGES, Language, say
from agent.setup.choosing import meant

if TYPE_CHECKING:
    from agent.setup.asking import Asked
    from agent.setup.given import Given
    from agent.setup.interview import Interview

HELP = ("?", "help")


class BackError(Exception):
    """Whoever answers wants to go back to the question before."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """Where questions are put; `read` takes a prompt, `read_secret` shows nothing of what is typed."""

    language: Language
    read: Callable[[str], str] = input
    read_secret: Callable[[str], str] = getpass.getpass
    write: Callable[[str], None] = print

    def tell(self, text: str, *, indent: int = 0) -> None:
        """Words, wrapped."""
        for line in hanging(text, columns=columns() - indent, indent=2):
            self.write(" " * indent + line)

    def answer(
        self,
        key: str,
        *,
        choices: Sequence[tuple[str, str]] = (),
        default: str | None = None,
        is_secret: bool = False,
        **filled: object,
    ) -> str:
        """What is answered to `setup.KEY`, "" where nothing is; `choices` with their words. BackError to go back."""
        self.tell(say(f"setup.{key}", self.language, **filled))
        for number, (_, words) in enumerate(choices, 1):
            self.tell(f"{number}  {words}", indent=2)
        shown = next((str(n) for n, (value, _) in enumerate(choices, 1) if value == default), default)
        while True:
            said = (self.read_secret if is_secret else self.read)(f"  [{shown}] > " if shown else "  > ")
            word = said.strip()
            if word in HELP:
                self._explain(key, filled)
            elif word.lower() in {say("setup.back", language) for language in LANGUAGES}:
                raise BackError
            elif word.isdigit() and 1 <= int(word) <= len(choices):
                return choices[int(word) - 1][0]
            else:
                return said if is_secret else meant(word, choices)

    def _explain(self, key: str, filled: dict[str, object]) -> None:
        for line in wrapped(say(f"setup.{key}_why", self.language, **filled), columns() - 4):
            self.write(f"    {line}")


def converse(terminal: Terminal, interview: Interview, given: Given) -> Interview:
    """The interview with every question answered; what is `given` is not asked. BackError: before the first one."""
    from agent.setup.asking import answered, next_asked, remarks_on

    first = len(interview.answers)
    left = dict(given.answers)
    while (asked := next_asked(interview)) is not None:
        try:
            text = left.pop(asked.name, None) or _asked(terminal, asked)
        except BackError:
            if len(interview.answers) == first:
                raise
            interview = interview.taken_back()
            continue
        interview, problem = answered(interview, asked, text)
        if problem is not None:
            terminal.tell(f"! {problem}", indent=2)
            continue
        for remark in remarks_on(interview, asked):
            terminal.tell(say("setup.doubt", interview.language, text=remark), indent=2)
    return interview


def _asked(terminal: Terminal, asked: Asked) -> str:
    from agent.setup.wording import default_of, labels_of

    is_secret = asked.question.kind == "secret"
    return terminal.answer(asked.question.key, choices=labels_of(asked), default=default_of(asked), is_secret=is_secret)
