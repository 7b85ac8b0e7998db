"""What people write who say something of an alert: who they are, and what it really was. Bounded, on one line, and the
same name however a keyboard wrote it.

A fault's name is a label: it stands in payloads, in files and in a bundle's words. So it is compared letter by letter,
and holds no letter that cannot be seen. Both are in Unicode's composed form: some keyboards send Korean in parts.
"""

from __future__ import annotations

import unicodedata

from agent.errors import WordError
from agent.faults import ABNORMAL, FAULTS, HEALTHY, INVALID, PARENTS, UNKNOWN, children_of

MOST_OF_A_PERSON = 100  # letters
MOST_OF_A_FAULT = 40
MOST_SHOWN = 60
"""Letters of what is refused."""

NO_FAULTS = (UNKNOWN, ABNORMAL, INVALID, "fault", "idle", "learning", "lost", "unsteady")
"""What the agent says where it can name nothing, and states of a sensor; a test holds that they are all of them."""

ALL_WELL = {
    *(
        "none",
        "nothing",
        "no",
        "no_fault",
        "not_a_fault",
        "normal",
        "ok",
        "okay",
        "fine",
        "good",
        "well",
        "false_alarm",
    ),
    *("없음", "정상", "양호", "이상없음", "이상_없음", "결함없음", "결함_없음", "무결함", "오경보", "거짓경보"),
}
"""What people write for `healthy`; as a name of one's own it would be learnt as a fault."""

_UNSEEN = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)}
"""Of the letters and marks of Unicode those that show nothing: fillers of Hangul, and what selects another shape."""


def fault_name(text: str) -> str:
    """The name of a fault, of ours or not, or `healthy`, as it is kept; WordError where it is none.

    Small letters of any script, digits and _, a letter first; letters of full width are as those of half.
    """
    name = unicodedata.normalize("NFKC", text)
    if name in NO_FAULTS:
        raise WordError(
            f"was: {name!r} is reserved: the agent says it of a sensor, and it names no fault; give one of "
            f"{', '.join(FAULTS)}, or another name of your own"
        )
    if name in PARENTS:
        raise WordError(
            f"was: {name!r} is said where no closer name can be, and nothing learns from it; give the one that it was, "
            f"{', '.join(children_of(name))}, or a name of your own"
        )
    if name.lower().replace(" ", "_") in ALL_WELL:
        raise WordError(f"was: {text!r} is no name of a fault; where nothing was wrong, give {HEALTHY}")
    if not is_fault_name(name):
        raise WordError(
            f"was: {text[:MOST_SHOWN]!r} is no name of a fault; give one of {', '.join(FAULTS)}, or a name of your own "
            f"of at most {MOST_OF_A_FAULT} small letters, digits and _, like seal_rubs"
        )
    return name


def is_fault_name(text: str) -> bool:
    """Whether a text is such a name in the form in which it is kept."""
    return (
        0 < len(text) <= MOST_OF_A_FAULT
        and text not in NO_FAULTS
        and text == unicodedata.normalize("NFKC", text).lower()
        and unicodedata.category(text[0])[0] == "L"
        and all(map(_is_of_a_name, text))
    )


def person_named(text: str | None) -> str | None:
    """Who says so, as it is kept; None where nobody says who. WordError where it is more than a name on one line."""
    if text is None:
        return None
    name = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in text)
    name = unicodedata.normalize("NFC", name.strip(" "))
    if not name or len(name) > MOST_OF_A_PERSON or not name.isprintable():
        raise WordError(
            f"by: {text[:MOST_SHOWN]!r} is no name of a person; give at most {MOST_OF_A_PERSON} letters on one line"
        )
    return name


def _is_of_a_name(letter: str) -> bool:
    kind = unicodedata.category(letter)
    return (kind[0] in "LM" or kind == "Nd" or letter == "_") and ord(letter) not in _UNSEEN
