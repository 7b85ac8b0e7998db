"""A recording with what a person told of it: believed where its file says nothing, refused where it says another thing.

Samples become g here, or stay without a unit: full scale is never taken for 1 g, nor a volt for anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from agent.errors import RecordingError
from agent.limits import STANDARD_GRAVITY
from agent.recordings.recording import Recording, Unit, as_float32
from agent.recordings.scale import Scale
from agent.tables.clock import AGREES

FULL = 1.001  # beyond which a sample is over full scale, rounding aside
ASKS_SCALE = (
    "give the sensor's sensitivity and the volts at full scale (--sensitivity 100mV/g --full-scale 10V), or the g at "
    "full scale (--full-scale 16g)"
)


def overruled(
    recording: Recording,
    *,
    rate_hz: float | None,
    axes: Sequence[str] | None,
    unit: Unit | None,
    scale: Scale,
) -> Recording:
    """The recording with what a person gave (not None, not empty) where its file says nothing; acceleration is in g.

    A rate may be more exact than the file's, and then is used and noted; "raw" forgets the unit. RecordingError where
    the file says another rate or unit: one of the two is wrong, and a wrong one moves every frequency or level.
    """
    notes = list(recording.notes)
    if rate_hz is not None:
        if recording.rate_hz is not None and abs(rate_hz / recording.rate_hz - 1) > AGREES:
            raise RecordingError(
                f"{recording.path}: the file says {recording.rate_hz:g} Hz, but {rate_hz:g} Hz was given (--rate-hz); "
                "leave that out, or correct the file"
            )
        if recording.rate_hz is not None and abs(rate_hz / recording.rate_hz - 1) > 0.001:
            notes.append(f"the file says {recording.rate_hz:g} Hz; {rate_hz:g} Hz was given and is used")
        recording = replace(recording, rate_hz=rate_hz)
    if axes is not None:
        recording = replace(recording, axes=tuple(axes))
    recording = replace(recording, notes=tuple(notes))
    if scale:
        return _to_scale(recording, unit, scale)
    return recording if unit is None else _in_unit(recording, unit)


def _said(recording: Recording) -> str | None:
    return recording.written_unit or ("g" if recording.unit == "g" else None)


def _in_unit(recording: Recording, unit: Unit) -> Recording:
    if unit == "raw":
        return replace(recording, unit="raw", written_unit=None)
    said = _said(recording)
    if said is not None and said != unit:
        raise _contradicted(recording, said, f"{unit} was given (--unit)")
    if unit in ("V", "mV"):
        raise RecordingError(
            f"{recording.path}: {unit} is no unit of acceleration; give the sensor's sensitivity, too "
            "(--sensitivity, like 100mV/g)"
        )
    if recording.one_is_full_scale:
        raise RecordingError(f"{recording.path}: 1 is full scale in this file, which is not 1 {unit}; {ASKS_SCALE}")
    if said is None and unit == "m/s2":
        recording = _scaled(recording, 1 / STANDARD_GRAVITY)
    return replace(recording, unit="g", written_unit="g" if unit == "g" else "m/s2")


def _to_scale(recording: Recording, unit: Unit | None, scale: Scale) -> Recording:
    """The recording in g by the scale that was given; RecordingError where that is not the scale of such samples."""
    said = _said(recording)
    if said in ("g", "m/s2"):
        raise _contradicted(recording, str(said), "a scale was given (--sensitivity, --full-scale)")
    if unit in ("g", "m/s2", "raw"):
        raise RecordingError(
            f"{recording.path}: {unit} was given (--unit), and a scale (--sensitivity, --full-scale); leave one out"
        )
    factor = _factor(recording, unit, scale)
    if isinstance(factor, str):
        raise RecordingError(f"{recording.path}: {factor}")
    note = f"{factor:.6g} g for each {'V' if unit or said == 'V' else 'unit of its samples'}, as was given"
    return replace(_scaled(recording, factor), unit="g", written_unit="g", notes=(*recording.notes, note))


def _factor(recording: Recording, unit: Unit | None, scale: Scale) -> float | str:
    """g of a sample of 1, or the end of the sentence that says what is missing."""
    if recording.written_unit == "V":
        if unit is not None:
            return "says itself that its samples are volts; leave out --unit"
        return scale.g_per_volt()
    if recording.one_is_full_scale:
        if unit is not None:
            return f"is 1 at full scale, not 1 {unit}; leave out --unit and give --full-scale, like 10V"
        return scale.g_per_full_scale(recording.step)
    if unit is not None:
        per_volt = scale.g_per_volt()
        return per_volt if isinstance(per_volt, str) else per_volt * (1e-3 if unit == "mV" else 1.0)
    if recording.one_is_full_scale is None:
        if scale.full_scale is None:
            return "holds floats that may be volts or shares of full scale; give --unit V, or --full-scale, like 10V"
        if np.abs(recording.samples).max(initial=0.0) > FULL:
            return "holds samples beyond 1, so 1 is not its full scale; leave out --full-scale and say --unit V"
        return scale.g_per_full_scale(None)
    return scale.g_per_count()


def _contradicted(recording: Recording, said: str, given: str) -> RecordingError:
    return RecordingError(
        f"{recording.path}: the file says that its unit is {said}, but {given}; leave that out, or correct the file"
    )


def _scaled(recording: Recording, factor: float) -> Recording:
    return replace(
        recording,
        samples=as_float32(recording.samples * np.float64(factor)),
        full_scale=None if recording.full_scale is None else recording.full_scale * factor,
        step=None if recording.step is None else recording.step * factor,
    )
