"""What `check` says of a sensor on its kind of source: keys that find nothing, and what it cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config.load import check_config

HEAD = '[agent]\nid = "gw"\n[machines.m]\nspeed = { rpm = 1480 }\n'
ZONED = "iso_group = 2\nfoundation = 'rigid'\n"
SOURCES = {
    "serial": "port = '/dev/a'",
    "serial_csv": "port = '/dev/a'",
    "witmotion": "port = '/dev/a'",
    "modbus": "port = '/dev/a'\nprofile = 'banner_qm42vt2'",
    "mqtt": "",
}


def check(
    tmp_path: Path, kind: str, sensors: str, *, machine: str = ZONED, more: str = ""
) -> tuple[list[str], tuple[str, ...]]:
    """Problems and notices of a config with one source of that kind, called s."""
    path = tmp_path / "a.toml"
    source = f"[[sources]]\nname = 's'\nkind = '{kind}'\n{SOURCES[kind]}\n"
    path.write_text(f"{HEAD}{machine}{source}{more}{sensors}", encoding="utf-8")
    config, problems = check_config(path)
    return problems, config.notices if config else ()


def sensor(keys: str = "", *, name: str = "a") -> str:
    return f"[sensors.{name}]\nsource = 's'\nmachine = 'm'\n{keys}\n"


@pytest.mark.parametrize(
    ("kind", "keys", "problem"),
    [
        ("serial", "topic = 'a/b'", "sensors.a.topic: a serial source has none; use stream = 0 and device = ..."),
        ("serial", "address = 3", "sensors.a.address: a serial source has none; use stream"),
        ("serial_csv", "stream = 0", "sensors.a.stream: a serial_csv source has none; the port has one sensor"),
        ("witmotion", "rate_hz = 100\ndevice = 'ab'", "sensors.a.device: a witmotion source has none"),
        ("modbus", "stream = 1", "sensors.a.stream: a modbus source has none; use address = ..."),
        ("mqtt", "topic = 'a/b'\naddress = 3", "sensors.a.address: a mqtt source has none; use topic = ..."),
        ("witmotion", "", "sensors.a.rate_hz: missing; the protocol declares none, give the rate set in the sensor"),
        ("serial_csv", "rate_hz = 100\nquantity = 'temperature_c'", "sensors.a.quantity: a serial_csv source gives"),
        ("modbus", "address = 0", "sensors.a.address: "),
        ("modbus", "address = 248", "sensors.a.address: "),
    ],
)
def test_key_that_finds_nothing_is_a_problem(tmp_path: Path, kind: str, keys: str, problem: str) -> None:
    problems, _ = check(tmp_path, kind, sensor(keys))
    assert [p for p in problems if p.startswith(problem)], problems


@pytest.mark.parametrize("kind", ["serial_csv", "witmotion"])
def test_second_sensor_on_a_port_for_one_is_a_problem(tmp_path: Path, kind: str) -> None:
    two = sensor("rate_hz = 100") + sensor("rate_hz = 100\nquantity = 'temperature_c'", name="b")
    problems, _ = check(tmp_path, kind, two)
    assert "sensors.b.source: 's' has one sensor, and that is 'a'" in problems


def test_two_transmitters_need_two_addresses(tmp_path: Path) -> None:
    same = sensor("address = 7") + sensor("address = 7", name="b")
    assert any("same stream, address or topic as sensor 'a'" in p for p in check(tmp_path, "modbus", same)[0])
    assert check(tmp_path, "modbus", sensor("address = 7") + sensor("address = 8", name="b"))[0] == []


def test_one_port_in_two_sources_is_a_problem(tmp_path: Path) -> None:
    more = "[[sources]]\nname = 't'\nkind = 'modbus'\nport = '/dev/a'\nprofile = 'wtvb01_485'\n"
    problems, _ = check(tmp_path, "serial", sensor(), more=more)
    assert problems == ["sources.t.port: /dev/a is the port of 's', too; a port has one reader"]


def test_source_that_nobody_names_is_remarked_on(tmp_path: Path) -> None:
    more = "[[sources]]\nname = 't'\nkind = 'mqtt'\n"
    assert check(tmp_path, "serial", sensor(), more=more) == (
        [],
        ("sources.t: no sensor names it; nothing it says is used",),
    )
    heard = f"{more}[machines.n]\nspeed = {{ topic = 'n/rpm', source = 't' }}\n"
    assert check(tmp_path, "serial", sensor(), more=heard) == ([], ())


def test_profile_that_was_not_verified_says_where_it_is_from(tmp_path: Path) -> None:
    problems, notices = check(tmp_path, "modbus", sensor())
    assert problems == []
    assert any(n.startswith("sources.s.profile: not verified on hardware (from: ") for n in notices)


def test_transmitter_is_told_what_it_cannot_show(tmp_path: Path) -> None:
    _, notices = check(tmp_path, "modbus", sensor())
    assert any("sensors.a: sends RMS figures and no samples" in n for n in notices)
    assert not any("iso_group" in n for n in notices)
    _, notices = check(tmp_path, "modbus", sensor(), machine="")
    assert any("machines.m: has no iso_group and foundation" in n for n in notices)
    _, notices = check(tmp_path, "mqtt", sensor("topic = 'a/b'\nquantity = 'velocity_rms_mm_s'"))
    assert any("sensors.a: sends RMS figures and no samples" in n for n in notices)
    _, notices = check(tmp_path, "mqtt", sensor("topic = 'a/b'\nquantity = 'temperature_c'"))
    assert notices == ("sensors.a: temperature alone judges nothing",)


@pytest.mark.parametrize(
    ("rate_hz", "said"),
    [
        (200, ["no ISO zone can be given"]),
        (1999, ["no ISO zone can be given"]),
        (2000, []),
    ],
)
@pytest.mark.parametrize("kind", ["serial_csv", "witmotion"])
def test_slow_sensor_is_told_what_it_cannot_show(tmp_path: Path, kind: str, rate_hz: int, said: list[str]) -> None:
    problems, notices = check(tmp_path, kind, sensor(f"rate_hz = {rate_hz}"))
    assert problems == []
    assert len(notices) == len(said)
    for part in said:
        assert any(part in notice and "sensors.a.rate_hz" in notice for notice in notices)


def test_sketch_without_a_rate_is_told_what_it_needs(tmp_path: Path) -> None:
    _, notices = check(tmp_path, "serial_csv", sensor())
    assert [n for n in notices if n.startswith("sensors.a.rate_hz: not given; it is measured if the sketch prints")]
