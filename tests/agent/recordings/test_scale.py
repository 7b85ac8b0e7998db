"""Sensitivity and full scale: what people write, what it makes of each kind of samples, and what is asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from one_signal import CLOCK, SIGNAL, WRITERS

from agent.cli import main
from agent.errors import RecordingError
from agent.limits import STANDARD_GRAVITY
from agent.recordings.read import Recording, read_recording
from agent.recordings.scale import FullScale, Sensitivity, full_scale_of, scale_of, sensitivity_of
from agent.sources.replay import ReplayConfig


@pytest.mark.parametrize(
    ("text", "per_g", "of"),
    [
        ("100mV/g", 0.1, "V"),
        ("100 mV/g", 0.1, "V"),
        ("100 mV per g", 0.1, "V"),
        ("0,1 V/g", 0.1, "V"),
        ("10.2mV/(m/s2)", 0.0102 * STANDARD_GRAVITY, "V"),
        ("10.2 mV/(m/s²)", 0.0102 * STANDARD_GRAVITY, "V"),
        ("10.2 mV/m/s^2", 0.0102 * STANDARD_GRAVITY, "V"),
        ("500 µV/g", 0.0005, "V"),
        ("10 g/V", 0.1, "V"),
        ("256LSB/g", 256.0, "count"),
        ("16384 counts/g", 16384.0, "count"),
        ("3.9mg/LSB", 1 / 0.0039, "count"),
    ],
)
def test_sensitivities_as_people_write_them(text: str, per_g: float, of: str) -> None:
    found = sensitivity_of(text)
    assert (found.per_g, found.of) == (pytest.approx(per_g), of)


@pytest.mark.parametrize(
    ("text", "full_scale"),
    [
        ("10V", FullScale(10.0, "V")),
        ("± 5 V", FullScale(5.0, "V")),
        ("500 mV", FullScale(0.5, "V")),
        ("16g", FullScale(16.0, "g")),
        ("+-16g/32768", FullScale(16.0, "g", 32768)),
        ("10V/8388608", FullScale(10.0, "V", 8388608)),
    ],
)
def test_full_scales_as_people_write_them(text: str, full_scale: FullScale) -> None:
    assert full_scale_of(text) == full_scale


@pytest.mark.parametrize(
    ("read", "text", "mention"),
    [
        (sensitivity_of, "100pC/g", "charge amplifier"),
        (sensitivity_of, "100", "no sensitivity"),
        (sensitivity_of, "mV/g", "number and unit"),
        (sensitivity_of, "100mV", "no sensitivity"),
        (sensitivity_of, "100mV/s", "no sensitivity"),
        (sensitivity_of, "8mV/(mm/s)", "no sensitivity"),
        (sensitivity_of, "0mV/g", "beyond any"),
        (sensitivity_of, "-100mV/g", "beyond any"),
        (sensitivity_of, "1e400V/g", "beyond any"),
        (full_scale_of, "10", "no full scale"),
        (full_scale_of, "10A", "no full scale"),
        (full_scale_of, "0V", "beyond any"),
        (full_scale_of, "16g/0", "no number of counts"),
    ],
)
def test_what_is_no_scale_says_what_to_give(read: Callable[[str], object], text: str, mention: str) -> None:
    with pytest.raises(ValueError, match=mention):
        read(text)


def written(path: Path, name: str, values: np.ndarray) -> Path:
    path.write_text(f"time_s,{name}\n" + "".join(f"{t:.4f},{v:.8g}\n" for t, v in zip(CLOCK, values, strict=True)))
    return path


@pytest.mark.parametrize(
    ("kind", "sensitivity", "full_scale", "unit"),
    [
        (".wav", "100mV/g", "0.1V", None),
        (".wav", None, "1g", None),
        (".wav", "32768LSB/g", None, None),
        (".flac", "100mV/g", "0.1V", None),
        ("volts", "1V/g", None, None),
        ("millivolts", "1V/g", None, None),
        ("unknown", "1V/g", None, "V"),
        ("unknown", "1mV/g", None, "mV"),
        ("counts", "1000LSB/g", None, None),
        ("counts", None, "32.768g/32768", None),
        ("counts", "100mV/g", "3.2768V/32768", None),
    ],
)
def test_a_scale_makes_g_of_samples(
    tmp_path: Path, kind: str, sensitivity: str | None, full_scale: str | None, unit: str | None
) -> None:
    recording = of_kind(tmp_path, kind, sensitivity, full_scale, unit)
    np.testing.assert_allclose(recording.samples[:, 0], SIGNAL, atol=6e-4)
    assert (recording.unit, recording.written_unit) == ("g", "g")
    if recording.full_scale is not None:
        assert recording.full_scale == pytest.approx(1.0, rel=1e-4)
    assert any("as was given" in note for note in recording.notes)


def of_kind(folder: Path, kind: str, sensitivity: str | None, full_scale: str | None, unit: str | None) -> Recording:
    """The signal as a recorder leaves it."""
    if kind in WRITERS:
        path = folder / f"a{kind}"
        WRITERS[kind](path)
    else:
        name, factor = {
            "volts": ("ch1 (V)", 1.0),
            "millivolts": ("ch1 [mV]", 1e3),
            "unknown": ("ch1", 1.0),
            "counts": ("adc", 1e3),
        }[kind]
        path = written(folder / "a.csv", name, np.rint(SIGNAL * factor) if kind == "counts" else SIGNAL * factor)
    if unit == "mV":
        sensitivity = "1mV/g"
    return read_recording(path, unit=unit, scale=scale_of(sensitivity, full_scale))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "sensitivity", "full_scale", "unit", "mention"),
    [
        (".wav", None, None, "g", "--full-scale 16g"),
        (".wav", None, None, "m/s2", "not 1 m/s2"),
        (".wav", "100mV/g", None, None, "--full-scale, like 10V"),
        (".wav", None, "10V", None, "--sensitivity"),
        (".wav", "100mV/g", "16g", None, "leave out --sensitivity"),
        (".wav", "100mV/g", "10V", "V", "leave out --unit"),
        (".csv", "100mV/g", None, None, "its unit is g"),
        ("unknown", "100mV/g", None, None, "--unit V or mV"),
        ("unknown", "100mV/g", None, "g", "leave one out"),
        ("unknown", None, None, "V", "--sensitivity"),
        ("unknown", None, "16g", None, "16g/32768"),
        ("volts", None, None, None, "--sensitivity"),
        ("volts", "256LSB/g", None, None, "is a voltage"),
        ("volts", "100mV/g", "10V", None, "leave out --full-scale"),
        ("volts", "100mV/g", None, "mV", "leave out --unit"),
    ],
)
def test_what_a_scale_leaves_open_is_asked_and_what_the_file_contradicts_refused(
    tmp_path: Path, kind: str, sensitivity: str | None, full_scale: str | None, unit: str | None, mention: str
) -> None:
    with pytest.raises(RecordingError) as caught:
        of_kind(tmp_path, kind, sensitivity, full_scale, unit)
    assert mention in str(caught.value)


def test_floats_in_a_wav_may_be_g_volts_or_shares(tmp_path: Path) -> None:
    import soundfile

    path = tmp_path / "a.wav"
    soundfile.write(path, SIGNAL, 1000, subtype="FLOAT")
    assert read_recording(path, unit="g").unit == "g"
    for options, factor in (((None, "16g"), 16.0), (("100mV/g", "10V"), 100.0)):
        recording = read_recording(path, scale=scale_of(*options))
        np.testing.assert_allclose(recording.samples[:, 0], SIGNAL * factor, rtol=1e-5)
    with pytest.raises(RecordingError, match="--unit V"):
        read_recording(path, scale=scale_of("100mV/g", None))
    soundfile.write(path, SIGNAL * 5, 1000, subtype="FLOAT")
    with pytest.raises(RecordingError, match="beyond 1"):
        read_recording(path, scale=scale_of(None, "16g"))


def test_a_config_says_it_with_the_same_words(tmp_path: Path) -> None:
    keys = {"files": ["a.wav"], "sensitivity": "100mV/g", "full_scale": "10V"}
    assert msgspec.convert(keys, ReplayConfig).scale().sensitivity == Sensitivity(0.1, "V")
    with pytest.raises(msgspec.ValidationError, match="charge amplifier"):
        msgspec.convert(keys | {"sensitivity": "10pC/g"}, ReplayConfig)


def test_the_command_line_refuses_a_wrong_scale_before_it_reads(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["replay", "nowhere.wav", "--sensitivity", "100pC/g"])
    assert left.value.code != 0
    assert "charge amplifier" in capsys.readouterr().err
