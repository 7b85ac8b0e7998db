"""The agent's own recordings, frames of the firmware's protocol: one stream with its gaps, sessions and device time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from agent.errors import RecordingError
from agent.recordings.asked import Asked
from agent.recordings.channels import MAX_VALUES
from agent.recordings.recording import Piece, Recording
from agent.transport.vbp import read_blocks, samples_of, stream_of
from firmware_bridge.frames import Flag
from firmware_bridge.session import Block


def read(path: Path, asked: Asked) -> Recording:
    """One stream whole; `asked` names it as "device:stream" where there are several."""
    blocks: dict[str, list[Block]] = {}
    refused: dict[str, int] = {}
    size = 0
    for event in read_blocks(path):
        if isinstance(event, Block) and not event.data.flags & Flag.SELF_TEST:
            blocks.setdefault(f"{event.device}:{event.stream.stream_id}", []).append(event)
            size += event.data.n_samples * event.data.n_axes
            if size > MAX_VALUES:
                raise RecordingError(f"{path}: holds more than {MAX_VALUES} values; record shorter pieces")
        elif kind := getattr(event, "kind", None):
            refused[kind] = refused.get(kind, 0) + 1
    names = [name for name in blocks if asked.variable in (None, "*", name, name.split(":")[1])]
    if not blocks:
        raise RecordingError(f"{path}: holds no samples that can be read; name another file")
    if len(names) != 1:
        raise RecordingError(f"{path}: name one of its streams (device:stream); there are: {', '.join(blocks)}")
    chosen = blocks[names[0]]
    first = chosen[0].stream
    if any(replace(block.stream, rate_measured_mhz=first.rate_measured_mhz) != first for block in chosen):
        raise RecordingError(f"{path}: the description of stream {names[0]} changes on the way; cut the file there")
    rows = np.cumsum([0] + [block.data.n_samples for block in chosen])
    stream = stream_of(first, sensor="", session=0, live=False)
    return Recording(
        path=path,
        samples=np.concatenate([samples_of(block.data, first) for block in chosen]),
        rate_hz=stream.rate_hz,
        rpm=None,
        unit=stream.unit,
        axes=stream.axes,
        pieces=tuple(_piece_of(block, int(row)) for block, row in zip(chosen, rows, strict=False)),
        full_scale=stream.full_scale,
        step=stream.step,
        notes=tuple(f"{count} x {kind} left out" for kind, count in sorted(refused.items())),
    )


def _piece_of(block: Block, row: int) -> Piece:
    data = block.data
    return Piece(row, data.sample_index, block.session, data.t_us, data.n_clipped)
