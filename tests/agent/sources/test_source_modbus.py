"""Transmitters on a Modbus line: the messages, the registers, and a transmitter that answers on a pseudo-terminal."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requirements import ROOT
from serial_lines import Terminal, Transmitter
from waiting import until

from agent.diagnosis.rms_only import Transmitter as Judge
from agent.diagnosis.rms_only import is_rms_only
from agent.machine import Machine, Mounting, SensorSetup
from agent.sources.modbus import ModbusConfig, ModbusSource
from agent.sources.rtu import EXCEPTIONS, MAX_WORDS, Refused, crc16, request, silence_s, with_crc, words_in
from agent.sources.transmitters import PROFILES, Register, spans
from agent.transport.routes import Route
from agent.types import Item, Reading, SourceFault, Speed

CAPTURES = ROOT / "tests" / "cases" / "captures"
WTVB01 = {0x3A: 3, 0x3B: 5, 0x3C: 2, 0x3D: 0, 0x3E: 0, 0x3F: 0, 0x40: 2534}
ASKED = request(0x50, first=0x3A, count=7)


def exchanges() -> list[tuple[bytes, bytes]]:
    lines = (CAPTURES / "modbus.txt").read_text().splitlines()
    pairs = [line.split("|") for line in lines if not line.startswith("#")]
    return [(bytes.fromhex(asked), bytes.fromhex(reply)) for asked, reply in pairs]


# ------------------------------------------------------------------------------------------------------------ messages


@pytest.mark.parametrize(
    ("message", "address", "first", "count"),
    [
        ("50 03 00 34 00 13 48 48", 0x50, 0x34, 19),
        ("50 03 00 34 00 03 49 84", 0x50, 0x34, 3),
        ("50 03 00 3a 00 03 28 47", 0x50, 0x3A, 3),
        ("50 03 00 40 00 01 88 5f", 0x50, 0x40, 1),
        ("01 03 14 50 00 06 c0 29", 1, 5200, 6),
        ("01 03 00 10 00 06 c4 0d", 1, 16, 6),
    ],
)
def test_request_is_as_the_makers_print_it(message: str, address: int, first: int, count: int) -> None:
    assert request(address, first=first, count=count) == bytes.fromhex(message)


def test_crc_is_the_standards() -> None:
    assert crc16(b"123456789") == 0x4B37
    assert crc16(bytes.fromhex("50 06 00 69 b5 88 22 a1")) == 0, "with its own CRC behind it, any message has 0"


def test_captured_replies_are_read() -> None:
    (wtvb, vt1) = (words_in(reply, asked, is_all=False) for asked, reply in exchanges())
    assert wtvb == (3, 5, 2, 0, 0, 0, 2534)
    assert vt1 == (0x2E, 0x6C, 0x625, 0x206, 0x47, 0xB6)
    z_in_s, z_mm_s, fahrenheit, celsius, x_in_s, x_mm_s = vt1
    assert fahrenheit / 20 == pytest.approx(celsius / 20 * 1.8 + 32, abs=0.1), "the order of the registers is right"
    assert x_in_s / 1e4 * 25.4 == pytest.approx(x_mm_s / 1e3, rel=0.02)
    assert z_in_s / 1e4 * 25.4 == pytest.approx(z_mm_s / 1e3, rel=0.1)


def test_reply_may_come_in_pieces_after_an_echo_and_noise() -> None:
    asked, reply = exchanges()[0]
    for noise in (b"", b"\xff\x00", b"\x50\x03\x0e", asked):
        for cut in range(len(reply)):
            assert words_in(noise + reply[:cut], asked, is_all=False) is None
        assert words_in(noise + reply, asked, is_all=False) == (3, 5, 2, 0, 0, 0, 2534)


@pytest.mark.parametrize("code", [*EXCEPTIONS, 99])
def test_no_is_an_answer(code: int) -> None:
    said = words_in(with_crc(bytes([0x50, 0x83, code])), ASKED, is_all=False)
    assert isinstance(said, Refused)
    wanted = EXCEPTIONS.get(code, f"exception {code}").format(function=3, other=4)
    assert (said.kind, said.detail) == ("modbus_exception", wanted)


def test_reply_of_another_or_with_a_wrong_bit_is_none() -> None:
    asked, reply = exchanges()[0]
    others = [with_crc(b"\x51" + reply[1:-2]), with_crc(reply[:2] + b"\x06" + reply[3:9])]
    flipped = [reply[:k] + bytes([reply[k] ^ 1 << b]) + reply[k + 1 :] for k in range(len(reply)) for b in range(8)]
    for wrong in [*others, *flipped]:
        said = words_in(wrong, asked, is_all=True)
        assert isinstance(said, Refused)
        assert said.kind == "bad_reply"
    for nothing in (b"", asked):  # an adapter's echo is no reply
        said = words_in(nothing, asked, is_all=True)
        assert isinstance(said, Refused)
        assert said.kind == "no_reply"


@given(data=st.binary(max_size=300))
def test_noise_is_never_a_reply(data: bytes) -> None:
    assert not isinstance(words_in(data, ASKED, is_all=True), tuple)


def test_silence_between_messages_is_three_and_a_half_characters() -> None:
    assert silence_s(9600) == pytest.approx(0.00401, abs=1e-5)


# ----------------------------------------------------------------------------------------------------------- registers


def test_figure_has_scale_and_sign() -> None:
    register = Register(register=0, quantity="temperature_c", scale=0.01, signed=True)
    assert [register.figure(word) for word in (2534, 0xFFFE, 0x8001)] == [25.34, -0.02, -327.67]
    velocity = PROFILES["wtvb01_485"].registers[0]
    assert velocity.figure(0x8001) == 32_769, "velocity is unsigned: read with a sign it turns over when it is worst"


def test_registers_are_asked_for_together_where_they_are_near() -> None:
    numbers = (100, 101, 105, 120, 121, 300, 100)
    assert spans([Register(register=n, quantity="temperature_c") for n in numbers]) == [
        (3, 100, 6),
        (3, 120, 2),
        (3, 300, 1),
    ]
    assert spans(PROFILES["wtvb01_485"].registers) == [(3, 0x3A, 7)]
    assert spans(PROFILES["banner_qm42vt2"].registers) == [(3, 5201, 5)]
    long = spans([Register(register=n, quantity="temperature_c") for n in range(400)])
    assert sum(count for *_, count in long) == 400
    assert max(count for *_, count in long) <= MAX_WORDS


def test_wide_registers_are_asked_for_whole_and_each_function_by_itself() -> None:
    def wide(n: int, **options: Any) -> Register:
        return Register(register=n, quantity="temperature_c", type="float32", **options)

    assert spans([wide(10), wide(12), wide(20, function=4)]) == [(3, 10, 4), (4, 20, 2)]
    assert spans([wide(10), Register(register=11, quantity="temperature_c")]) == [(3, 10, 2)]
    long = spans([wide(2 * n) for n in range(100)])
    assert long == [(3, 0, 124), (3, 124, 76)], "no float is cut in two"


@pytest.mark.parametrize(
    ("kind", "words", "figure"),
    [
        ("float32", (0x3DF5, 0xC28F), 0.12),
        ("int32", (0xFFFF, 0xFFFE), -2.0),
        ("uint32", (0x0001, 0x0000), 65_536.0),
        ("int16", (0xFFFE,), -2.0),
        ("uint16", (0xFFFE,), 65_534.0),
        ("float32", (0x8000, 0x0000), 0.0),
    ],
)
def test_types_and_the_order_of_words(kind: Any, words: tuple[int, ...], figure: float) -> None:
    register = Register(register=0, quantity="velocity_rms_mm_s", type=kind)
    assert register.width == len(words)
    assert register.figure(*words) == pytest.approx(figure)
    turned = Register(register=0, quantity="velocity_rms_mm_s", type=kind, words="low_first")
    assert turned.figure(*words[::-1]) == pytest.approx(figure)


@pytest.mark.parametrize("kind", ["uint16", "int16", "uint32", "int32", "float32"])
def test_registers_that_hold_no_reading_have_no_figure(kind: Any) -> None:
    register = Register(register=0, quantity="velocity_rms_mm_s", type=kind)
    assert register.figure(*[0xFFFF] * register.width) is None
    assert register.figure(*[0x7FFF, 0xFFFF][: register.width]) is None


@pytest.mark.parametrize("table", [{"type": "float32", "signed": True}, {"type": "int32", "register": 65_535}])
def test_register_that_cannot_be_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"signed|registers"):
        msgspec.convert({"register": 1, "quantity": "temperature_c", **table}, Register)


@pytest.mark.parametrize(
    "table", [{}, {"profile": "wtvb01_485", "registers": [{"register": 1, "quantity": "temperature_c"}]}]
)
def test_model_is_named_or_described_and_not_both(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError, match="give either profile"):
        msgspec.convert({"port": "/dev/x", **table}, ModbusConfig)


# -------------------------------------------------------------------------------------------------------------- source


@pytest.fixture
def transmitter(terminal: Terminal) -> Iterator[Transmitter]:
    made = Transmitter(terminal, dict(WTVB01))
    yield made
    made.stop()


def opened(terminal: Terminal, *routes: Route, **options: Any) -> ModbusSource:
    options = {"profile": "wtvb01_485", "poll_s": 0.1, "timeout_s": 0.08, **options}
    source = ModbusSource(ModbusConfig(port=terminal.path, **options), routes or (Route("pump"),), name="rs485")
    source.open()
    return source


def ask(source: ModbusSource, *, rounds: int) -> list[Item]:
    """What comes until so many questions were settled."""
    items: list[Item] = []
    deadline = time.monotonic() + 5

    def settled() -> int:
        counts = source.counters()
        return counts["requests"] - counts["retries"]

    wanted = settled() + rounds
    while settled() < wanted:
        assert time.monotonic() < deadline
        items += source.read(0.5)
    return items


def figures(items: list[Item]) -> list[tuple[str, str, str | None, float]]:
    return [(item.sensor, item.quantity, item.axis, item.value) for item in items if isinstance(item, Reading)]


def faults(items: list[Item]) -> Counter[str]:
    return Counter(item.kind for item in items if isinstance(item, SourceFault))


def test_round_gives_every_figure_with_the_leading_axis_last(terminal: Terminal, transmitter: Transmitter) -> None:
    source = opened(terminal)
    before = time.monotonic()
    items = ask(source, rounds=1)
    assert figures(items) == [
        ("pump", "velocity_rms_mm_s", "z", 2.0),
        ("pump", "velocity_rms_mm_s", "y", 5.0),
        ("pump", "velocity_rms_mm_s", "x", 3.0),
        ("pump", "temperature_c", None, 25.34),
    ]
    assert all(before <= item.arrival_s <= time.monotonic() for item in items if isinstance(item, Reading))
    assert transmitter.asked == [ASKED]
    source.close()


def test_diagnosis_of_a_round_is_a_zone_and_says_rms_only(terminal: Terminal, transmitter: Transmitter) -> None:
    source = opened(terminal)
    judge = Judge(SensorSetup("pump", Machine("pump", mounting=Mounting(group=2, foundation="rigid"))))
    diagnoses = []
    for velocity_y in (5, 9, 1, 9):
        transmitter.words[0x3B] = velocity_y
        readings = [item for item in ask(source, rounds=1) if isinstance(item, Reading)]
        diagnoses += [d for reading in readings for d in judge.feed(reading, Speed(1480.0, "config"))]
    zones = [d.evidence.iso_zone for d in diagnoses if d.evidence]
    assert zones[-3:] == ["D", "C", "D"], "of all axes of the same round"
    assert all(is_rms_only(d) and d.matches == () for d in diagnoses)
    source.close()


def test_figures_come_at_the_polling_rate(terminal: Terminal, transmitter: Transmitter) -> None:
    source = opened(terminal, poll_s=0.2)
    began = time.monotonic()
    ask(source, rounds=4)
    assert 0.55 < time.monotonic() - began < 2.5  # at the default rate it would be three seconds
    source.close()


def test_question_is_repeated_before_it_is_a_fault(terminal: Terminal, transmitter: Transmitter) -> None:
    source = opened(terminal, retries=2)
    transmitter.mute = 2
    assert faults(ask(source, rounds=1)) == {}
    assert source.counters()["retries"] == 2
    transmitter.garble = 1
    assert faults(ask(source, rounds=1)) == {}
    transmitter.mute = 6
    silent = ask(source, rounds=2)
    assert faults(silent) == {"no_reply": 2}
    assert all("address 80, register 58: no reply" in item.detail for item in silent if isinstance(item, SourceFault))
    assert len(figures(ask(source, rounds=1))) == 4
    transmitter.garble = 3
    assert faults(ask(source, rounds=1)) == {"bad_reply": 1}
    counts = source.counters()
    assert (counts["retries"], counts["faults"], counts["replies"]) == (9, 3, 3)
    source.close()


def test_device_that_has_no_such_registers_says_so(terminal: Terminal, transmitter: Transmitter) -> None:
    del transmitter.words[0x3C]
    source = opened(terminal)
    (fault,) = (item for item in ask(source, rounds=1) if isinstance(item, SourceFault))
    assert (fault.kind, fault.sensor) == ("modbus_exception", "pump")
    assert fault.detail == "address 80, register 58: it has no such registers"
    assert source.counters()["retries"] == 0
    source.close()


def test_echoing_adapter_and_late_reply_do_no_harm(terminal: Terminal, transmitter: Transmitter) -> None:
    source = opened(terminal, retries=0)
    transmitter.echo = True
    assert len(figures(ask(source, rounds=1))) == 4
    transmitter.echo, transmitter.slow_s = False, 0.5  # far beyond the time that a reply may take
    assert faults(ask(source, rounds=1)) == {"no_reply": 1}
    until(lambda: transmitter.answered == 2)  # the first is counted a moment after it was heard
    transmitter.slow_s = 0.0
    transmitter.words[0x3A] = 7
    heard = next(found for _ in range(20) if (found := figures(ask(source, rounds=1))))  # a busy computer may miss one
    assert heard[2] == ("pump", "velocity_rms_mm_s", "x", 7.0), "not the late one"
    source.close()


def test_several_transmitters_share_a_line_and_one_that_is_dead_harms_none(terminal: Terminal) -> None:
    line = Transmitter(terminal, dict(WTVB01), addresses=(0x50, 3))
    routes = (Route("a", address=0x50), Route("dead", address=2), Route("b", address=3))
    source = opened(terminal, *routes, retries=1)
    items = ask(source, rounds=6)
    assert Counter(sensor for sensor, *_ in figures(items)) == {"a": 8, "b": 8}
    assert [item.sensor for item in items if isinstance(item, SourceFault)] == ["dead", "dead"]
    source.close()
    line.stop()


def test_sensor_may_want_one_figure_of_one_axis(terminal: Terminal, transmitter: Transmitter) -> None:
    routes = (
        Route("worst", quantity="velocity_rms_mm_s", axis="y"),
        Route("warm", quantity="temperature_c"),
    )
    source = opened(terminal, *routes)
    assert figures(ask(source, rounds=1)) == [
        ("worst", "velocity_rms_mm_s", "y", 5.0),
        ("warm", "temperature_c", None, 25.34),
    ]
    assert len(transmitter.asked) == 1, "one question serves both"
    source.close()


def test_figure_that_cannot_be_is_a_fault(terminal: Terminal, transmitter: Transmitter) -> None:
    transmitter.words |= {0x3A: 0xFFFE, 0x40: 0x8001}
    source = opened(terminal)
    items = ask(source, rounds=1)
    assert faults(items) == {"implausible": 2}
    assert len(figures(items)) == 2
    source.close()


def test_registers_of_another_model_are_read_as_described(terminal: Terminal) -> None:
    line = Transmitter(terminal, {5201: 1234, 5202: 0, 5203: 2150}, addresses=(1,))
    registers = (
        Register(register=5201, quantity="velocity_rms_mm_s", axis="z", scale=0.001),
        Register(register=5203, quantity="temperature_c", scale=0.01, signed=True),
    )
    source = opened(terminal, profile=None, registers=registers)
    assert figures(ask(source, rounds=1)) == [
        ("pump", "velocity_rms_mm_s", "z", pytest.approx(1.234)),
        ("pump", "temperature_c", None, pytest.approx(21.5)),
    ]
    source.close()
    line.stop()


def test_all_ones_are_a_fault_and_no_figure(terminal: Terminal) -> None:
    """A gateway whose transmitter is gone answers so; 65.5 mm/s would be zone D."""
    line = Transmitter(terminal, dict.fromkeys(range(5201, 5206), 0xFFFF), addresses=(3,))
    source = opened(terminal, Route("pump", address=3), profile="banner_qm42vt2")
    items = ask(source, rounds=1)
    assert figures(items) == []
    assert faults(items) == {"no_reading": 3}
    assert "address 3, register 5201: ffff is no reading" in {i.detail for i in items if isinstance(i, SourceFault)}
    source.close()
    line.stop()


def test_float_in_input_registers_of_a_device_that_knows_function_04_only(terminal: Terminal) -> None:
    line = Transmitter(terminal, {10: 0x3DF5, 11: 0xC28F}, addresses=(1,), function=4)
    inches = Register(register=10, quantity="velocity_rms_mm_s", axis="x", scale=25.4, type="float32", function=4)
    source = opened(terminal, profile=None, registers=(inches,))
    assert figures(ask(source, rounds=1)) == [("pump", "velocity_rms_mm_s", "x", pytest.approx(3.048))]
    source.close()
    holding = Register(register=10, quantity="velocity_rms_mm_s", type="float32")
    source = opened(terminal, profile=None, registers=(holding,))
    (fault,) = (item for item in ask(source, rounds=1) if isinstance(item, SourceFault))
    assert fault.detail == "address 1, register 10: it does not know function 03; try function = 4"
    source.close()
    line.stop()
