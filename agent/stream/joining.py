"""Blocks that follow each other become one, so that what is done once a block is done a few times a second.

Nothing is lost by it: a joined block keeps when each piece came, for the clock. Of pieces that came at the same instant
the last one alone counts, since the others only seem to have waited longer. What is no block goes on at once, behind
the blocks of its sensor that came before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from agent.types import Item, Piece, SampleBlock

JOIN_S = 0.1
"""For about so long samples are joined: several of a sensor's frames, and little beside a window."""


class Joiner:
    """Feed it what was read of one source; it gives what is to be handed on. Time is given to it, in seconds."""

    def __init__(self, *, join_s: float = JOIN_S) -> None:
        self._join_s = join_s
        self._waiting: dict[str, list[SampleBlock]] = {}  # sensor -> blocks that follow each other
        self._since_s: dict[str, float] = {}  # of the first of them

    def feed(self, items: Iterable[Item], *, now_s: float) -> list[Item]:
        """What goes on, once `items` have come; also to be called where nothing came."""
        going: list[Item] = []
        for item in items:
            if not isinstance(item, SampleBlock):
                if item.sensor is not None:
                    going += self._let_go(item.sensor)
                going.append(item)
                continue
            sensor = item.stream.sensor
            waiting = self._waiting.get(sensor)
            if waiting is not None and not _follows(item, waiting[-1]):
                going += self._let_go(sensor)
            if item.clipped or len(item.values) >= self._join_s * item.stream.rate_hz:
                going += [*self._let_go(sensor), item]  # how far clipped samples reach is told by the block
                continue
            self._waiting.setdefault(sensor, []).append(item)
            self._since_s.setdefault(sensor, now_s)
            if self._is_ripe(sensor, now_s):
                going += self._let_go(sensor)
        for sensor in [sensor for sensor in self._waiting if self._is_ripe(sensor, now_s)]:
            going += self._let_go(sensor)
        return going

    def waits_s(self, now_s: float) -> float:
        """For how long the first that waits may wait still; infinite where nothing does."""
        return max(0.0, min(self._since_s.values(), default=math.inf) + self._join_s - now_s)

    def rest(self) -> list[Item]:
        """All that waits: the link is gone."""
        return [block for sensor in list(self._waiting) for block in self._let_go(sensor)]

    def _is_ripe(self, sensor: str, now_s: float) -> bool:
        waiting = self._waiting[sensor]
        lasts = (waiting[-1].end - waiting[0].start) / waiting[0].stream.rate_hz
        return lasts >= self._join_s or now_s - self._since_s[sensor] >= self._join_s

    def _let_go(self, sensor: str) -> list[SampleBlock]:
        self._since_s.pop(sensor, None)
        waiting = self._waiting.pop(sensor, [])
        return [joined(waiting)] if waiting else []


def joined(blocks: list[SampleBlock]) -> SampleBlock:
    """Blocks of one stream that follow each other as one; their number is at least 1."""
    first, last = blocks[0], blocks[-1]
    if len(blocks) == 1:
        return first
    pieces: list[Piece] = []
    for piece in (piece for block in blocks for piece in block.pieces):
        if pieces and piece.arrival_s == pieces[-1].arrival_s:
            pieces.pop()
        pieces.append(piece)
    values = np.concatenate([block.values for block in blocks])
    return replace(first, values=values, arrival_s=last.arrival_s, joined=tuple(pieces))


def _follows(block: SampleBlock, before: SampleBlock) -> bool:
    is_same = block.stream is before.stream or block.stream == before.stream
    return block.start == before.end and is_same and block.values.dtype == before.values.dtype
