"""One diagnosis and the alert it raised, every field filled, for tests that carry values from one place to another."""

from __future__ import annotations

from agent.recordings.kept import About
from agent.types import Alert, BearingLine, Diagnosis, Evidence, Figure, Match, Rate, Speed

DIAGNOSIS = Diagnosis(
    sensor="pump_de",
    bearing="de",
    window_start=25600,
    session=3,
    wall_s=1_700_000_000.25,
    time_s=12.5,
    quality=None,
    running=True,
    fault="outer_race",
    probability=0.912345,
    matches=(
        Match("outer_race", 0.81234567, 0.9),
        Match("inner_race", 0.3, 0.05),
        Match("healthy", 0.2, 0.03),
        Match("ball", 0.1, 0.02),
    ),
    deviation=2.5,
    speed=Speed(1797.0, "config"),
    rate=Rate(25630.0, "device_time", 40.0),
    evidence=Evidence(
        lines=(BearingLine("BPFO", 3.585, 107.4, 107.2, 14.0),),
        lines_reason=None,
        velocity_rms=Figure(None, "mm/s", "no scale"),
        iso_zone=None,
        iso_reason="no scale",
        kurtosis=Figure(4.5, "1"),
        crest_factor=Figure(6.0, "1"),
        acceleration_rms=Figure(0.4, "g"),
    ),
)
ALERT = Alert(
    id="00112233aabbccdd",
    event="raised",
    sensor="pump_de",
    bearing="de",
    fault="outer_race",
    probability=0.91,
    opened_wall_s=1_700_000_000.25,
    wall_s=1_700_000_000.25,
    time_s=12.5,
    severity="warning",
    diagnosis=DIAGNOSIS,
)
ABOUT = About(
    alert="a1",
    agent="gw",
    sensor="pump",
    bearing="de",
    machine="pump-3",
    fault="unknown",
    probability=0.9,
    wall_s=None,
    raised_by=0,
    version="1",
    bundle="b 1",
    bundle_sha256="0" * 64,
    runtime="onnx",
    detect_at=1.0,
    name_at=0.5,
)
"""What is kept beside the windows of an alert."""
