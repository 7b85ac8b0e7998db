"""The workstation's command `rank`: which faults sentences are near, and what speaks against taking them for faults."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.bundle.load import Bundle
    from export.bundling.heard_sentence import Doubt, Heard
    from export.bundling.sentence_reader import Near, Reader

STDIN = "-"
"""What stands for the lines of standard input."""
LIKE: dict[str, str] = {
    "denial": "of sentences that describe none it is most like one that denies a fault or praises a part",
    "other": "of sentences that describe none it is most like one about something else",
}
"""What a sentence near no fault reads like."""
DOUBTS: dict[Doubt, str] = {
    "question": "it asks, and states nothing",
    "plan": "it speaks of what is to be done or to come, and states nothing of the machine as it is",
    "condition": "it speaks of what would be under a condition, and states nothing of the machine as it is",
    "complaint": "it says that something is wrong, and not what",
    "part alone": "it names a part, and nothing that is known to be wrong with one",
    "unknown words": "hardly a word of it is one that text towers have learnt: write Korean or English",
    "no part described": (
        "no word in it is known to be one by which that fault is told: a part that no description covers (a gear, a "
        "belt, a winding) lies where the words beside it lie"
    ),
}
"""Why a sentence may describe no fault, whatever it is near."""


def add_ranking(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    rank = commands.add_parser(
        "rank",
        help="which faults sentences are near",
        description=(
            "Read sentences as a bundle's text tower reads them: the cosine to the description of every fault, the "
            "nearest first; `near` stands where it reaches the limit. Below stands what speaks against taking it for a "
            "description: that it asks, plans or speaks of a condition, names a part alone, complains without saying "
            "of what, is of words that no tower has learnt, or names no part that is described. Try sentences here "
            "before you give them to `describe`."
        ),
        epilog=(
            'Examples: python -m export rank "the outer ring is pitted" "the cage is cracked"; '
            "python -m export rank - < sentences.txt"
        ),
    )
    rank.add_argument(
        "sentences",
        nargs="*",
        metavar="SENTENCE",
        help=f"in Korean or English, in quotes; {STDIN}, or none with a pipe before it: a line of standard input each",
    )
    rank.add_argument(
        "--json",
        action="store_true",
        help="print one JSON document: an object for the one sentence that is given here, else a list of these",
    )
    add_reader(rank)
    rank.set_defaults(command=_rank)


def add_reader(parser: argparse.ArgumentParser) -> None:
    """Which bundle's tower reads."""
    parser.add_argument("--bundle", default="default", help="bundle folder, or default")
    parser.add_argument(
        "--tower", type=Path, help="the bundle's text tower, or a folder with it (default: beside the bundle)"
    )


def _rank(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.bundle.load import load_bundle
    from export.bundling.sentence_reader import reader_of

    sentences = list(_given(arguments.sentences))
    bundle = load_bundle(arguments.bundle)
    reader = reader_of(bundle, arguments.tower, folder=arguments.bundle)
    found = list(_heard(sentences, bundle, reader))
    if arguments.json:
        documents = [_document(*one, limit=reader.near) for one in found]
        alone = len(arguments.sentences) == 1 and arguments.sentences != [STDIN]
        print(msgspec.json.encode(documents[0] if alone else documents).decode())
        return os.EX_OK
    for number, (sentence, ranking, heard) in enumerate(found):
        if len(found) > 1:
            print(f"{chr(10) if number else ''}{sentence!r}")
        lines = [
            f"{one.fault:<16}{one.similarity:>6.2f}{'  near' if one.fault in heard.near else ''}" for one in ranking
        ]
        print("\n".join([*lines, *_said_of(heard, ranking[0], limit=reader.near)]))
    return os.EX_OK


def check_sentences(sentences: Sequence[str]) -> None:
    """ConfigError where one that is given as an argument holds no word, or where none is and nothing is piped in."""
    from agent.errors import ConfigError

    if not sentences and sys.stdin.isatty():
        raise ConfigError(f"no sentence: give some in quotes, or {STDIN} and a line each on standard input")
    for sentence in sentences:
        if not _is_unicode(sentence):
            raise ConfigError(f"sentence {sentence!a}: is no UTF-8 text; give it in a terminal that writes UTF-8")
        if sentence != STDIN and not _holds_word(sentence):
            raise ConfigError(f"sentence {sentence!r}: holds no word; write what is wrong with the machine")


def _given(sentences: Sequence[str]) -> Iterator[str]:
    """All of them, with the lines of standard input in the place of `-`, or alone where no sentence is given."""
    from agent.errors import ConfigError

    found = 0
    for sentence in sentences or [STDIN]:
        for one in _lines() if sentence == STDIN else [sentence]:
            found += 1
            yield one
    if not found:
        raise ConfigError("no sentence: standard input holds none; write a line each")


def _lines() -> Iterator[str]:
    """Those of standard input that are not empty; ConfigError names one without a word."""
    from agent.errors import ConfigError

    no_text = "is no UTF-8 text; save the sentences as UTF-8"
    try:
        lines = sys.stdin.read().removeprefix("\ufeff").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigError(f"standard input: {no_text}") from error
    for number, line in enumerate(lines, 1):
        if not _is_unicode(line):
            raise ConfigError(f"standard input:{number}: {no_text}")
        if line.strip() and not _holds_word(line):
            raise ConfigError(f"standard input:{number}: {line.strip()!r} holds no word; take it out")
        if line.strip():
            yield line.strip()


def _is_unicode(text: str) -> bool:
    """Whether it is text and no bytes of another encoding, which Python hides in it where a locale has none."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _holds_word(sentence: str) -> bool:
    return any(letter.isalpha() for letter in sentence)


def _heard(sentences: Sequence[str], bundle: Bundle, reader: Reader) -> Iterator[tuple[str, tuple[Near, ...], Heard]]:
    from export.bundling.heard_sentence import hear
    from export.bundling.sentence_reader import rank

    for sentence in sentences:
        ranking = rank(bundle, reader, sentence)
        yield sentence, ranking, hear(sentence, ranking, reader)


def _document(sentence: str, ranking: tuple[Near, ...], heard: Heard, *, limit: float) -> dict[str, object]:
    document: dict[str, object] = {"sentence": sentence, "near": heard.near, "limit": limit, "faults": ranking}
    return document | {
        "reads_like": heard.like,
        "doubts": heard.doubts,
        "nearly": heard.nearly,
        "is_well": heard.is_well,
    }


def _said_of(heard: Heard, nearest: Near, *, limit: float) -> Iterator[str]:
    """The lines below the cosines."""
    if heard.near:
        yield from (f"but: {DOUBTS[doubt]}" for doubt in heard.doubts)
        return
    told = f"near no fault: no cosine reaches {limit:.2f}"
    if heard.doubts:
        yield f"{told}; {'; '.join(DOUBTS[doubt] for doubt in heard.doubts)}"
    elif heard.is_well:
        yield f"{told}; it says that something is in order, which describes no fault"
    elif heard.nearly is not None:
        yield f"{told}; nearly {heard.nearly} ({nearest.similarity:.2f}): say it in other words, or more plainly"
    elif heard.like is not None:
        yield f"{told}; {LIKE[heard.like.kind]}, as {heard.like.example!r} is"
    else:
        yield f"{told}; the nearest is {nearest.fault} ({nearest.similarity:.2f})"
