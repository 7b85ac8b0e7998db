"""What is drawn of one window: waveform, spectrum, envelope spectrum, and where shaft and bearing lines belong.

Computed here, in the page's process, by the same signal code by which the agent judges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from agent.diagnosis.places import Place, places_of
from agent.dsp.spectra import FeatureSpec, Spectra, analyse
from agent.machine import Bearing, SensorSetup
from agent.stream.quality import fault_of_signal
from agent.types import Diagnosis, Window
from agent.web.arrays import highs, lows_and_highs, packed, packed_bytes

WAVE_COLUMNS, SPECTRUM_COLUMNS = 600, 1200
ORDERS_SHOWN = 12.5
"""Of the shaft, in the spectrum at its orders; without a speed up to `WITHOUT_SPEED_HZ`."""
WITHOUT_SPEED_HZ, LEAST_HZ = 500.0, 130.0
WATERFALL_COLUMNS = 400
WATERFALL_DB = 40.0
"""Height at which a waterfall is brightest."""
DRIFTS_BELOW = 3
"""Bins at the beginning of an envelope spectrum that tell of slow changes alone."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A window as it was judged, by whichever way it came here."""

    window: Window
    setup: SensorSetup
    diagnoses: tuple[Diagnosis, ...]  # one per bearing
    spec: FeatureSpec


def picture_of(sight: Sight, bearing: str | None) -> dict[str, Any]:
    """All that is drawn of one bearing's view of a window; a signal that cannot be judged has a waveform alone."""
    window = sight.window
    drawn: dict[str, Any] = {
        "start": window.start,
        "wall_s": window.wall_s,
        "unit": window.stream.unit,
        "rate_hz": window.rate.hz,
        "seconds": len(window.samples) / window.rate.hz,
        "axes": [
            {"name": name, "values": packed(lows_and_highs(window.samples[:, column], WAVE_COLUMNS))}
            for column, name in enumerate(window.stream.axes)
        ],
    }
    if fault_of_signal(window) is None:
        drawn |= _spectra(sight, bearing)
    return drawn


def _spectra(sight: Sight, bearing_id: str | None) -> dict[str, Any]:
    spectra = analyse(sight.window, sight.spec)
    diagnosis = next((one for one in sight.diagnoses if one.bearing == bearing_id), None)
    bearing = next((one for one in sight.setup.bearings if one.id == bearing_id), None)
    rpm = diagnosis.speed.rpm if diagnosis is not None and diagnosis.speed.steady else None
    highest_hz = spectra.bin_hz * (len(spectra.power) - 1)
    low_hz = min(highest_hz, max(ORDERS_SHOWN * rpm / 60 * _ratio(bearing), LEAST_HZ) if rpm else WITHOUT_SPEED_HZ)
    amplitude = np.sqrt(spectra.power)
    low = amplitude[: int(low_hz / spectra.bin_hz) + 1]
    places = places_of(rpm=rpm, bearing=bearing, tolerance=sight.spec.tolerance, highest_hz=highest_hz)
    return {
        "spectrum": {"values": packed(highs(amplitude, SPECTRUM_COLUMNS)), "highest_hz": highest_hz},
        "orders": {"values": packed(low), "highest_hz": spectra.bin_hz * (len(low) - 1)},
        "envelope": _envelope(spectra) if spectra.hears_bearings else None,
        "shaft_hz": rpm / 60 * _ratio(bearing) if rpm else None,
        "places": {
            "orders": _placed([one for one in places if one.kind != "bearing"], low_hz),
            "envelope": _placed([one for one in places if one.kind != "mains"], sight.spec.envelope_max_hz),
        },
    }


def _envelope(spectra: Spectra) -> dict[str, Any]:
    """Heights above the floor in decibels, the highest of the bands heard, as the evidence tells them."""
    heights = spectra.envelopes.max(axis=0)
    decibels = 10 * np.log10(np.maximum(np.expm1(heights), 1.0))
    decibels[:DRIFTS_BELOW] = 0.0
    row = np.clip(highs(decibels, WATERFALL_COLUMNS) / WATERFALL_DB * 255, 0, 255).astype(np.uint8)
    highest_hz = spectra.bin_hz * (len(decibels) - 1)
    return {"values": packed(decibels), "highest_hz": highest_hz, "row": packed_bytes(row)}


def _placed(places: list[Place], highest_hz: float) -> list[dict[str, Any]]:
    return [
        {"kind": one.kind, "family": one.family, "multiple": one.multiple, "low_hz": one.low_hz, "high_hz": one.high_hz}
        for one in places
        if one.high_hz <= highest_hz
    ]


def _ratio(bearing: Bearing | None) -> float:
    return 1.0 if bearing is None else bearing.ratio
