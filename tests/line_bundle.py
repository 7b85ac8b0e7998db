"""A bundle whose encoder reads one line of the spectrum, and the signal of a bearing that draws it."""

from __future__ import annotations

from functools import cache

import numpy as np
from curves import logistic
from numpy.typing import NDArray

from agent.alerting.window_rules import DecisionConfig
from agent.bundle.load import Bundle
from agent.bundle.manifest import SCHEMA, Manifest
from agent.diagnosis.baseline import DeviationScale
from agent.diagnosis.matching import Calibration, Descriptions, SignLimits
from agent.dsp.encoder_inputs import CodeScale, InputScaling, view_shares
from agent.dsp.features import VERSION, FeatureSpec, feature_names
from agent.machine import Bearing, Geometry, Machine, Mounting, SensorSetup
from agent.types import Samples, Stream

RATE = 12_800
SPEC = FeatureSpec(window_s=1.0, hop_s=0.5)
WINDOW, HOP = RATE, RATE // 2
NAMES = feature_names(SPEC)
BPFO_CODE = NAMES.index("comb/bpfo/first")
FAULTS = ("healthy", "outer_race", "looseness")
BEARING = Bearing("de", Geometry(balls=9, ball_mm=7.94, pitch_mm=39.04))
MACHINE = Machine("pump", rpm=1500.0, speed_source="config", mounting=Mounting(group=2, foundation="rigid"))
SETUP = SensorSetup("pump_de", MACHINE, bearings=(BEARING,))
SIGNS = SignLimits(impulses=0.3, damage=logistic(10.0, -3.0), own={"outer_race": 1.5})
"""Above healthy the knocks below spread by 1.1 and their own lines stand 4.5 high, noise by 0.0 and 0.2."""
BLIND_SIGNS = SignLimits(impulses=0.3, damage=logistic(10.0, -3.0), own={"outer_race": 3.0})
"""Alone, knocks spread by 0.7 and their lines stand 5.7 high, noise by -0.3 and 1.1."""
CONFIG = DecisionConfig(raise_after=3, clear_after=3)
STREAM = Stream("pump_de", float(RATE), axes=("x", "y"), unit="g", full_scale=16.0, session=3)


class LineEncoder:
    """Answers "outer_race" where the ball pass line of the outer ring stands out, else "healthy"."""

    def __init__(self) -> None:
        self.calls = 0

    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        self.calls += 1
        outer = codes[BPFO_CODE] > 79  # a height of 5 at the bundle's gain and code scale
        return np.array([0 if outer else 127, 127 if outer else 0, 10], np.int8)


class MuteEncoder:
    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        return np.zeros(3, np.int8)


def bundle(spec: FeatureSpec = SPEC) -> Bundle:
    n = len(feature_names(spec))
    ones = np.ones(n, np.float32)
    manifest = Manifest(
        schema=SCHEMA,
        name="test",
        version="1",
        feature_version=VERSION,
        spec=spec,
        faults=FAULTS,
        validated=FAULTS[:2],
        inputs=CodeScale(2 / 127, 0),
        outputs=CodeScale(1 / 127, 0),
        calibration=Calibration(
            temperature=0.2, unknown_similarity=0.5, unknown_probability=0.5, signs=SIGNS, blind_signs=BLIND_SIGNS
        ),
        deviation=DeviationScale(typical_sd=(0.5,) * n, limits={"comb": 2.5, "level": 6.0}),
        golden=(),
        files={},
        tower_sha256="",
        wordings_sha256="",
    )
    return Bundle(
        manifest=manifest,
        scaling=InputScaling(0 * ones, ones / 4, ones / 4, view_shares(spec)),
        descriptions=Descriptions(FAULTS, np.eye(3, dtype=np.float32), (True, True, False), {}),
        models={},
        golden_features=np.zeros((0, n), np.float32),
        golden_embeddings=np.zeros((0, 3), np.int8),
    )


BUNDLE = bundle()


@cache
def signal(seconds: float, *, faulty: bool = False, rpm: float = 1500.0, seed: int = 1, level: float = 0.1) -> Samples:
    """(n, 2) samples in g: noise, and where faulty a ringing knock at every ball pass over the outer ring."""
    n = round(seconds * RATE)
    noise = np.random.default_rng(seed).normal(size=(n, 2)) * level
    if faulty:
        assert BEARING.geometry is not None
        knocks = np.zeros(n)
        knocks[np.arange(0, n, RATE * 60 / rpm / BEARING.geometry.orders.bpfo).astype(int)] = 30 * level
        t = np.arange(200) / RATE
        ring = np.convolve(knocks, np.exp(-t * 800) * np.sin(2 * np.pi * 3000 * t))[:n]
        noise += ring[:, None]
    samples: Samples = noise.astype(np.float32)
    samples.flags.writeable = False
    return samples
