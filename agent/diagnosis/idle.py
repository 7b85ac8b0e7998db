"""Under which RMS a machine stands still, and why one is held to: by whose word or figure, so that it can be mended."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.diagnosis.healthy_state import HealthyState
from agent.diagnosis.one_window import Measurement
from agent.diagnosis.running import is_told_still
from agent.dsp.features import bands_heard, views
from agent.dsp.spectra import FeatureSpec, Spectra
from agent.machine import SensorSetup
from agent.types import Still, Window


def idle_below(
    window: Window, spectra: Spectra, *, setup: SensorSetup, healthy: HealthyState, spec: FeatureSpec
) -> float | None:
    """In the stream's unit: configured, else learnt by a sensor that heard no more than this one does, else None."""
    if window.stream.unit == "g" and setup.idle_below_g is not None:
        return setup.idle_below_g
    if not healthy.baselines:
        return None
    unheard = _bands(spec).copy()
    unheard[unheard] = ~bands_heard(spectra, spec)
    return healthy.idle_below(unheard if unheard.any() else None)


def why_still(measured: Measurement, *, limit: float | None, setup: SensorSetup) -> Still:
    """Of a machine that is held to stand still in this window; `limit` as `idle_below` has it."""
    rms, unit = measured.rms, measured.window.stream.unit
    if limit is None or is_told_still(measured.speed):
        return Still("speed", rms, None, unit)
    is_configured = unit == "g" and setup.idle_below_g is not None
    return Still("config" if is_configured else "healthy_state", rms, limit, unit)


@lru_cache(maxsize=8)
def _bands(spec: FeatureSpec) -> NDArray[np.bool_]:
    """Which features are the bands of the spectrum, (n,)."""
    return views(spec)["spectrum"]
