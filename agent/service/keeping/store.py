"""What survives a restart, in one SQLite file: what was learnt, open alerts, and what the sinks do not have yet.

Each kind of row has a module of its own; a write that concerns several of them is one transaction. Where the disk does
not take it, it is in memory (see `refuge`).
"""

from __future__ import annotations

from pathlib import Path

from agent.limits import DAY_S
from agent.service.keeping.alert_rows import AlertRows
from agent.service.keeping.learnt_rows import LearntRows
from agent.service.keeping.numbers import Numbers, count
from agent.service.keeping.refuge import RETRY_S, Refuge
from agent.service.keeping.sensor_rows import SensorRows
from agent.service.keeping.sink_rows import SinkRows
from agent.service.keeping.state_file import FILE_NAME
from agent.service.keeping.transactions import Transactions

MAX_AGE_S = 30 * DAY_S


def open_store(state_dir: Path, *, max_age_s: float = MAX_AGE_S, retry_s: float = RETRY_S) -> Store:
    """The store in `state_dir`, made where it is missing; in memory where the disk does not take it.

    ConfigError where the path leads through a file, or where a later agent wrote the file.
    """
    return Store(Refuge(state_dir / FILE_NAME, retry_s=retry_s), max_age_s=max_age_s)


class Store:
    """The open state; `sinks` may be used from any thread, the rest from one."""

    def __init__(self, place: Refuge, *, max_age_s: float = MAX_AGE_S) -> None:
        self.transactions = Transactions(place)
        self.numbers = Numbers(self.transactions, max_age_s=max_age_s)
        self.alerts = AlertRows(self.transactions, numbers=self.numbers)
        self.sensors = SensorRows(self.transactions)
        self.learnt = LearntRows(self.transactions, alerts=self.alerts)
        self.sinks = SinkRows(self.transactions, numbers=self.numbers)
        self._place = place
        self.transactions.write([count("boot", self.numbers.boot)])

    @property
    def notices(self) -> tuple[str, ...]:
        """What whoever looks at the agent has to know of its state."""
        return (*self._place.said, *self.transactions.told)

    @property
    def troubles(self) -> tuple[str, ...]:
        """Those of the notices that concern whoever relies on a state: that nothing of it is kept."""
        return () if self.is_kept else self._place.said[:1]

    @property
    def is_kept(self) -> bool:
        """Whether what was saved is on the disk and survives a restart."""
        return self.transactions.is_kept

    @property
    def failures(self) -> int:
        """Writes that did not reach the disk (full, read-only)."""
        return self.transactions.failures

    @property
    def is_emptied(self) -> bool:
        """Whether what was saved while running is gone even from memory, and is to be saved again."""
        return self._place.is_emptied

    def is_saved_again(self) -> None:
        """All that was open or learnt has been saved since `is_emptied`."""
        self._place.is_emptied = False

    def look(self, now_s: float) -> bool:
        """Try the disk again every now and then; True: it holds more than was known, which has not been read yet."""
        return self.transactions.look(now_s)

    def close(self) -> None:
        self.transactions.write(self.numbers.steps())
        self.transactions.close()
