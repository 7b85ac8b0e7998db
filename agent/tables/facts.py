"""What lines before a table, or fields that never change, say of it: sample rate, unit, speed, channels.

`Sample rate: 12000 Hz`, `Fs = 25.6 kHz`, `Abtastrate;12000`, `dt: 0.1 ms`. Two lines that disagree say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from agent.tables.numbers import number_of
from agent.tables.units import UnitSense, plain, unit_sense
from agent.tables.values import Facts

T = TypeVar("T")
ROUNDED = 1.001  # ratio of two rates that are the same figure, once as an interval

_PAIR = re.compile(
    r"^[#%!/\s\"'*]*(?P<key>[^\W\d][^:=;\t,]*?)\s*[\"']?\s*(?:[:=;,\t]+|\s(?=[+-]?\.?\d))\s*[\"']?(?P<value>[^\"';\t]+)"
)
_RATE = re.compile(
    r"(?:sampl\w*[\s_-]*(?:rate|freq\w*)|(?:rate|frequency) of sampling|sample_?rate\w*|samplerate\w*|scan[\s_-]?rate"
    r"|fs|f_s|f_?samp\w*|sfreq|sf|sr|samples?[\s_]per[\s_]sec(?:ond)?|odr|sps"
    r"|(?:data|frame|acq\w*|daq|poll\w*)[\s_-]?rate|rate|rate_hz|abtast\w*|frequence d'?echantillonnage|echantillonnage"
    r"|frecuencia de muestreo|muestreo|샘플링\s*(?:주파수|레이트|속도|율)?|샘플\s*레이트|표본화\s*주파수|측정\s*주파수)"
    r"(?:[\s_]*[\[(]?(?P<unit>[km]?hz|ksps|sps|s/s|samples/s(?:ec)?)[\])]?)?"
)
_SAMPLED = re.compile(r"\bsampl(?:ed|ing) (?:at|with|of) (\d[\d.,]* ?k?hz)\b", re.IGNORECASE)  # in a sentence
_INTERVAL = re.compile(
    r"(?:delta[\s_-]?[xt]|dt|d_t|sampl\w*[\s_-]*(?:interval|period|time|step)|t_?sample"
    r"|(?:time[\s_-]*)?(?:interval|increment|step)"
    r"|wf_increment|x[\s_-]?(?:increment|step|spacing|interval)|abtastintervall|schrittweite|샘플링\s*(?:간격|주기))"
    r"(?:[\s_]*[\[(]?(?:in[\s_])?(?P<unit>s|secs?|seconds?|ms|msecs?|us|usecs?|ns)[\])]?)?"
)
_UNIT = re.compile(
    r"(?:y[\s_-]?|vertical[\s_-]?)?units?(?:[\s_-]?(?:label|y))?|y[\s_-]?axis|y_unit_label|einheit\w*|unite|unidad(?:es)?|단위"
    r"|acc(?:eleration)? unit"
)
_RPM = re.compile(
    r"(?:rpm|(?:shaft|motor|rotation\w*)[\s_-]*(?:speed|rpm)|speed|drehzahl|회전수|회전\s*속도|vitesse de rotation)"
    r"(?:[\s_]*[\[(]?(?P<unit>rpm|1/min|min-1|r/min|hz|rps)[\])]?)?"
)
_CHANNELS = re.compile(r"(?:number of |no\.? of |n)?_?(?:channels?|kanale|voies|canales|채널\s*수)(?:[\s_-]?count)?")
_VALUE = re.compile(
    r"(?P<number>[+-]?(?:\d+(?:[.,\s]\d{3}(?!\d))*(?:[.,]\d*)?|[.,]\d+)(?:[eEdD][+-]?\d+)?)\s*[\[(]?(?P<unit>[^\d\s\[\]()]*(?:/s)?)"
)
_HZ = {
    "": 1.0,
    "hz": 1.0,
    "khz": 1e3,
    "mhz": 1e6,
    "sps": 1.0,
    "ksps": 1e3,
    "s/s": 1.0,
    "samples/s": 1.0,
    "samples/sec": 1.0,
    "1/s": 1.0,
}
_PER_MINUTE = {"": 1.0, "rpm": 1.0, "1/min": 1.0, "min-1": 1.0, "r/min": 1.0, "u/min": 1.0, "hz": 60.0, "rps": 60.0}


def facts_of(lines: Sequence[str]) -> Facts:
    """What remarks and lines of `name: value` before a table say."""
    pairs = ((match["key"], match["value"]) for line in lines if (match := _PAIR.match(line[:400])))
    prose = (("rate", match[1]) for line in lines if (match := _SAMPLED.search(line[:400])))
    return facts_of_pairs([*pairs, *prose])


def facts_of_pairs(pairs: Iterable[tuple[str, str]]) -> Facts:
    """What names and values say: of a preamble, or JSON keys that stand beside the samples."""
    rates: set[float] = set()
    units: set[str] = set()
    speeds: set[float] = set()
    channels: set[int] = set()
    for raw_key, raw_value in pairs:
        key, value = plain(raw_key).strip(" \"'#"), raw_value.strip()
        if match := _RATE.fullmatch(key):
            rates |= _rate(value, match["unit"])
        elif match := _INTERVAL.fullmatch(key):
            rates |= _rate_of_interval(value, match["unit"])
        elif _UNIT.fullmatch(key) and (sense := unit_sense(value)) is not None and _is_of_signal(sense):
            units.add(value)
        elif match := _RPM.fullmatch(key):
            speeds |= _speed(value, match["unit"])
        elif _CHANNELS.fullmatch(key):
            channels |= {int(number) for number, unit in _number(value) if unit == "" and number == int(number) > 0}
    return Facts(_rate_of(rates), _only(units), _only(speeds), _only(channels))


def _rate_of(rates: set[float]) -> float | None:
    """The one rate, the rounding of an interval aside."""
    return max(rates, key=lambda hz: hz == round(hz)) if rates and max(rates) <= ROUNDED * min(rates) else None


def _is_of_signal(sense: UnitSense) -> bool:
    """Whether a unit may be that of the samples, be they acceleration or not."""
    return sense.base in ("g", "m/s2", "V") or sense.role in ("velocity", "displacement")


def _only(values: set[T]) -> T | None:
    return next(iter(values)) if len(values) == 1 else None


def _rate(value: str, unit: str | None) -> set[float]:
    return {
        float(f"{number * _HZ[own or unit or '']:.9g}")
        for number, own in _number(value)
        if (own or unit or "") in _HZ and number > 0
    }


def _speed(value: str, unit: str | None) -> set[float]:
    """In rpm; a speed without a unit is taken for that."""
    per_minute = {own or unit or "": number for number, own in _number(value) if number > 0}
    return {float(f"{number * _PER_MINUTE[own]:.9g}") for own, number in per_minute.items() if own in _PER_MINUTE}


def _rate_of_interval(value: str, unit: str | None) -> set[float]:
    found = set()
    for number, own in _number(value):
        sense = unit_sense(own or unit or "s")
        if number > 0 and sense is not None and sense.role == "time":
            found.add(float(f"{1 / (number * sense.scale):.6g}"))
    return found


def _number(value: str) -> list[tuple[float, str]]:
    """A value's number and its unit in lower case; empty where it has none."""
    match = _VALUE.match(value.strip())
    if match is None:
        return []
    text = re.sub(r"\s", "", match["number"])
    if re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        text = text.replace(",", "")
    number = number_of(text)
    number = number_of(text, ",") if number is None else number
    return [] if number is None else [(number, plain(match["unit"]).rstrip("."))]
