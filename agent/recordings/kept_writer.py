"""The writer of `.vbw`: windows with their circumstances as one file, whole in memory, so that it can be put safely on
disk."""

from __future__ import annotations

import io
import zipfile

import msgspec
import numpy as np

from agent.diagnosis.baseline_bytes import to_bytes
from agent.machine import BallCount, Bearing, FaultOrders, Geometry, SensorSetup
from agent.recordings.kept import ABOUT, JUDGED, SAMPLES, BearingRow, Judged, Kept, KeptWindow, SetupRow, WindowRow

PACKED = 1  # of zlib's nine levels: the others take many times as long for a few percent


def to_file(kept: Kept) -> bytes:
    """The content of a file from which `read_kept` gives the same back, to the last bit."""
    states: list[dict[str, bytes]] = []
    known: dict[int, int] = {}  # identity of a healthy state -> its number
    windows = []
    for one in kept.windows:
        baselines = one.under.baselines
        if id(baselines) not in known:
            known[id(baselines)] = len(states)
            states.append({bearing or "": to_bytes(baseline) for bearing, baseline in baselines.items()})
        windows.append(_row(one, known[id(baselines)]))
    judged = Judged(
        stream=kept.windows[0].window.stream,
        setup=setup_row(kept.setup),
        healthy=tuple(states),
        windows=tuple(windows),
    )
    seconds = round(len(kept.samples) / kept.windows[-1].window.rate.hz, 3)
    about = msgspec.structs.replace(kept.about, windows=len(windows), seconds=seconds)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=PACKED) as archive:
        archive.writestr(ABOUT, msgspec.json.format(msgspec.json.encode(about), indent=1))
        with archive.open(SAMPLES, "w") as file:
            np.lib.format.write_array(file, kept.samples, allow_pickle=False)
        archive.writestr(JUDGED, msgspec.msgpack.encode(judged))
    return content.getvalue()


def _row(one: KeptWindow, healthy: int) -> WindowRow:
    window, under = one.window, one.under
    return WindowRow(
        start=window.start,
        row=one.row,
        length=len(window.samples),
        rate=window.rate,
        arrival_s=window.arrival_s,
        wall_s=window.wall_s,
        clipped=window.clipped,
        speed=under.speed,
        running=under.running,
        learning=under.learning,
        healthy=healthy,
        diagnoses=one.diagnoses,
    )


def setup_row(setup: SensorSetup) -> SetupRow:
    """A setup as plain values."""
    told = {name: getattr(setup, name) for name in SetupRow.__struct_fields__}
    return SetupRow(**told | {"bearings": tuple(map(_bearing, setup.bearings))})


def _bearing(bearing: Bearing) -> BearingRow:
    inside = bearing.geometry
    return BearingRow(
        bearing.id,
        bearing.ratio,
        geometry=inside if isinstance(inside, Geometry) else None,
        orders=inside if isinstance(inside, FaultOrders) else None,
        balls=inside if isinstance(inside, BallCount) else None,
    )
