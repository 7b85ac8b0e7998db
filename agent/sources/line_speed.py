"""The shaft's speed among the columns of a line: readings for the machines that take it from there.

Where none does, that is said once for each table, with the key that would.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from agent.sources.csvlines import LEFT_OUT, CsvRow, Refusal
from agent.tables.values import Table
from agent.transport.routes import Route
from agent.types import Reading


class LineSpeed:
    """Of one line; `source` is its name in the config."""

    def __init__(self, routes: Iterable[Route], *, source: str) -> None:
        self._machines = tuple(route.sensor for route in routes if route.quantity == "rpm")
        self._source = source
        self._said_of: Table | None = None

    def feed(self, rows: Sequence[CsvRow], *, arrival_s: float, wall_s: float) -> tuple[list[Reading], list[Refusal]]:
        """The speed that rows which arrived together say, and what to say of one that nobody takes."""
        rpm = [row.rpm for row in rows if row.rpm is not None]
        if not rpm:
            return [], []
        table = rows[-1].table
        if self._machines or table is self._said_of or table.speed is None:
            return [Reading(machine, "rpm", median(rpm), arrival_s, wall_s) for machine in self._machines], []
        self._said_of = table
        name, key = table.columns[table.speed].name, f'machines.ID.speed = {{ source = "{self._source}" }}'
        return [], [Refusal(LEFT_OUT, f"{name} is the shaft's speed, and no machine takes it; set {key}")]
