"""Apache Parquet: columns with types, read in batches of rows, so that a long file needs little memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import RecordingError
from agent.recordings.asked import Asked
from agent.recordings.columns import filled, settled
from agent.recordings.foreign import check_unpacked, reading
from agent.recordings.recording import Recording
from agent.tables.facts import facts_of_pairs
from agent.tables.typed import SAMPLE_ROWS, Typed, Values, needed_of

BATCH_ROWS = 1 << 15
BUFFER_BYTES = 1 << 20  # of each column: without it a group of rows is read whole
MOST_TEXT = 400  # characters of a value beside the columns
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
FOREIGN_KEYS = ("pandas", "ARROW:schema")
INDEX = "__index_level_"  # how pandas calls an index without a name


def read(path: Path, asked: Asked) -> Recording:
    """A table whole; `asked` names columns by name or by number from 1, several joined by `+`."""
    import pyarrow.parquet

    with (
        reading(path, "Parquet file"),
        pyarrow.parquet.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False) as file,
    ):
        schema = file.schema_arrow
        if len(set(schema.names)) != len(schema.names):
            raise RecordingError(f"{path}: two of its columns have one name; rename one")
        kinds = [_Kind(schema.field(name)) for name in schema.names]
        flat = [kind for kind in kinds if kind.is_flat]
        if not flat or not file.metadata.num_rows:
            nested = ", ".join(kind.name for kind in kinds if not kind.is_flat)
            why = f"; {nested:.200} hold lists, not one number a row" if nested else ""
            raise RecordingError(f"{path}: holds no rows of numbers{why}")
        check_unpacked(path, 8 * file.metadata.num_rows)  # a column
        head = next(file.iter_batches(SAMPLE_ROWS, columns=[kind.name for kind in flat]))
        columns = [kind.typed(head.column(kind.name)) for kind in flat]
        table = settled(path, columns, facts_of_pairs(_pairs(schema.metadata or {})), asked, chosen=asked.parts)
        return filled(path, table, _pieces(file, flat, needed_of(table), asked))


def _pieces(file: Any, flat: list[_Kind], needed: tuple[int, ...], asked: Asked) -> Iterator[Mapping[int, Values]]:
    done, rows = 0, file.metadata.num_rows
    for batch in file.iter_batches(BATCH_ROWS, columns=[flat[k].name for k in needed]):
        yield {k: flat[k].values(batch.column(flat[k].name)) for k in needed}
        done += batch.num_rows
        asked.progress(min(1.0, done / rows))


class _Kind:
    """One column: how its values become numbers or words. Dates count from the first that is seen."""

    def __init__(self, field: Any) -> None:
        import pyarrow.types as types

        kind = field.type
        if types.is_dictionary(kind):
            kind = kind.value_type
        self.name = field.name
        self.is_words = types.is_string(kind) or types.is_large_string(kind)
        self.second = SECONDS.get(getattr(kind, "unit", "")) if types.is_temporal(kind) else None
        is_number = types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
        self.is_flat = is_number or types.is_decimal(kind) or self.is_words or self.second is not None
        metadata = {_text(key).lower(): _text(value) for key, value in (field.metadata or {}).items()}
        self.unit = metadata.get("unit", metadata.get("units"))
        self._first: int | None = None

    def typed(self, head: Any) -> Typed:
        """Its first rows."""
        name = "" if self.name.startswith(INDEX) else self.name
        return Typed(name, self.values(head), self.unit, is_stamped=self.second is not None)

    def values(self, column: Any) -> Values:
        """Rows of it: float64, NaN where there is none, or words."""
        import pyarrow

        if pyarrow.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if self.is_words:
            return [str(value)[:MOST_TEXT] if value is not None else "" for value in column.to_pylist()]
        if self.second is None:
            return np.asarray(column.cast(pyarrow.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
        if pyarrow.types.is_time32(column.type):
            column = column.cast(pyarrow.int32())
        ticks = column.cast(pyarrow.int64())
        if self._first is None:
            self._first = next((value.as_py() for value in ticks if value.is_valid), None)
        since = ticks.fill_null(self._first or 0).to_numpy(zero_copy_only=False) - (self._first or 0)
        return np.where(np.asarray(ticks.is_valid()), since * self.second, np.nan)


def _pairs(metadata: Mapping[bytes, bytes]) -> Iterator[tuple[str, str]]:
    """What is written beside the columns, by whatever wrote them, and by pandas as `attrs`."""
    for key, value in metadata.items():
        name = _text(key)
        if name == "PANDAS_ATTRS":
            attributes = json.loads(value)
            if isinstance(attributes, dict):
                yield from ((str(inner), str(said)[:MOST_TEXT]) for inner, said in attributes.items())
        elif name not in FOREIGN_KEYS:
            yield name, _text(value)[:MOST_TEXT]


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
