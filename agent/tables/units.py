"""Units as people write them: which quantity they measure, and for acceleration and time how much one of them is."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from agent.tables.values import Role


@dataclass(frozen=True, slots=True)
class UnitSense:
    """A unit's quantity; `base` of acceleration (g, m/s2), voltage (V), counts (raw); `scale` in it, or in seconds."""

    role: Role
    base: str | None = None
    scale: float = 1.0


def _spellings(role: Role, *names: str) -> dict[str, UnitSense]:
    return {name: UnitSense(role) for name in names}


_PER_S2 = (
    "m/s2",
    "m/s^2",
    "m/s**2",
    "m/s/s",
    "ms-2",
    "ms^-2",
    "m.s-2",
    "m*s-2",
    "m s-2",
    "mps2",
    "m_s2",
    "ms2",
    "meter/s2",
)
_UNITS: dict[str, UnitSense] = {
    **{name: UnitSense("acceleration", "m/s2") for name in _PER_S2},
    **{"m" + name: UnitSense("acceleration", "m/s2", 1e-3) for name in _PER_S2 if "/" in name or name == "m_s2"},
    **dict.fromkeys(("cm/s2", "cm/s^2", "gal"), UnitSense("acceleration", "m/s2", 1e-2)),
    **dict.fromkeys(("in/s2", "in/s^2"), UnitSense("acceleration", "m/s2", 0.0254)),
    **dict.fromkeys(("g", "gs", "g's", "gn", "g0", "g-force", "gee"), UnitSense("acceleration", "g")),
    **dict.fromkeys(("mg", "milli-g", "millig"), UnitSense("acceleration", "g", 1e-3)),
    **dict.fromkeys(("ug", "micro-g", "microg"), UnitSense("acceleration", "g", 1e-6)),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "sek", "sekunden", "초"), UnitSense("time", None, 1.0)),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds", "밀리초"), UnitSense("time", None, 1e-3)),
    **dict.fromkeys(
        ("us", "usec", "micros", "microsecond", "microseconds", "마이크로초"), UnitSense("time", None, 1e-6)
    ),
    **dict.fromkeys(("ns", "nsec", "nanos", "nanosecond", "nanoseconds", "나노초"), UnitSense("time", None, 1e-9)),
    **dict.fromkeys(("min", "minutes", "분"), UnitSense("time", None, 60.0)),
    **dict.fromkeys(("h", "hours"), UnitSense("time", None, 3600.0)),
    **_spellings("velocity", "mm/s", "mm.s-1", "mm s-1", "mm_s", "mmps", "mms-1", "m/s", "cm/s", "in/s", "ips", "um/s"),
    **_spellings("displacement", "m", "mm", "cm", "um", "nm", "mil", "mils", "inch", "in", "micron", "microns"),
    **_spellings(
        "temperature", "°c", "c", "degc", "deg c", "celsius", "°f", "degf", "f", "fahrenheit", "k", "kelvin", "도"
    ),
    **dict.fromkeys(("v", "volt", "volts"), UnitSense("voltage", "V")),
    **{name: UnitSense("voltage", "V", scale) for name, scale in (("mv", 1e-3), ("uv", 1e-6), ("kv", 1e3))},
    **_spellings("current", "a", "ma", "ua", "amp", "amps", "ampere"),
    **_spellings("power", "w", "kw", "kwh", "wh", "va", "kva"),
    **_spellings("speed", "rpm", "1/min", "min-1", "min^-1", "u/min", "r/min", "rev/min", "tr/min", "rps", "hz", "khz"),
    **_spellings("gyro", "deg/s", "°/s", "dps", "mdps", "rad/s", "deg/sec", "degrees/s", "deg_s", "rad_s"),
    **_spellings("angle", "deg", "°", "degree", "degrees", "rad", "grad"),
    **_spellings("humidity", "%rh", "rh", "% rh", "%"),
    **_spellings("pressure", "pa", "hpa", "kpa", "mpa", "bar", "mbar", "psi", "mmhg"),
    **_spellings("magnetic", "ut", "mt", "nt", "t", "gauss", "mgauss"),
    **_spellings("sound", "db", "dba", "db(a)"),
    **_spellings("force", "n", "kn", "nm", "n·m", "n*m", "kgf", "lbf"),
    **dict.fromkeys(
        ("lsb", "counts", "count", "cts", "digits", "digit", "adc", "raw", "adu"), UnitSense("unknown", "raw")
    ),
}
_SUFFIX = re.compile(
    r"^(.*?)\s*(?:[\[(<{]\s*([^\[\]()<>{}]*(?:\([^()]*\))?)\s*[\])>}]|\s+in\s+(\S+)|\s*[/,]\s*(\S+))\s*$"
)
_WORD_SUFFIX = re.compile(r"^(.+?)[\s_.-]+((?:mm|m|rad|deg)_s2?|[^\s_.-]+)$")


def unit_sense(text: str) -> UnitSense | None:
    """What a unit measures; None where it is none that is known."""
    return _UNITS.get(plain(text).strip(" []()."))


def plain(text: str) -> str:
    """Lower case, without accents, super- and subscripts, and with one letter for micro and one dot for the product."""
    text = (
        text.replace("℃", "°c")
        .replace("℉", "°f")
        .replace("µ", "u")
        .replace("μ", "u")
        .replace("·", ".")
        .replace("−", "-")
    )
    text = text.replace("⁻¹", "-1").replace("⁻²", "-2")
    text = unicodedata.normalize("NFKD", text.replace("²", "2").replace("³", "3").replace("ß", "ss"))
    return unicodedata.normalize("NFC", "".join(c for c in text if not unicodedata.combining(c))).lower().strip()


def split_unit(name: str) -> tuple[str, str | None]:
    """A header's words and its unit: `Acc [g]`, `Zeit (s)`, `Acceleration in g`, `a, m/s2`; None where it has none."""
    match = _SUFFIX.match(name.strip())
    if match:
        unit = next((group for group in match.groups()[1:] if group is not None), "")
        if unit_sense(unit) is not None:
            return match[1].strip(), unit.strip()
        if match[2] is not None and not match[1].strip():
            return match[2].strip(), None  # a name in brackets
    return name.strip(), None


def split_word_unit(name: str) -> tuple[str, str | None]:
    """A name and the unit that is its last word, as in `ax_g`, `timestamp_us`, `temp_c`."""
    match = _WORD_SUFFIX.match(name.strip())
    if match and unit_sense(match[2]) is not None:
        return match[1], match[2]
    return name.strip(), None
