"""Universal files (.uff, .unv): the time records of data set 58 as columns, with their spacing, direction and unit.

pyuff holds a file whole, as text and as numbers, so files are bounded. Layout: data sets 58 and 164 of SDRC's
universal file format, as the University of Cincinnati documents it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import RecordingError
from agent.recordings.asked import Asked
from agent.recordings.columns import filled, settled
from agent.recordings.foreign import reading
from agent.recordings.recording import Recording
from agent.tables.typed import SAMPLE_ROWS, Typed, Values
from agent.tables.units import unit_sense
from agent.tables.values import Facts

MAX_BYTES = 128 << 20
MOST_RECORDS = 4096
CHUNK_ROWS = 1 << 16
TIME_RESPONSE, TIME_ABSCISSA = 1, 17
ORDINATES = {8: "displacement", 9: "reaction force", 11: "velocity", 12: "acceleration", 13: "excitation force"}
"""Specific data type -> what is measured, where no label says it."""
UNIT_OF = {"acceleration": "m/s2"}  # in the SI, which data set 164 names as its system 1
DIRECTIONS = {1: "x", 2: "y", 3: "z"}


def read(path: Path, asked: Asked) -> Recording:
    """The time records of one length as columns, named `acceleration NODE AXIS`; `asked` names or numbers them."""
    import pyuff

    size = path.stat().st_size
    if size > MAX_BYTES:
        raise RecordingError(
            f"{path}: {size >> 20} MiB, at most {MAX_BYTES >> 20} of a universal file are read; cut it"
        )
    with reading(path, "universal file"):
        file = pyuff.UFF(str(path))
        kinds = [int(kind) for kind in file.get_set_types()]
        if len(kinds) > MOST_RECORDS:
            raise RecordingError(f"{path}: holds {len(kinds)} data sets, at most {MOST_RECORDS} are read")
        is_si = any(file.read_sets(k).get("units_code") == 1 for k, kind in enumerate(kinds) if kind == 164)
        records = [_read(file, k, len(kinds), asked) for k, kind in enumerate(kinds) if kind == 58]
        timed = _of_one_length(path, [record for record in records if _is_over_time(record)])
        columns, facts = _columns(path, timed, is_si=is_si)
        heads = [Typed(column.name, column.values[:SAMPLE_ROWS], column.unit) for column in columns]
        table = settled(path, heads, facts, asked, chosen=asked.parts)
        rows = len(columns[0].values)
        return filled(path, table, (_piece(columns, at) for at in range(0, rows, CHUNK_ROWS)))


def _read(file: Any, k: int, count: int, asked: Asked) -> Mapping[str, Any]:
    record: Mapping[str, Any] = file.read_sets(k)
    asked.progress((k + 1) / count)
    return record


def _is_over_time(record: Mapping[str, Any]) -> bool:
    by_type = record["abscissa_spec_data_type"] == TIME_ABSCISSA or record["func_type"] == TIME_RESPONSE
    return by_type and np.asarray(record["data"]).dtype.kind == "f" and len(record["data"]) > 1


def _of_one_length(path: Path, records: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    if not records:
        raise RecordingError(f"{path}: holds no time record (data set 58 over time); spectra cannot be judged")
    lengths = {len(record["data"]) for record in records}
    if len(lengths) > 1:
        listed = ", ".join(f"{_name(record)} {len(record['data'])}" for record in records)
        raise RecordingError(f"{path}: its time records differ in length; keep those of one: {listed:.600}")
    return records


def _columns(path: Path, records: Sequence[Mapping[str, Any]], *, is_si: bool) -> tuple[list[Typed], Facts]:
    """The ordinates, and the abscissa before them where its spacing is uneven."""
    columns = [
        Typed(_name(record), np.asarray(record["data"], np.float64), _unit(record, is_si=is_si)) for record in records
    ]
    if any(record["abscissa_spacing"] == 0 for record in records):
        return [Typed("time", np.asarray(records[0]["x"], np.float64), "s"), *columns], Facts()
    steps = {float(record["abscissa_inc"]) for record in records}
    rates = {float(f"{1 / step:.6g}") for step in steps if step > 0}
    if len(rates) > 1:
        listed = ", ".join(f"{_name(record)} {1 / record['abscissa_inc']:g} Hz" for record in records)
        raise RecordingError(f"{path}: its time records differ in rate; keep those of one: {listed:.600}")
    return columns, Facts(rate_hz=next(iter(rates), None))


def _name(record: Mapping[str, Any]) -> str:
    label = str(record["ordinate_axis_lab"]).strip()
    measured = ORDINATES.get(record["ordinate_spec_data_type"], "" if label.upper() == "NONE" else label)
    direction = DIRECTIONS.get(abs(record["rsp_dir"]), "")
    return " ".join(f"{measured or 'channel'} {record['rsp_node']} {direction}".split())


def _unit(record: Mapping[str, Any], *, is_si: bool) -> str | None:
    label = str(record["ordinate_axis_units_lab"]).strip()
    if unit_sense(label) is not None:
        return label
    return UNIT_OF.get(ORDINATES.get(record["ordinate_spec_data_type"], "")) if is_si else None


def _piece(columns: Sequence[Typed], at: int) -> Mapping[int, Values]:
    return {k: column.values[at : at + CHUNK_ROWS] for k, column in enumerate(columns)}
