"""Fault orders given directly: what is missing follows from the others, and what contradicts them is refused.

For an inner ring that turns, BPFO + BPFI = n, BPFO = n FTF, and BSF = (1/r - r) / 2 times the cosine of the contact
angle, with r = (BPFI - BPFO) / n (Harris & Kotzalas, ch. 8). Two are enough; the rest is a check of the figures.
"""

from __future__ import annotations

import math
import re

from agent.machine import FaultOrders, Geometry

FEWEST, MOST = 3, 200
ROUNDED = 0.0051
"""How far an order may be off by its rounding: tables print two decimals at least."""
STEEPEST = math.cos(math.radians(50))
"""Cosine of the largest contact angle of a radial bearing."""
KEYS = ("bpfo", "bpfi", "bsf", "ftf")


def checked_orders(
    *, bpfo: float | None, bpfi: float | None = None, bsf: float | None = None, ftf: float | None = None
) -> FaultOrders:
    """The four orders of one bearing from two or more of them; ValueError says which contradict, and the mend.

    Without `bsf` a contact angle of 0 is assumed for it.
    """
    given = {"bpfo": bpfo, "bpfi": bpfi, "bsf": bsf, "ftf": ftf}
    for key, value in given.items():
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"{key} = {value:g} is no order; give a number above 0")
    if bpfo is None or (bpfi is None and ftf is None):
        raise ValueError("give bpfo, and bpfi or ftf, in multiples of shaft speed (bpfo=3.585,bpfi=5.415)")
    balls = _balls(bpfo, bpfi, ftf)
    inner = balls - bpfo if bpfi is None else bpfi
    _check_races(bpfo, inner, balls)
    cage = bpfo / balls if ftf is None else ftf
    if abs(cage * balls - bpfo) > (balls + 1) * ROUNDED:
        raise ValueError(
            f"ftf and bpfo contradict: with {balls} rolling elements (bpfo + bpfi) "
            f"ftf is {bpfo / balls:.3f}, not {cage:g}"
        )
    ratio = (inner - bpfo) / (inner + bpfo)
    spin = (1 / ratio - ratio) / 2
    if bsf is not None:
        _check_spin(bsf, spin)
    return FaultOrders(bpfo=bpfo, bpfi=inner, bsf=spin if bsf is None else bsf, ftf=cage)


def given_orders(text: str) -> FaultOrders:
    """`bpfo=3.58,bpfi=5.42,bsf=2.36,ftf=0.398`; ValueError says what is wrong."""
    found: dict[str, float] = {}
    for part in re.split(r"[,;\s]+", text.strip(" ,;")):
        key, equals, value = part.partition("=")
        key = key.strip().lower()
        if not equals or key not in KEYS or key in found:
            raise ValueError(f"{part!r} is none of {', '.join(f'{k}=' for k in KEYS)}, each once, separated by commas")
        try:
            found[key] = float(value)
        except ValueError:
            raise ValueError(f"{part!r}: {value!r} is no number") from None
    return checked_orders(bpfo=found.get("bpfo"), bpfi=found.get("bpfi"), bsf=found.get("bsf"), ftf=found.get("ftf"))


def geometry_from(balls: int, ball: float, pitch: float, angle: float = 0.0) -> Geometry:
    """A geometry that can be built; ValueError says what cannot. Diameters in one unit, the angle in degrees."""
    if not (FEWEST <= balls <= MOST and 0 < ball < pitch < math.inf and 0 <= angle < 90):
        raise ValueError(f"needs {FEWEST} to {MOST} balls, 0 < ball < pitch, 0 <= angle < 90")
    if balls * ball >= math.pi * pitch:
        raise ValueError(f"{balls} balls of {ball:g} do not fit on a pitch circle of {pitch:g}")
    return Geometry(balls, ball, pitch, angle)


def _balls(bpfo: float, bpfi: float | None, ftf: float | None) -> int:
    number = bpfo / ftf if bpfi is None and ftf is not None else bpfo + (bpfi or 0.0)
    if number > MOST:
        raise ValueError(f"orders are multiples of shaft speed; {number:.4g} rolling elements look as if Hz were given")
    if number < FEWEST - 0.5:
        raise ValueError(f"{number:.3g} rolling elements: are these per rpm? multiply them by 60")
    return round(number)


def _check_races(bpfo: float, bpfi: float, balls: int) -> None:
    if bpfo >= bpfi:
        raise ValueError(f"bpfo = {bpfo:g} is not below bpfi = {bpfi:g}: are they exchanged?")
    total = bpfo + bpfi
    if abs(total - balls) > max(4 * ROUNDED, balls * 0.004):
        raise ValueError(
            f"bpfo and bpfi contradict: {bpfo:g} + {bpfi:g} = {total:.4g} "
            "is the number of rolling elements, and not whole"
        )


def _check_spin(bsf: float, spin: float) -> None:
    """`spin` is that of a contact angle of 0; a larger angle lowers it."""
    if STEEPEST * spin <= bsf <= 1.03 * spin:
        return
    if STEEPEST * spin <= bsf / 2 <= 1.03 * spin:
        raise ValueError(f"bsf = {bsf:g} is twice the ball's spin, as some makers print it; give {bsf / 2:.4g}")
    raise ValueError(f"bsf contradicts bpfo and bpfi: by them it is {STEEPEST * spin:.3g} to {spin:.3g}, not {bsf:g}")
