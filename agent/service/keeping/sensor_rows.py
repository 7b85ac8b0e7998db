"""One row for each sensor, with what of its state has no table of its own: what its healthy states were learnt on, and
what was counted when the agent last ended as it should.

Together with the rows of what was learnt and of alerts it is the sensor's state; see `sensor_state`.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from agent.errors import ConfigError
from agent.service.keeping.sensor_state import SensorState, decode, encode
from agent.service.keeping.state_tables import Put
from agent.service.keeping.transactions import Statement, Transactions


class SensorRows:
    """By sensor."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def load(self, sensor: str) -> SensorState | None:
        """What was saved; None where nothing was, or it cannot be read, which is told."""
        rows = self._transactions.rows("select value from sensor where sensor = ?", sensor)
        try:
            return decode(rows[0][0]) if rows else None
        except ConfigError as error:
            self._transactions.notice(f"{sensor}: what was counted of it is lost ({error})")
            return None

    def save(self, states: Iterable[SensorState]) -> bool:
        """Instead of what was saved of those sensors; False: in memory alone."""
        return self._transactions.write([row_of(state) for state in states])


def row_of(state: SensorState) -> Statement:
    """The row of a sensor, to be written together with others."""
    return Put("sensor", [(state.sensor, time.time(), encode(state))])
