"""Lines that come one by one: held until they settle a table, then read with it, the held ones first.

A table that its lines no longer fit is settled anew; what cannot be told is asked once. Bounded, and nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable

from agent.tables.rows import Heard, Other, Row, Spoilt, read_line
from agent.tables.settle import SAMPLE_LINES, settle
from agent.tables.values import Question, Table, Told

LEAST_LINES = 12  # lines after which silence settles a table: fewer do not show what a column does
UNFIT = 32  # lines in a row without a sample after which a table is settled anew


class TableReader:
    """The lines of one source. `table` is None until it is settled; `question` is what then cannot be told."""

    def __init__(self, told: Told | None = None) -> None:
        self.table: Table | None = None
        self.question: Question | None = None
        self.latest: Table | None = None  # the table that the rows last given belong to, though it may be out of date
        self._told = told
        self._held: list[str] = []
        self._head: list[str] = []  # the lines before the settled table's first row: its header stays its own
        self._unfit: list[str] = []

    @property
    def held(self) -> int:
        """Lines that wait for a table."""
        return len(self._held)

    def feed(self, lines: Iterable[str]) -> list[Heard]:
        """What these lines are; nothing while they are held, and all of the held ones once they settle a table."""
        heard: list[Heard] = []
        for line in lines:
            if self.table is None:
                self._held.append(line)
                if len(self._held) >= SAMPLE_LINES:
                    heard += self._settle(is_last_word=True)
            else:
                heard += self._read(self.table, line)
        return heard

    def settle(self, *, is_end: bool = False) -> list[Heard]:
        """The source has fallen silent: settle with what is there, if that is enough, or if no more will come."""
        if self.table is not None or len(self._held) < (1 if is_end else LEAST_LINES):
            return []
        return self._settle(is_last_word=is_end)

    def _settle(self, *, is_last_word: bool) -> list[Heard]:
        found = settle(self._held, self._told)
        if isinstance(found, Question):
            if is_last_word:
                self.question = found
                del self._held[SAMPLE_LINES // 2 :]  # a header stays; later lines may show more
            return []
        held, self._held = self._held, []
        self._head = held[: found.skip]
        self.table, self.latest, self.question = found, found, None
        return [heard for line in held[found.skip :] for heard in self._read(found, line)]

    def _read(self, table: Table, line: str) -> list[Heard]:
        heard = read_line(table, line)
        if isinstance(heard, Row):
            self._unfit.clear()
        elif isinstance(heard, Other) or (isinstance(heard, Spoilt) and heard.is_misfit):
            self._unfit.append(line)
            if len(self._unfit) >= UNFIT and self.table is not None:
                self.table, self._held, self._unfit = None, [*self._head, *self._unfit], []
        return [heard]
