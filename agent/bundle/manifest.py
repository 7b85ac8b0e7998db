"""`manifest.json`: what a bundle says of itself, and the bounds on what it may ask of the machine that loads it.

A manifest is data from elsewhere: every number that sizes an array or a loop is checked here, before it is used.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import msgspec

from agent.bundle.golden import GoldenCase, problem_of_case, values_of
from agent.bundle.runtimes import RUNTIMES
from agent.diagnosis.baseline import DeviationScale
from agent.diagnosis.matching import Calibration
from agent.dsp import features
from agent.dsp.encoder_inputs import CodeScale
from agent.dsp.spectra import FeatureSpec
from agent.limits import MAX_RATE_HZ
from agent.types import HEALTHY

SCHEMA = "textvib/bundle/1"
MANIFEST = "manifest.json"
FILES = (
    *(runtime.file for runtime in RUNTIMES.values()),
    "scaling.npy",
    "descriptions.npy",
    "texts.json",
    "golden_features.npy",
    "golden_embeddings.npy",
    "model_card.md",
)
"""Every file of a bundle beside its manifest."""

MAX_SPEC_NUMBERS = 4096
MAX_GOLDEN = 32
MAX_GOLDEN_VALUES = 1 << 21
"""Samples times axes of all golden windows: the costliest spec takes 5 s over them here, the one that ships 0.15 s."""
MAX_ORDER = 1e4
MOST_GRANTED = 2.0  # as far as two cosines can lie apart


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`manifest.json`."""

    schema: str
    name: str
    version: str
    feature_version: int
    spec: FeatureSpec
    faults: tuple[str, ...]
    validated: tuple[str, ...]  # faults that real recordings stand behind; the others come from simulation alone
    inputs: CodeScale
    outputs: CodeScale
    calibration: Calibration
    deviation: DeviationScale
    golden: tuple[GoldenCase, ...]
    files: dict[str, FileEntry]
    tower_sha256: str  # of the text tower on the workstation that made the description vectors
    wordings_sha256: str

    @property
    def trained(self) -> tuple[str, ...]:
        """Faults that the encoder was trained with; the others are known by their descriptions alone."""
        return tuple(fault for fault in self.faults if fault not in self.calibration.granted)


def identity_of(manifest: Manifest) -> str:
    """SHA-256 of what a manifest says, which holds the hashes of all else in the bundle."""
    return hashlib.sha256(msgspec.json.encode(manifest)).hexdigest()


def problem_of(manifest: Manifest) -> str | None:
    """What is wrong with a manifest that parses; None if nothing is."""
    if manifest.schema != SCHEMA:
        return f"schema is {manifest.schema!r}, this agent reads {SCHEMA!r}"
    if manifest.feature_version != features.VERSION:
        return f"features are version {manifest.feature_version}, this agent computes version {features.VERSION}"
    if HEALTHY not in manifest.faults or len(set(manifest.faults)) != len(manifest.faults):
        return f"faults must be distinct and include {HEALTHY!r}"
    if not set(manifest.validated) <= set(manifest.faults):
        return "validated names a fault that is not described"
    missing = sorted(set(FILES) ^ set(manifest.files))
    if missing:
        return f"files must be exactly those of this agent; look at {', '.join(missing)}"
    for name, scale in (("inputs", manifest.inputs), ("outputs", manifest.outputs)):
        if not (math.isfinite(scale.scale) and scale.scale > 0 and -128 <= scale.zero_point <= 127):
            return f"{name}: scale must be positive and zero_point an int8"
    return (
        _calibration_problem(manifest)
        or _spec_problem(manifest.spec)
        or _deviation_problem(manifest)
        or _golden_problem(manifest)
    )


def _calibration_problem(manifest: Manifest) -> str | None:
    calibration = manifest.calibration
    if not all(map(math.isfinite, _numbers_in(msgspec.to_builtins(calibration)))) or calibration.temperature <= 0:
        return "calibration must be finite and its temperature positive"
    for limits in (calibration.lines, calibration.blind_lines):
        if limits is not None and not set(limits.absent) <= set(manifest.faults):
            return "calibration: absent names a fault that is not described"
    if not set(calibration.granted) <= set(manifest.faults) - {HEALTHY}:
        return "calibration: granted names healthy, or a fault that is not described"
    if any(abs(value) > MOST_GRANTED for value in calibration.granted.values()):
        return f"calibration: granted must lie within {MOST_GRANTED} of 0"
    return None


def _numbers_in(value: Any) -> Iterator[float]:
    """Every float of what msgspec would write, however deep."""
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _numbers_in(item)


def _deviation_problem(manifest: Manifest) -> str | None:
    scale = manifest.deviation
    if len(scale.typical_sd) != len(features.feature_names(manifest.spec)):
        return "deviation: typical_sd does not have one value per feature"
    if not set(scale.limits) <= set(features.views(manifest.spec)):
        return "deviation: limits names a view that the features do not have"
    if not all(math.isfinite(value) and value > 0 for value in (*scale.typical_sd, *scale.limits.values())):
        return "deviation: typical_sd and limits must be positive"
    return None


def _golden_problem(manifest: Manifest) -> str | None:
    if not 1 <= len(manifest.golden) <= MAX_GOLDEN:
        return f"there must be 1..{MAX_GOLDEN} golden windows to test this machine with"
    found = (problem_of_case(case, manifest.spec.window_s) for case in manifest.golden)
    if problem := next((problem for problem in found if problem), None):
        return problem
    values = sum(values_of(case, manifest.spec.window_s) for case in manifest.golden)
    if values > MAX_GOLDEN_VALUES:
        return f"golden windows of {values} values, at most {MAX_GOLDEN_VALUES} are computed at a start"
    return None


def _spec_problem(spec: FeatureSpec) -> str | None:
    """Bounds on what a spec may ask of the machine that computes it."""
    low, high, step = spec.order_grid
    if not (0.05 <= spec.window_s <= 60 and 0.01 <= spec.hop_s <= spec.window_s):
        return "spec: window_s must lie in 0.05..60 and hop_s in 0.01..window_s"
    if not (0 < low < high <= MAX_ORDER and step > 0 and (high - low) / step <= MAX_SPEC_NUMBERS):
        return "spec: order_grid must rise from above 0 in at most 4096 steps"
    if not 1 <= spec.spectrum_bands <= MAX_SPEC_NUMBERS or not 0 < spec.spectrum_hz[0] < spec.spectrum_hz[1]:
        return "spec: spectrum_hz must rise and have 1..4096 bands"
    widths = (spec.whitening_hz, spec.lines_max_hz, spec.spectrum_hz[1], *(band[1] for band in spec.envelope_bands_hz))
    if not all(0 < hz <= MAX_RATE_HZ for hz in widths):
        return f"spec: frequencies must lie in 0..{MAX_RATE_HZ:g} Hz"
    if not (1 <= spec.harmonics <= 16 and 1 <= spec.tolerance_steps <= 101 and 0 <= spec.tolerance <= 0.2):
        return "spec: harmonics, tolerance or tolerance_steps out of bounds"
    if not 1 <= len(spec.envelope_bands_hz) <= 32 or any(not 0 <= a < b for a, b in spec.envelope_bands_hz):
        return "spec: 1..32 envelope bands, each rising"
    if not (0 < spec.envelope_max_hz <= 50_000 and spec.floor_width_hz > 0):
        return "spec: envelope_max_hz or floor_width_hz out of bounds"
    return None
