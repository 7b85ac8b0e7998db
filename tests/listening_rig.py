"""A pipeline with a ring that looks on, fed with a sick bearing, for tests of what is kept around an alert."""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from line_bundle import BUNDLE, CONFIG, HOP, RATE, SETUP, STREAM, LineEncoder, signal

from agent.config.keys import RingConfig
from agent.diagnosis.baseline import MIN_WINDOWS
from agent.pipeline import Pipeline
from agent.service.watching.onlooker import Onlooker
from agent.service.watching.ring import Origin, Ring
from agent.service.watching.ring_folder import files_of
from agent.types import Alert, Output, SampleBlock, Samples

FEATURES = len(BUNDLE.manifest.deviation.typical_sd)
ORIGIN = Origin("gw", "1", "test 1", "0" * 64, "test")
OVERLAP, KEPT_AROUND = 2, 4


class Listening:
    """A pipeline with a ring that looks on, and the worker's part in it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.stop = threading.Event()
        self.now_s = 0.0
        config = RingConfig(keep_windows=KEPT_AROUND, **options)
        known = {"origin": ORIGIN, "setups": {SETUP.sensor: SETUP}, "decisions": {SETUP.sensor: CONFIG}}
        self.ring = Ring(config, folder, overlap=OVERLAP, stop=self.stop, clock=lambda: self.now_s, **known)
        onlooker = Onlooker(self.ring.strip(SETUP.sensor))
        self.pipeline = Pipeline(
            SETUP, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG, stamp=self._stamp, witness=onlooker
        )
        self.count = 0
        self.outputs: list[Output] = []

    def _stamp(self, alert: Alert) -> Alert:
        return replace(alert, recording=self.ring.begin(alert))

    def feed(self, samples: Samples, *, session: int = STREAM.session) -> Listening:
        stream = replace(STREAM, session=session)
        for row in range(0, len(samples), HOP // 3):
            part = samples[row : row + HOP // 3]
            start = self.count + row
            self.outputs += self.pipeline.feed(
                SampleBlock(stream, start, part, arrival_s=start / RATE, wall_s=1e9 + start / RATE)
            )
        self.count += len(samples)
        return self

    def commissioned(self) -> Listening:
        self.pipeline.healthy.commission(MIN_WINDOWS)
        return self.feed(signal(MIN_WINDOWS / 2 + 2.5, seed=2))

    def write(self) -> list[Path]:
        """What waits, as the ring's thread does it."""
        self.ring.end()
        self.stop.set()
        self.ring.run()
        return [file.path for file in files_of(self.ring.folder)]

    @property
    def raised(self) -> Alert:
        return next(output for output in self.outputs if isinstance(output, Alert))


@cache
def sick(seconds: float) -> Samples:
    return signal(seconds, faulty=True, seed=3)
