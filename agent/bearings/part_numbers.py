"""The basic designation in a part number as people write it: `SKF 6205-2RS1/C3`, `6205DDUCM`, `NU205-E-TVP2-C3`.

Read by grammar, not by example: a basic designation names series and bore (ISO 15, ISO 355), and the suffixes behind it
change nothing inside. What holds no bearing is refused, what holds two is refused by both names.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from agent.bearings.suffixes import is_suffix

BORE = r"(?:[0-3]\d|40|44|48|52|56|60|64|68|72|76|80|84|88|92|96)"
"""Two digits: 00 to 03 are 10, 12, 15, 17 mm, from 04 on times 5 mm; above 200 mm every fourth exists."""
CYLINDRICAL = "N|NU|NJ|NUP|NF|NH|NP|NUB|NN|NNU|NCF|NJF|RN|RNU"
INSERTS = "UC|UCX|UK|SB|SA|SER|UER|UEL|HC|CUC|RB|NA"
HOUSED = "UC(?:P|PA|PH|F|FL|FA|FB|FC|FS|T|HA)"
SERIES = (
    rf"60{BORE}|6[23][0-4]\d|64[01]\d|6[0234]/\d{{2,4}}",  # deep groove balls
    rf"60[4-9]|62[3-9]|63[4-9]|6[789][1-9]|6[789][0-3]\d|160{BORE}|161[01]\d",  # small and thin ones
    rf"6(?:18|19|28|38){BORE}|6(?:18|19|28|38)/\d{{1,4}}|6(?:22|23|30|39)[01]\d",
    rf"[12][23]{BORE}|4[23][0-3]\d|11[23][0-2]\d|10[0-2]\d|10[89]|12[67]|135",  # self-aligning, two rows of balls
    rf"7[0-4]{BORE}(?:AC|BE|A5|[ABC])?|7(?:18|19){BORE}(?:AC|A5|C)?|[35][23][0-3]\d|QJ(?:2|3|10){BORE}",  # angular
    rf"(?:{CYLINDRICAL})(?:2|3|4|10|18|19|2[0239]|3[03]|4[89]){BORE}",
    rf"2(?:13|22|23|30|31|32|33|38|39|40|41){BORE}|C(?:22|23|30|31|32|39|40|41){BORE}",  # spherical, toroidal rollers
    rf"3(?:02|03|13|20|22|23|29|30|31|32){BORE}|35[0-3]\d{BORE}",  # tapered rollers
    rf"5(?:11|12|13|14|22|23|24){BORE}|29[234]{BORE}|8(?:11|12|93|94){BORE}",  # thrust
    rf"(?:{INSERTS})[23]\d\d|{HOUSED}[23]\d\d|ER\d\dK",  # inserts, with and without their housing
    r"[23][01]\d(?:K|PP)|91[01]\d(?:K|PP)",  # as Fafnir calls 62, 63 and 60
    r"MR\d{2,3}|R(?:[2-9]|[12]\d)|ZA\d{4}",
)
PREFIXES = r"(?:SS|S|WB?|F|FL|HCB?|HC[NS]|XCB?|HY|B|E2\.?|ICOS-|BS2-|D/W)?"
"""What stands before a designation and changes nothing inside: stainless, flanged, hybrid, coated, precise."""
MAKERS = (
    "SKF|FAG|INA|SCHAEFFLER|NSK|NTN|SNR|KOYO|JTEKT|TIMKEN|FAFNIR|TORRINGTON|MRC|NACHI|NMB|MINEBEA|ZKL|ZWZ|HRB|LYC|KBC|KG"
    "|NKE|RHP|GMN|IKO|EZO|ISB|TPI|URB|FBJ|FYH|ASAHI|LDK|PEER|NBC|SLF|BARDEN|REXNORD|SEALMASTER|MB|DODGE|BROWNING|NICE"
    "|EXPLORER|MOCHU|PANASONIC|FK|CX|DKF|SPZ|GPZ|KML|WQK"
)

_CORE = re.compile(rf"{PREFIXES}({'|'.join(SERIES)})")
_LONGEST_CORE = 14
_RUN = re.compile(r"[A-Z0-9]+")
_LETTERS = rf"{CYLINDRICAL}|{INSERTS}|{HOUSED}|QJ|ER|ZA|MR|W|SS|HCB|B|C"
_MAKER = re.compile(rf"(?<![A-Z0-9])(?:{MAKERS})(?:(?![A-Z])|(?=(?:{_LETTERS}|R)[ -]?\d))")
_LETTERS_APART = re.compile(rf"(?<![A-Z0-9])({_LETTERS})[ .-]{{1,2}}(?=\d{{2,5}})")
_VARIANT = re.compile(r"(?<![A-Z0-9])B[BC]\d-?\d{4}[A-Z]?(?![A-Z0-9])")
"""A maker's drawing number in front of the designation that it varies."""
_SIZES = re.compile(r"(?<![A-Z0-9])\d+(?:[.,]\d+)?(?: ?[X*] ?\d+(?:[.,]\d+)?){2}(?: ?MM)?(?![A-Z0-9])")
_COUNTS = re.compile(r"(?<![A-Z0-9])\d{1,2} ?[X*] ?(?=[A-Z]{0,4}\d{3})|(?<![A-Z0-9])[X*] ?\d{1,2}(?![A-Z0-9])")
_ANGLES = re.compile(r"[ .-]?(AC|A5|BE|[ABC])(?![0-9])")
_CYRILLIC = str.maketrans("АВЕКМНОРСТХУ", "ABEKMHOPCTXY")
_DASHES = str.maketrans(
    dict.fromkeys("‐‑‒–—―−﹘﹣－", "-") | {"°": " ", "º": " ", "×": "X", "№": " ", "⁄": "/", "∕": "/", "·": "."}
)


class SeveralBearingsError(ValueError):
    """A string that names more than one bearing, or may."""


def designation(text: str) -> str:
    """The one basic designation in `text`, as the catalogue writes it; ValueError says what it holds instead."""
    found = list(dict.fromkeys(_designations(text)))
    if len(found) > 1:
        raise SeveralBearingsError(f"{text!r} names {len(found)} bearings, {' and '.join(found)}; give one")
    if not found:
        raise ValueError(f"{text!r} is no part number of a rolling bearing")
    return found[0]


def _designations(text: str) -> Iterator[str]:
    """Every designation in `text`, left to right; ValueError for what may be another one."""
    plain = normalised(text)
    place = 0
    last = None
    while run := _RUN.search(plain, place):
        place = run.end()
        if last is not None and is_suffix(run[0]):
            continue
        core = _core_at(plain, run.start(), text)
        if core is not None:
            last, place = core
            yield last
        elif _may_be_a_bearing(run[0], plain[run.start() - 1], last):
            if last is None:
                whose = "" if run[0] == text.strip() else f"{text!r}: "
                raise ValueError(f"{whose}{run[0]!r} is no part number of a rolling bearing")
            raise SeveralBearingsError(f"{text!r}: {last}, but {run[0]!r} may be another bearing; give one alone")


def normalised(text: str) -> str:
    """Upper case with ASCII dashes, Cyrillic look-alikes as Latin, without makers, sizes, counts and other scripts."""
    text = re.sub(r"(?i)\bN[°ºo]\.?(?![a-z0-9])", " ", text)
    upper = unicodedata.normalize("NFKC", text.translate(_DASHES)).upper().translate(_DASHES)
    words = (word.translate(_CYRILLIC) if _is_code(word) else word for word in re.split(r"(\s+)", upper))
    plain = re.sub(r"[^\x20-\x7e]", " ", "".join(words))
    plain = _SIZES.sub(" ", _VARIANT.sub(" ", _MAKER.sub(" ", plain)))
    return _LETTERS_APART.sub(r"\1", _COUNTS.sub(" ", plain))


def _is_code(word: str) -> bool:
    """Part of a part number and no word: it has digits, or is short and made of letters that look Latin."""
    letters = [letter for letter in word if letter.isalpha()]
    return any(letter.isdigit() for letter in word) or (
        len(letters) <= 4 and all(ord(c.translate(_CYRILLIC)) < 128 for c in letters)
    )


def _core_at(plain: str, start: int, text: str) -> tuple[str, int] | None:
    """The designation that starts at `start` with its suffixes glued on, and where they end."""
    possible: dict[str, int] = {}
    for end in range(start + 2, min(len(plain), start + _LONGEST_CORE) + 1):
        match = _CORE.fullmatch(plain, start, end)
        glued = _RUN.match(plain, end)
        if match is None or (glued is not None and not is_suffix(glued[0])):
            continue
        possible[_canonical(match[1], plain[end:])] = glued.end() if glued else end
    if len({re.sub(r"\D", "", name) for name in possible}) > 1:
        ways = " or ".join(possible)
        raise ValueError(f"{text!r} can be read as {ways}; write a dash before the suffixes")
    return max(possible.items(), key=lambda item: len(item[0]), default=None)


def _canonical(core: str, rest: str) -> str:
    """One name for one inside: Fafnir's as ISO's, an insert without its housing, the contact angle by its letter."""
    if re.fullmatch(r"[23]\d\d(?:K|PP)", core):
        return f"6{core[:3]}"
    if re.fullmatch(r"91\d\d(?:K|PP)", core):
        return f"60{core[2:4]}"
    if re.fullmatch(rf"{HOUSED}\d+", core):
        return f"UC{core[-3:]}"
    if core.startswith("7"):
        digits = re.match(r"\d+", core)
        assert digits is not None
        letter = core[digits.end() :] or (found[1] if (found := _ANGLES.match(rest)) else "")
        return digits[0] + {"BE": "B", "A5": "AC"}.get(letter, letter)
    return core


def _may_be_a_bearing(run: str, before: str, last: str | None) -> bool:
    """A run with as many digits as a part number; and behind a bearing a bare number, as in `6205/06`.

    Not so one behind an insert's dash: `UC205-16` has a bore of 16 sixteenths of an inch.
    """
    if re.search(r"\d{3}", run):
        return True
    inch_bore = last is not None and re.match(INSERTS, last) and before == "-"
    return last is not None and run.isdigit() and not inch_bore and (len(run) > 1 or before in "/,&+;")
