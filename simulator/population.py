"""Random machines, bearings, sensors and conditions, wide enough that a model cannot learn any one of them.

Healthy and damaged machines are drawn from the same rigs: only the condition differs, so neither level nor
resonance tells them apart.
"""

from __future__ import annotations

import math

import numpy as np

from .machine import DIRECTIONS, BearingGeometry, Condition, Mesh, Resonance, Rig, Sensor, check_fault

LEAST_RING_HZ = 8.0  # damping * frequency, so that a mode dies away within one block of the source


def random_geometry(rng: np.random.Generator) -> BearingGeometry:
    """Deep-groove, angular-contact, cylindrical and spherical proportions; the elements always fit on the circle."""
    pitch_mm = log_uniform(rng, 20.0, 160.0)
    ratio = float(rng.uniform(0.14, 0.32))
    fits = int(math.pi / math.asin(ratio) / 1.06)  # a cage needs room between neighbours
    balls = int(rng.integers(max(6, fits * 3 // 5), max(7, fits + 1)))
    angle_deg = 0.0 if rng.random() < 0.65 else float(rng.uniform(5.0, 40.0))
    return BearingGeometry(balls=balls, ball_mm=ratio * pitch_mm, pitch_mm=pitch_mm, angle_deg=angle_deg)


def random_sensor(rng: np.random.Generator) -> Sensor:
    """A cheap MEMS part, a vibration MEMS part or a piezo-electric one, mounted in any orientation."""
    axes = tuple(DIRECTIONS[place] for place in rng.permutation(3))
    spikes = float(rng.choice([0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 3.0]))
    spike_g = log_uniform(rng, 0.02, 0.5)
    kind = rng.choice(["cheap", "mems", "mems", "piezo"])
    if kind == "cheap":
        return Sensor(
            full_scale_g=float(rng.choice([8.0, 16.0])),
            bits=int(rng.choice([12, 13, 16])),
            noise_ug_rthz=log_uniform(rng, 120.0, 400.0),
            bandwidth_hz=log_uniform(rng, 800.0, 3000.0),
            spikes_per_s=spikes,
            spike_g=spike_g,
            axes=axes,
        )
    if kind == "mems":
        return Sensor(
            full_scale_g=float(rng.choice([8.0, 16.0, 50.0])),
            bits=16,
            noise_ug_rthz=log_uniform(rng, 25.0, 120.0),
            bandwidth_hz=log_uniform(rng, 3000.0, 11_000.0),
            spikes_per_s=spikes,
            spike_g=spike_g,
            axes=axes,
        )
    return Sensor(
        full_scale_g=float(rng.choice([50.0, 80.0])),
        bits=24,
        noise_ug_rthz=log_uniform(rng, 2.0, 20.0),
        bandwidth_hz=log_uniform(rng, 8000.0, 20_000.0),
        dc_coupled=False,
        spikes_per_s=spikes,
        spike_g=spike_g,
        axes=axes,
    )


def random_rig(rng: np.random.Generator, *, heard_hz: float = 10_000.0) -> Rig:
    """A machine of which a sensor that hears up to `heard_hz` can hear at least one bearing resonance well."""
    loudest = int(rng.integers(3))
    first = _mode(rng, log_uniform(rng, min(0.2 * heard_hz, 1500.0), 0.85 * heard_hz), loudest=loudest, gain=1.0)
    others = [
        _mode(rng, log_uniform(rng, 450.0, 15_000.0), loudest=int(rng.integers(3)), gain=log_uniform(rng, 0.15, 1.0))
        for _ in range(rng.integers(1, 6))
    ]
    frame = [_mode(rng, log_uniform(rng, 150.0, 2500.0), loudest=int(rng.integers(3)), gain=1.0) for _ in range(3)]
    rolling_g = log_uniform(rng, 0.005, 0.3)
    return Rig(
        bearing_path=(first, *others),
        frame_path=tuple(frame),
        rolling_g=rolling_g,
        background_g=rolling_g * log_uniform(rng, 0.1, 1.5),
        background_slope=float(rng.uniform(0.0, 1.5)),
        background_idle=float(rng.uniform(0.02, 0.4)),
        residual_mm_s=log_uniform(rng, 0.08, 1.2),
        harmonics=tuple(log_uniform(rng, 0.05, 1.2) / order for order in range(2, 2 + int(rng.integers(2, 9)))),
        shaft_gains=(1.0, float(rng.uniform(0.4, 1.2)), float(rng.uniform(0.1, 0.6))),
        shaft_wander=log_uniform(rng, 0.01, 0.2),
        meshes=tuple(_mesh(rng, rolling_g) for _ in range(rng.integers(0, 4))),
        hum_hz=float(rng.choice([100.0, 120.0])),
        hum_g=0.0 if rng.random() < 0.3 else rolling_g * log_uniform(rng, 0.02, 0.8),
        rolling_modulation=float(rng.uniform(0.0, 0.5)),
        compliance=_imperfection(rng),
        inner_waviness=_imperfection(rng),
        ball_waviness=_imperfection(rng),
        knocks_per_s=float(rng.choice([0.0, 0.0, 0.3, 2.0, 10.0])),
        knock_db=float(rng.uniform(-28.0, -8.0)),
        pulse_order=int(rng.choice([0, 0, 0, 1, 2, 3, 4, 5, 6, 7])),
        pulse_db=float(rng.uniform(-20.0, 0.0)),
        speed_drift=log_uniform(rng, 0.0005, 0.004),
        speed_jitter=log_uniform(rng, 0.0005, 0.003),
    )


def random_condition(rng: np.random.Generator, fault: str) -> Condition:
    """A fault of that id, from barely developed to severe, localised to worn; ValueError if it is no fault id."""
    check_fault(fault)
    low, high = {
        "inner_race": (0.0, 36.0),
        "outer_race": (-3.0, 34.0),
        "ball": (2.0, 32.0),
        "cage": (2.0, 14.0),
        "looseness": (8.0, 26.0),
        "imbalance": (10.0, 28.0),
        "misalignment": (8.0, 26.0),
    }.get(fault, (0.0, 0.0))
    worn = rng.random() < 0.3  # worn bearings hum in their rhythm instead of clicking in it
    spread = float(rng.uniform(0.4, 0.95)) if worn or fault == "cage" else float(rng.uniform(0.0, 0.3))
    return Condition(
        fault=fault,
        severity_db=float(rng.uniform(low, high)),
        slip=float(rng.uniform(0.0, 0.012)),
        slip_jitter=log_uniform(rng, 0.0008, 0.1 if fault == "ball" else 0.02),
        load_zone=float(rng.uniform(0.3, 1.2)),
        unloaded=float(rng.uniform(0.0, 0.3)),
        arc_deg=0.0 if rng.random() < 0.5 else float(rng.uniform(0.5, 10.0)),
        spread=spread,
        sharpness=log_uniform(rng, 0.7, 3.0),
        scatter=float(rng.uniform(0.05, 0.6)),
        unevenness=float(rng.choice([0.0, 0.1, 0.3, 0.5])),
        sway=float(rng.choice([0.0, 0.0, 0.2, 0.4])),
        contact_us=log_uniform(rng, 10.0, 80.0),
        second_contact=float(rng.uniform(0.2, 1.0)),
        tumble=0.0 if rng.random() < 0.4 else float(rng.uniform(0.3, 1.0)),
        strikes=1.0 if fault != "ball" or rng.random() < 0.2 else log_uniform(rng, 0.01, 0.3),
        overhang=float(rng.uniform(0.0, 1.2)),
        axial=float(rng.uniform(0.1, 1.0)),
        mix=(float(rng.uniform(0.2, 1.0)), float(rng.uniform(0.7, 1.3)), float(rng.uniform(0.05, 0.8))),
        bounce=float(rng.uniform(0.45, 0.9)),
        halves=float(rng.uniform(0.15, 0.9)),
        knocking=float(rng.uniform(0.0, 1.0)),
        floor_db=float(rng.uniform(0.0, 8.0)),
    )


def _mode(rng: np.random.Generator, hz: float, *, loudest: int, gain: float) -> Resonance:
    gains = gain * rng.uniform(0.15, 0.9, 3) * rng.choice([-1.0, 1.0], 3)
    gains[loudest] = gain
    damping = max(log_uniform(rng, 0.01, 0.06), LEAST_RING_HZ / hz)
    return Resonance(hz=hz, damping=damping, gains=(float(gains[0]), float(gains[1]), float(gains[2])))


def _mesh(rng: np.random.Generator, rolling_g: float) -> Mesh:
    order = float(rng.integers(5, 60))
    if rng.random() < 0.4:  # a mesh of another shaft, behind a gear or belt
        order *= float(rng.uniform(0.3, 1.0))
    return Mesh(order=order, level_g=rolling_g * log_uniform(rng, 0.05, 1.5), sideband=float(rng.uniform(0.0, 0.6)))


def _imperfection(rng: np.random.Generator) -> float:
    """How much a healthy ring or ball sways the rolling noise: real healthy bearings show weak lines at every order."""
    return 0.0 if rng.random() < 0.2 else log_uniform(rng, 0.03, 0.6)


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A draw whose logarithm is uniform: as likely between 1 and 2 as between 2 and 4."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
