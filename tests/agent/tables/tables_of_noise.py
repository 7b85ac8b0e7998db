"""Tables as people write them, made of noise: every dialect, header and role, for the tests that draw them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from agent.tables.settle import settle
from agent.tables.values import Question, Table, Told

ROWS = 300

NAMES = {
    "acceleration": ("ax", "acc_x", "Accel X [g]", "가속도X", "Beschleunigung [m/s²]", "accélération"),
    "time": ("time_s", "t", "Zeit [s]", "시간(초)", "Timestamp", "X-Axis", "foo", "X"),
    "counter": ("index", "n", "순번", "seq", "sample", "y"),
    "temperature": ("temp_c", "Temperatur [°C]", "온도", "T_motor (°C)", "DHT temp"),
    "gyro": ("gx", "gyroX", "Gyro Y [deg/s]", "각속도"),
    "angle": ("roll", "Pitch", "yaw (deg)"),
    "speed": ("rpm", "Drehzahl", "회전수", "tacho", "speed [1/min]"),
    "velocity": ("velocity (mm/s)", "vx", "진동속도(mm/s)", "v_rms [mm/s]"),
    "voltage": ("battery_v", "Voltage (V)", "전압"),
    "label": ("class", "label", "라벨", "Zustand", "fault_type"),
    "constant": ("ch9", "", "value"),
    "text": ("comment", "비고", "machine"),
}
"""Role -> headers that people give it; some only resemble an axis, where the contents tell."""


@dataclass(frozen=True)
class Drawn:
    """A table's lines, and the role of each column."""

    lines: list[str] = field(repr=False)
    roles: tuple[str, ...]
    names: tuple[str, ...]


def fields_of_role(role: str, rng: np.random.Generator, *, digits: int = 4) -> list[str]:
    """What a column of one role holds."""
    k = np.arange(ROWS)
    if role == "text":
        return ["ok"] * ROWS
    if role in ("counter", "label"):
        values = k if role == "counter" else k // (ROWS // 2)
        return [str(v) for v in values]
    whole = {
        "acceleration": rng.normal(0.1, 1.0, ROWS),
        "time": k / 1000.0,
        "constant": np.full(ROWS, 7.5),
        "temperature": 35 + rng.normal(0, 0.2, ROWS),
        "speed": 1500 + rng.normal(0, 5, ROWS),
        "voltage": 3.7 + rng.normal(0, 0.1, ROWS),
    }
    return [f"{v:.{digits}f}" for v in whole.get(role, rng.normal(0, 20, ROWS))]


@st.composite
def drawn_tables(draw: st.DrawFn) -> Drawn:
    """One to six columns, one to three of them acceleration or none, under a header, in any dialect."""
    others = draw(st.lists(st.sampled_from([r for r in NAMES if r != "acceleration"]), max_size=4, unique=True))
    roles = draw(st.permutations(others + ["acceleration"] * draw(st.integers(0, 2))))
    roles = roles or ["acceleration"]
    names: list[str] = []
    for role in roles:
        free = [name for name in NAMES[role] if name not in names]
        names.append(draw(st.sampled_from(free)))
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    comma = separator != "," and draw(st.booleans())
    quoted = draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    columns = [fields_of_role(role, rng) for role in roles]
    rows = [[c[k].replace(".", ",") if comma else c[k] for c in columns] for k in range(ROWS)]
    if quoted:
        rows, names_written = [[f'"{f}"' for f in row] for row in rows], [f'"{n}"' for n in names]
    else:
        names_written = names
    preamble = draw(st.sampled_from([[], ["# logger 7"], ["Device: logger", "Gain 5", ""], ["started 12:00"]]))
    lines = [*preamble, separator.join(names_written), *(separator.join(row) for row in rows)]
    return Drawn(lines, tuple(roles), tuple(names))


def settled(lines: list[str], **told: object) -> Table:
    """The table; a Question fails the test."""
    found = settle(lines, Told(**told))  # type: ignore[arg-type]
    assert isinstance(found, Table), found
    return found


def asked(lines: list[str], **told: object) -> Question:
    """The question; a table fails the test."""
    found = settle(lines, Told(**told))  # type: ignore[arg-type]
    assert isinstance(found, Question), found
    return found
