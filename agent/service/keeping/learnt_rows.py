"""Rows of what was learnt: healthy states, those set aside for a repair, and a commissioning that is under way.

Each has a checksum: a value that is not what was written is never read here (see `salvage`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from agent.service.keeping.alert_rows import AlertRows, Said
from agent.service.keeping.state_tables import Put, Row
from agent.service.keeping.transactions import Statement, Transactions

Stored: TypeAlias = Mapping[str | None, bytes]
"""Bearing -> baseline, as `agent.diagnosis.baseline.to_bytes` writes it."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """A commissioning that begins; without a `value` one that ends."""

    value: bytes | None = None


class LearntRows:
    """What is known of healthy machines, by sensor and bearing."""

    def __init__(self, transactions: Transactions, *, alerts: AlertRows) -> None:
        self._transactions = transactions
        self._alerts = alerts

    def save(
        self,
        sensor: str,
        baselines: Stored,
        *,
        features: str,
        aside: Stored | None = None,
        ended: Sequence[Said] = (),
        under_way: UnderWay | None = None,
        state: Statement | None = None,
    ) -> bool:
        """All that is known of a sensor's healthy machine, instead of what was; False: nothing of it is written.

        `features` says which feature definition the numbers belong to; `aside` is kept as that from before a repair,
        and the alerts `ended` with it are cleared. `under_way`: the commissioning that begins or ends with this;
        None: that goes on as it is. `state`: its row of `sensor_rows`. One transaction: a kill finds all of it, or
        nothing.
        """

        def rows(stored: Stored) -> list[Row]:
            return [(sensor, bearing or "", features, time.time(), value) for bearing, value in stored.items()]

        begins = (
            [] if under_way is None or under_way.value is None else [(sensor, features, time.time(), under_way.value)]
        )
        changed = [] if under_way is None else [(sensor,)]
        steps: list[Statement] = [
            ("delete from commissioning where sensor = ?", changed),
            ("delete from lesson where sensor = ?", changed),
            Put("commissioning", begins),
            ("delete from baseline where sensor = ?", [(sensor,)]),
            Put("baseline", rows(baselines)),
            ("delete from baseline_bak where sensor = ?", [(sensor,)]),
            Put("baseline_bak", rows(aside or {})),
        ]
        ends = [step for said in ended for step in self._alerts.steps(said)]
        is_kept = self._transactions.write([*steps, *ends, *([] if state is None else [state])])
        self._transactions.copy()
        return is_kept

    def give_up(self, sensor: str) -> bool:
        """Forget the commissioning that is under way, and nothing else."""
        own = [(sensor,)]
        tables = ("commissioning", "lesson")
        return self._transactions.write([(f"delete from {table} where sensor = ?", own) for table in tables])

    def add_lessons(self, sensor: str, lessons: Sequence[bytes]) -> bool:
        """Keep what a commissioning under way has heard since; False: not written."""
        goes_on = self._transactions.rows("select features, value from commissioning where sensor = ?", sensor)
        return self._transactions.write(
            [
                Put("commissioning", [(sensor, features, time.time(), value) for features, value in goes_on]),
                Put("lesson", [(sensor, lesson) for lesson in lessons]),
            ]
        )

    def under_way(self, sensor: str, *, features: str, max_age_s: float) -> tuple[bytes, list[bytes]] | None:
        """The commissioning that a restart interrupted, with its lessons in order; None: there is none to resume."""
        query = "select features, saved_wall_s, value from commissioning where sensor = ?"
        rows = self._transactions.rows(query, sensor)
        if not rows:
            return None
        made_with, saved_wall_s, value = rows[0]
        if made_with != features or time.time() - saved_wall_s > max_age_s:
            self._transactions.notice(f"{sensor}: its commissioning was interrupted for too long; commission it again")
            return None
        lessons = self._transactions.rows("select value from lesson where sensor = ? order by rowid", sensor)
        return value, [lesson for (lesson,) in lessons]

    def baselines(self, sensor: str, *, features: str) -> dict[str | None, bytes]:
        """Bearing -> stored baseline, as far as it was learnt with the same feature definition."""
        return self._usable("baseline", sensor, features=features)

    def aside(self, sensor: str, *, features: str) -> dict[str | None, bytes]:
        """Likewise, of before a repair after which the new healthy state is not complete yet."""
        return self._usable("baseline_bak", sensor, features=features)

    def _usable(self, table: str, sensor: str, *, features: str) -> dict[str | None, bytes]:
        query = f"select bearing, features, value from {table} where sensor = ?"
        usable: dict[str | None, bytes] = {}
        stale = 0
        for bearing, made_with, value in self._transactions.rows(query, sensor):
            if made_with == features:
                usable[bearing or None] = value
            else:
                stale += 1
        if stale:
            self._transactions.notice(
                f"{sensor}: its baseline was learnt with other features than this bundle's; commission it again"
            )
        return usable
