"""What a table of numbers is, once settled: how its lines are written, what each column is, and what was left out.

All frozen, all without I/O; a table that cannot be settled is a `Question`, which says what settles it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Role: TypeAlias = Literal[
    "acceleration",
    "time",
    "counter",
    "speed",
    "temperature",
    "humidity",
    "pressure",
    "velocity",
    "displacement",
    "angle",
    "gyro",
    "magnetic",
    "voltage",
    "current",
    "power",
    "force",
    "sound",
    "derived",
    "label",
    "constant",
    "slow",
    "text",
    "unknown",
]
"""What a column can be; "unknown" is measured by something that its name does not tell, "slow" holds no vibration."""

Unit: TypeAlias = Literal["g", "m/s2", "V"]
"""Of samples: acceleration, or with `Told.volts` what its sensor gave."""
Decimal: TypeAlias = Literal[".", ","]
Settles: TypeAlias = Literal["columns", "time_column", "rate", "unit", "decimal", "none"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the fields of a line are written.

    `separator` is one of tab, `;`, `|`, `,`, a space (any white space) or empty (one column). With a decimal comma
    beside a separating one, `paired` says that two fields of digits make one number.
    """

    separator: str
    decimal: Decimal = "."
    paired: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its role, and why.

    Values of acceleration are in `unit` once multiplied by `scale`, those of the shaft's speed in rpm.
    """

    name: str  # its header or label; its number from 1 where it has none
    role: Role
    reason: str  # why it has this role, as the end of a sentence
    unit: str | None = None  # of acceleration "g" or "m/s2", of its sensor's volts "V", else as it was written
    scale: float = 1.0
    second: float | None = None  # seconds per unit of a time column, where that is known
    axis: str | None = None  # "x", "y", "z" where the name says so
    sure: bool = False  # the role follows from what name or unit say outright
    stamped: bool = False  # holds dates or times of day, not numbers


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Columns or lines that do not become samples, and why; to be said once."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What lines before the table say of it; None where they say nothing."""

    rate_hz: float | None = None
    unit: str | None = None
    rpm: float | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a person or a configuration says of a table; names are globs, numbers count from 1."""

    columns: tuple[int | str, ...] | None = None
    time_column: int | str | None = None
    rate_hz: float | None = None
    unit: Literal["g", "m/s2", "raw"] | None = None
    channels: int | None = None
    volts: bool = False  # a sensor's sensitivity is known: columns of volts are its acceleration


@dataclass(frozen=True, slots=True)
class Table:
    """A settled table. `chosen`, `time`, `counter`, `speed` are indexes into `columns`; `axes` names the chosen ones.

    `names` are those that a line of this table repeats (labels, JSON keys), empty where lines hold bare fields. Values
    times their column's scale are in `unit`.
    """

    dialect: Dialect
    names: tuple[str, ...]
    columns: tuple[Column, ...]
    chosen: tuple[int, ...]
    axes: tuple[str, ...]
    unit: Unit | None
    time: int | None
    counter: int | None
    speed: int | None  # of the shaft, in rpm once multiplied by the column's scale
    facts: Facts
    skip: int  # lines before the first row
    blank_is_missing: bool  # an empty line among rows of one column is a sample without a value
    left_out: tuple[LeftOut, ...]

    @property
    def width(self) -> int:
        return len(self.columns)

    @property
    def scales(self) -> tuple[float, ...]:
        return tuple(self.columns[k].scale for k in self.chosen)

    @property
    def rpm_scale(self) -> float:
        """What one of the speed column's unit is in rpm."""
        return 1.0 if self.speed is None else self.columns[self.speed].scale


@dataclass(frozen=True, slots=True)
class Question:
    """What cannot be told from the lines alone: one sentence, the columns there are, and what would settle it.

    `settles` "none" is a refusal: no answer makes samples of these lines.
    """

    text: str
    settles: Settles
    columns: tuple[str, ...] = ()
    volts: bool = False  # some column holds volts, which a sensitivity makes acceleration
