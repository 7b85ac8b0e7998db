"""What headers say in five languages, what units are, and which encoding a file is in."""

from __future__ import annotations

import pytest

from agent.tables.encodings import encoding_of
from agent.tables.facts import facts_of
from agent.tables.names import sense_of
from agent.tables.units import split_unit, unit_sense


@pytest.mark.parametrize(
    ("name", "role", "strength", "axis"),
    [
        ("ax_g", "acceleration", "sure", "x"),
        ("accY [m/s2]", "acceleration", "sure", "y"),
        ("Accel_Z", "acceleration", "sure", "z"),
        ("gFx", "acceleration", "sure", "x"),
        ("AcX", "acceleration", "sure", "x"),
        ("Acceleration x (m/s^2)", "acceleration", "sure", "x"),
        ("X축 가속도", "acceleration", "sure", "x"),
        ("Beschleunigung [m/s²]", "acceleration", "sure", None),
        ("Accélération (g)", "acceleration", "sure", None),
        ("Aceleración", "acceleration", "sure", None),
        ("Ch1 [g]", "acceleration", "sure", None),
        ("X-Axis", "acceleration", "weak", "x"),
        ("Z", "acceleration", "weak", "z"),
        ("진동", "acceleration", "weak", None),
        ("Horizontal_vibration_signals", "acceleration", "weak", None),
        ("adc_value", "unknown", "neutral", None),
        ("Channel 1", "unknown", "neutral", None),
        ("bearing 1", "unknown", "neutral", None),
        ("foo", "unknown", "none", None),
        ("gx", "gyro", "sure", "x"),
        ("Gyro Y [deg/s]", "gyro", "sure", None),
        ("Winkelgeschwindigkeit", "gyro", "sure", None),
        ("각속도", "gyro", "sure", None),
        ("rotationRateX", "gyro", "sure", None),
        ("temp_c", "temperature", "sure", None),
        ("bearing temperature", "temperature", "sure", None),
        ("온도(°C)", "temperature", "sure", None),
        ("gyro temp", "temperature", "sure", None),
        ("velocity (mm/s)", "velocity", "sure", None),
        ("진동속도(mm/s)", "velocity", "sure", None),
        ("Acc [mm/s]", "velocity", "sure", None),
        ("speed [mm/s]", "velocity", "sure", None),
        ("T [C]", "temperature", "sure", None),
        ("Drehzahl (1/min)", "speed", "sure", None),
        ("회전수", "speed", "sure", None),
        ("tacho", "speed", "sure", None),
        ("Voltage (V)", "voltage", "sure", None),
        ("전류(A)", "current", "sure", None),
        ("roll", "angle", "sure", None),
        ("mass_g", "force", "sure", None),
        ("max", "derived", "sure", None),
        ("Absolute acceleration (m/s^2)", "derived", "sure", None),
        ("Fehlerklasse", "label", "sure", None),
        ("라벨", "label", "sure", None),
        ("seq", "counter", "sure", None),
        ("순번", "counter", "sure", None),
        ("Seconds", "time", "sure", None),
        ("Zeit [s]", "time", "sure", None),
        ("시간(초)", "time", "sure", None),
        ("timestamp_us", "time", "sure", None),
        ("humidity", "humidity", "sure", None),
        ("비고", "text", "sure", None),
    ],
)
def test_a_header_says_its_role(name: str, role: str, strength: str, axis: str | None) -> None:
    sense = sense_of(name)
    assert (sense.role, sense.strength) == (role, strength)
    assert axis is None or sense.axis == axis


def test_a_line_of_units_decides_over_a_direction() -> None:
    assert sense_of("x", "mm/s").role == "velocity"
    assert sense_of("x", "g").strength == "sure"
    assert sense_of("x", "no unit").strength == "weak"


@pytest.mark.parametrize(
    ("text", "base", "scale"),
    [
        ("g", "g", 1.0),
        ("mg", "g", 1e-3),
        ("µg", "g", 1e-6),
        ("m/s²", "m/s2", 1.0),
        ("m/s^2", "m/s2", 1.0),
        ("m·s⁻²", "m/s2", 1.0),
        ("mm/s2", "m/s2", 1e-3),
        ("LSB", "raw", 1.0),
    ],
)
def test_units_of_acceleration(text: str, base: str, scale: float) -> None:
    sense = unit_sense(text)
    assert sense is not None
    assert (sense.base, sense.scale) == (base, scale)


@pytest.mark.parametrize("name", ["Acc [g]", "Acc (g)", "Acc / g", "Acc, g", "Acc in g", "Acc{g}"])
def test_a_unit_stands_at_the_end_of_a_name(name: str) -> None:
    assert split_unit(name) == ("Acc", "g")


@pytest.mark.parametrize(
    ("line", "rate_hz"),
    [
        ("Sample rate: 12000 Hz", 12_000.0),
        ("Fs = 25.6 kHz", 25_600.0),
        ("# fs=25600", 25_600.0),
        ("Abtastrate;12000", 12_000.0),
        ("Samplerate 12000", 12_000.0),
        ("dt: 0.1 ms", 10_000.0),
        ("Delta_X\t8.333333333E-5", 12_000.0),
        ("Sampling Frequency (Hz),25,600", 25_600.0),
        ("샘플링 주파수: 12000 Hz", 12_000.0),
        ("Sample Rate (kHz): 25,6", 25_600.0),
        ("% Fs: 12.8 kSPS", 12_800.0),
        ("Samples\t12000", None),
        ("Gain: 12000", None),
    ],
)
def test_a_preamble_says_the_rate(line: str, rate_hz: float | None) -> None:
    assert facts_of([line]).rate_hz == (None if rate_hz is None else pytest.approx(rate_hz, rel=1e-5))


def test_other_facts_and_two_that_disagree() -> None:
    facts = facts_of(["Unit: m/s^2", "rpm = 1797", "Channels: 3", "Sample rate: 100", "fs: 200"])
    assert (facts.unit, facts.rpm, facts.channels, facts.rate_hz) == ("m/s^2", 1797.0, 3, None)


TEXT = "Zeit [s];Beschleunigung [m/s²];Gerät\n0,000;1,25\n" + "0,001;1,5\n" * 50
KOREAN = "시간(초),가속도(g),온도(℃)\n0.000,1.25,30\n" + "0.001,1.5,30\n" * 50


@pytest.mark.parametrize(
    ("text", "written", "found"),
    [
        (TEXT, "utf-8", "utf-8"),
        (TEXT, "utf-8-sig", "utf-8-sig"),
        (TEXT, "utf-16", "utf-16"),
        (TEXT, "utf-16-le", "utf-16-le"),
        (TEXT, "utf-16-be", "utf-16-be"),
        (TEXT, "cp1252", "cp1252"),
        (KOREAN, "cp949", "cp949"),
        (KOREAN, "utf-8", "utf-8"),
    ],
)
def test_encodings(text: str, written: str, found: str) -> None:
    data = text.encode(written)
    assert encoding_of(data) == found
    assert data.decode(found) == text


def test_no_text_has_no_encoding() -> None:
    assert encoding_of(b"\x89HDF\r\n\x1a\n" + bytes(range(200))) is None
    assert encoding_of(bytes(range(1, 32)) * 20 + b"\xff\xfe") is None


def test_a_remark_far_below_may_show_the_encoding() -> None:
    assert encoding_of(b"t,ax\n" * 100, "비고: 정상\n".encode("cp949")) == "cp949"
