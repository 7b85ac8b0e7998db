"""Which choice is meant by words: its key, its label in any language, or that without its brackets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agent.messages.words import LANGUAGES, Language, words_for


def words_of(key: str, choice: str, language: Language) -> str:
    """A choice of the question `key` as a person reads it; itself where it is a name."""
    words = words_for("setup", f"{key}_{choice}", language)
    return choice if words == f"{key}_{choice}".replace("_", " ") else words


def chosen(key: str, choices: Sequence[str], text: str) -> str:
    """The choice of the question `key` that `text` means; `text` itself where it means none, or more than one."""
    return meant(text, [(choice, words_of(key, choice, one)) for choice in choices for one in LANGUAGES])


def meant(text: str, labels: Iterable[tuple[str, str]]) -> str:
    """The choice that `text` means by its key or its label, whatever the case; `text` itself where that is not one."""
    labels = [*labels]
    if not text or text in {choice for choice, _ in labels}:
        return text
    wanted = _plain(text)
    fitting = {
        choice for choice, label in labels if wanted in (_plain(choice), _plain(label), _plain(label.partition("(")[0]))
    }
    return fitting.pop() if len(fitting) == 1 else text


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
