"""A sensor too slow for bearing work still tells that a shaft is sick and how badly; from its wire to the alert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.signal import resample_poly
from serial_lines import Terminal

from agent.alerting.window_rules import DecisionConfig
from agent.bundle.encoder import load_encoder
from agent.bundle.load import Bundle, load_bundle
from agent.machine import Bearing, Geometry, Machine, SensorSetup
from agent.pipeline import Pipeline
from agent.ports import Encoder, Source
from agent.sources.serial_csv import SerialCsvConfig, SerialCsvSource
from agent.sources.witframes import ACCELERATION, STEP_G, frame_of
from agent.sources.witmotion import WitmotionConfig, WitmotionSource
from agent.transport.routes import Route
from agent.types import UNKNOWN, Alert, Diagnosis, Item, SampleBlock, State
from simulator import demo_source

RPM = 1450.0
TEACH, HEALTHY_S, FAULT_S = 30, 20, 8


@cache
def loaded() -> tuple[Bundle, Encoder]:
    bundle = load_bundle("default")
    return bundle, load_encoder(bundle)[1]


@cache
def shaking(fault: str, rate_hz: int, seconds: int, seed: int) -> np.ndarray:
    """The demo motor as a sensor with a proper filter before it samples."""
    fast = demo_source(fault, rate_hz=12_800.0, rpm=RPM, seed=seed).next(12_800 * seconds)
    return resample_poly(fast.astype(float), rate_hz, 12_800, axis=0)


def in_wit_frames(g: np.ndarray, _rate_hz: int) -> bytes:
    return b"".join(frame_of(ACCELERATION, (*map(int, row), 2500)) for row in (g / STEP_G).round())


def in_lines(g: np.ndarray, rate_hz: int) -> bytes:
    lines = (f"{1e6 * n / rate_hz:.0f},{x:.4f},{y:.4f},{z:.4f}\n" for n, (x, y, z) in enumerate(g))
    return b"t_us,ax_g,ay_g,az_g\n" + "".join(lines).encode()


def wit(path: str) -> Source:
    return WitmotionSource(WitmotionConfig(port=path), (Route("fan", rate_hz=200.0),))


def sketch(path: str) -> Source:
    return SerialCsvSource(SerialCsvConfig(port=path), (Route("fan", rate_hz=1000.0),))


def hear(source: Source, terminal: Terminal, data: bytes) -> tuple[Pipeline, list[Diagnosis], list[Alert]]:
    """All that the pipeline of one fan says while it hears `data`; first it is taught."""
    bundle, encoder = loaded()
    machine = Machine("fan", rpm=RPM, speed_source="config")
    setup = SensorSetup("fan", machine, (Bearing("de", Geometry(9, 7.94, 39.04)),))
    pipeline = Pipeline(setup, bundle=bundle, encoder=encoder, config=DecisionConfig())
    pipeline.healthy.commission(TEACH)
    source.open()
    terminal.say(data)
    outputs = []
    while source.counters()["bytes"] < len(data):
        outputs += [output for item in source.read(1.0) for output in pipeline.feed(in_its_time(item))]
    source.close()
    diagnoses = [output for output in outputs if isinstance(output, Diagnosis)]
    return pipeline, diagnoses, [output for output in outputs if isinstance(output, Alert)]


def in_its_time(item: Item) -> Item:
    """As if the line had taken as long as the sensor: all at once, half a minute would be a rate that nobody told."""
    if not isinstance(item, SampleBlock):
        return item
    return replace(item, arrival_s=item.end / item.stream.rate_hz)


@pytest.mark.parametrize("fault", ["imbalance", "looseness", "misalignment"])
@pytest.mark.parametrize(("build", "words", "rate_hz"), [(wit, in_wit_frames, 200), (sketch, in_lines, 1000)])
def test_slow_sensor_raises_the_alarm_and_no_wrong_name(
    build: Callable[[str], Source],
    words: Callable[[np.ndarray, int], bytes],
    rate_hz: int,
    fault: str,
    terminal: Terminal,
) -> None:
    healthy, sick = shaking("healthy", rate_hz, HEALTHY_S, 1), shaking(fault, rate_hz, FAULT_S, 2)
    pipeline, diagnoses, alerts = hear(build(terminal.path), terminal, words(np.concatenate([healthy, sick]), rate_hz))
    assert pipeline.decision.state in (State.FAULT, State.ABNORMAL)
    assert [alert.event for alert in alerts] in (["raised"], ["raised", "updated"])
    assert {alert.severity for alert in alerts} == {"alarm"}
    # How sure a name must be is the bundle's business, and it may come later than the alarm.
    assert all(alert.fault in (fault, UNKNOWN) for alert in alerts)
    assert len({alert.fault for alert in alerts}) == len(alerts)
    assert diagnoses[-1].deviation is not None
    assert diagnoses[-1].deviation > 3
    assert not any(diagnosis.hears_bearings for diagnosis in diagnoses if diagnosis.running)
    evidence = diagnoses[-1].evidence
    assert evidence is not None
    assert (evidence.lines_reason, evidence.iso_reason) == ("band_above_nyquist", "band_above_nyquist")
