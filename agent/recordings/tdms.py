"""National Instruments' TDMS: the channels of a group as columns, `wf_increment` as rate, `unit_string` as unit."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agent.errors import RecordingError
from agent.recordings.asked import Asked
from agent.recordings.channels import MAX_VALUES
from agent.recordings.columns import filled, one_of, settled
from agent.recordings.foreign import reading
from agent.recordings.recording import Recording
from agent.tables.clock import AGREES
from agent.tables.facts import facts_of_pairs
from agent.tables.settle import merged
from agent.tables.typed import SAMPLE_ROWS, Typed, Values, needed_of
from agent.tables.units import unit_sense
from agent.tables.values import Facts, Table

CHUNK_ROWS = 1 << 16
INCREMENT = "wf_increment"
NOT_TIMED = (0.0, 1.0)  # increments that LabVIEW writes where it knows none
UNIT_KEYS = ("unit_string", "NI_UnitDescription", "Unit", "unit")
OPTION = "--channel, like GROUP/CHANNEL, several joined by +"


def read(path: Path, asked: Asked) -> Recording:
    """The channels of one group, or those that `asked` names as GROUP/CHANNEL, CHANNEL or by number from 1."""
    from nptdms import TdmsFile
    from nptdms.log import log_manager

    log_manager.set_level(logging.CRITICAL)  # it prints what it cannot decode
    with reading(path, "TDMS file"), path.open("rb") as file, TdmsFile.open(file) as tdms:
        groups = {group.name: _signals(group.channels()) for group in tdms.groups()}
        groups = {name: channels for name, channels in groups.items() if channels}
        held = sum(len(channel) for channels in groups.values() for channel in channels)
        if held > path.stat().st_size or held > MAX_VALUES:
            raise RecordingError(f"{path}: claims {held} values, more than it holds or than {MAX_VALUES}")
        group, chosen = _chosen(path, groups, asked)
        channels = _of_one_length(path, groups[group], chosen)
        columns = [_Channel(channel) for channel in channels]
        said = facts_of_pairs(_pairs(tdms.properties, tdms[group].properties))
        numbers = tuple(1 + channels.index(channel) for channel in chosen) or None
        table = settled(path, [column.typed() for column in columns], said, asked, chosen=numbers)
        table = replace(table, facts=_facts(path, table, channels, said))
        notes = [f"group {group}"] if len(groups) > 1 else []
        notes += ["ends before the length that it says"] if tdms.file_status.incomplete_final_segment else []
        return filled(path, table, _pieces(columns, needed_of(table), asked), notes=notes)


class _Channel:
    """One channel as a column. Dates count from its first."""

    def __init__(self, channel: Any) -> None:
        self.rows = len(channel)
        self._channel = channel
        self._first: Any = None

    def typed(self) -> Typed:
        """Its first rows."""
        unit = next((str(self._channel.properties[k]) for k in UNIT_KEYS if k in self._channel.properties), None)
        values = self.values(0, SAMPLE_ROWS)
        return Typed(self._channel.name, values, unit, is_stamped=self._first is not None)

    def values(self, at: int, end: int) -> Values:
        """Rows `at` to `end`: float64 or words."""
        values = np.asarray(self._channel.read_data(at, min(end, self.rows) - at))
        if values.dtype.kind == "M":
            if self._first is None:
                self._first = values[0]
            return (values - self._first) / np.timedelta64(1, "s")  # type: ignore[no-any-return]
        if values.dtype.kind in "iufb":
            return values.astype(np.float64)
        return [str(value) for value in values]


def _signals(channels: Sequence[Any]) -> list[Any]:
    """Channels with samples over time: not empty ones, nor spectra."""
    return [channel for channel in channels if len(channel) > 1 and _is_over_time(channel.properties)]


def _is_over_time(properties: Mapping[str, Any]) -> bool:
    sense = unit_sense(str(properties.get("wf_xunit_string", "")))
    return sense is None or sense.role == "time"


def _chosen(path: Path, groups: Mapping[str, list[Any]], asked: Asked) -> tuple[str, list[Any]]:
    """The group, and the channels of it that were named."""
    if not groups:
        raise RecordingError(f"{path}: holds no channel with samples over time")
    parts = asked.parts
    if parts is None:
        if len(groups) > 1:
            one_of(path, "group", list(groups), "*", option=OPTION.replace("CHANNEL", "*"))
        return next(iter(groups)), []
    if len(parts) == 1 and parts[0].endswith("/*"):
        return one_of(path, "group", list(groups), parts[0][:-2], option=OPTION), []
    by_name = {f"{group}/{channel.name}": (group, channel) for group, cs in groups.items() for channel in cs}
    found = [by_name[_full_name(path, list(by_name), part)] for part in parts]
    if len({group for group, _ in found}) > 1:
        raise RecordingError(f"{path}: the channels asked for lie in different groups; choose those of one")
    return found[0][0], [channel for _, channel in found]


def _full_name(path: Path, names: Sequence[str], part: str) -> str:
    if part.isdecimal() and 1 <= int(part) <= len(names) and not any(n.endswith(f"/{part}") for n in names):
        return names[int(part) - 1]
    return one_of(path, "channel", names, part if "/" in part else f"*/{part}", option=OPTION)


def _of_one_length(path: Path, channels: list[Any], chosen: Sequence[Any]) -> list[Any]:
    """Channels of the length of those chosen, or of the longest."""
    if len({len(channel) for channel in chosen}) > 1:
        raise RecordingError(f"{path}: channels of unequal length cannot be axes of one sensor")
    rows = len(chosen[0]) if chosen else max(len(channel) for channel in channels)
    return [channel for channel in channels if len(channel) == rows]


def _pairs(*properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for holder in properties:
        yield from ((str(key), str(value)[:400]) for key, value in holder.items())


def _facts(path: Path, table: Table, channels: Sequence[Any], said: Facts) -> Facts:
    """What the file, the group and the chosen channels say; RecordingError where they say two rates."""
    rates = {said.rate_hz} if said.rate_hz is not None else set()
    for k in table.chosen:
        properties = dict(channels[k].properties)
        if properties.get(INCREMENT) in NOT_TIMED:
            del properties[INCREMENT]
        own = facts_of_pairs(_pairs(properties))
        rates |= {own.rate_hz} if own.rate_hz is not None else set()
        said = merged(said, own)
    if rates and max(rates) / min(rates) - 1 > AGREES:
        listed = " and ".join(f"{rate:g} Hz" for rate in sorted(rates))
        raise RecordingError(f"{path}: says two sample rates, {listed}; choose channels of one, or correct it")
    return said


def _pieces(columns: Sequence[_Channel], needed: Sequence[int], asked: Asked) -> Iterator[Mapping[int, Values]]:
    rows = columns[0].rows
    for at in range(0, rows, CHUNK_ROWS):
        yield {k: columns[k].values(at, at + CHUNK_ROWS) for k in needed}
        asked.progress(min(1.0, (at + CHUNK_ROWS) / rows))
