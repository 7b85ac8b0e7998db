"""What sensors cannot show to a bundle: told where no envelope band of it fits under half their declared rate."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from agent.config.hearing import remarks_on_hearing
from agent.config.load import check_config
from agent.dsp.spectra import FeatureSpec

CONFIG = """
[agent]
id = "gw"
[machines.m]
[[sources]]
name = "s"
kind = "{kind}"
{source}
[sensors.a]
source = "s"
machine = "m"
{keys}
"""
SPEC = FeatureSpec()


def remarks(folder: Path, keys: str, *, kind: str = "serial_csv", spec: FeatureSpec = SPEC) -> list[str]:
    path = folder / "a.toml"
    source = {"serial_csv": "port = '/dev/a'", "mqtt": ""}[kind]
    path.write_text(CONFIG.format(kind=kind, source=source, keys=keys), encoding="utf-8")
    config, problems = check_config(path)
    assert config is not None, problems
    assert problems == []
    return list(remarks_on_hearing(config, spec))


@pytest.mark.parametrize(
    ("rate_hz", "told"), [(200, True), (2500, True), (2600, True), (2790, True), (2800, False), (3200, False)]
)
def test_a_sensor_too_slow_for_every_band_is_told_so(tmp_path: Path, rate_hz: int, told: bool) -> None:
    said = (
        f"sensors.a.rate_hz: {rate_hz} Hz is too slow for bearing work; "
        "imbalance, looseness and severity are all this sensor can show"
    )
    assert remarks(tmp_path, f"rate_hz = {rate_hz}") == ([said] if told else [])


def test_the_limit_is_the_bundle_s_and_any_band_will_do(tmp_path: Path) -> None:
    lower = msgspec.structs.replace(SPEC, envelope_bands_hz=((4000.0, 5900.0), (200.0, 900.0)))
    assert remarks(tmp_path, "rate_hz = 1800", spec=lower) == []
    assert remarks(tmp_path, "rate_hz = 1700", spec=lower) != []
    higher = msgspec.structs.replace(SPEC, envelope_bands_hz=((1200.0, 2600.0),))
    assert remarks(tmp_path, "rate_hz = 3200", spec=higher) != []


def test_who_declares_no_rate_or_sends_figures_is_told_nothing(tmp_path: Path) -> None:
    assert remarks(tmp_path, "") == []
    figures = "topic = 'a/b'\nquantity = 'velocity_rms_mm_s'\nrate_hz = 1"
    assert remarks(tmp_path, figures, kind="mqtt") == []
