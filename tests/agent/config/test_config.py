"""Every mistake in a config is found at once and named by its dotted key; a good config means what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.alerting.window_rules import SNAPSHOT_COUNTS
from agent.cli import main
from agent.config.load import check_config, load_config
from agent.config.resolve import decisions, routes, sensor_setups
from agent.errors import ConfigError
from agent.machine import BallCount, FaultOrders, Geometry
from agent.messages.notices import in_language
from agent.messages.topics import Topics
from agent.service.assembly import sinks_of

GOOD = """
[agent]
id = "gateway-1"
state_dir = "state"
language = "ko"

[broker]
host = "localhost"

[decision]
raise_after = 4

[[sources]]
name = "line1"
kind = "serial"
port = "/dev/ttyACM0"

[[sources]]
name = "plant"
kind = "mqtt"

[machines.pump1]
name = "Cooling pump"
speed = { rpm = 1797 }
iso_group = 2
foundation = "rigid"
[machines.pump1.shafts.gear]
ratio = 0.5
[machines.pump1.bearings.de]
geometry = "6205"
[machines.pump1.bearings.nde]
shaft = "gear"
geometry = { balls = 8, ball_mm = 6.7, pitch_mm = 28.5 }

[machines.fan]
speed = { topic = "fan/rpm", source = "plant" }
[machines.fan.bearings.only]
geometry = "house"

[bearings.house]
balls = 10
ball_mm = 12.0
pitch_mm = 70.0
angle_deg = 15

[sensors.pump_de]
source = "line1"
stream = 0
machine = "pump1"
position = "drive end, top"
bearings = ["de"]
axes = { x = "radial", z = "axial" }
idle_below_g = 0.01
decision = { raise_after = 2 }

[sensors.fan]
source = "plant"
topic = "fan/acc"
machine = "fan"
"""


@pytest.fixture
def write(tmp_path: Path):
    def written(text: str) -> Path:
        path = tmp_path / "site.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def problems_with(write, *replacements: tuple[str, str]) -> list[str]:
    text = GOOD
    for old, fresh in replacements:
        assert old in text
        text = text.replace(old, fresh)
    return check_config(write(text))[1]


def test_a_good_config_has_no_problem_and_means_what_it_says(write, tmp_path):
    config, problems = check_config(write(GOOD))
    assert problems == []
    assert config is not None
    setups = sensor_setups(config)
    pump = setups["pump_de"]
    assert (pump.machine.id, pump.machine.rpm, pump.machine.speed_source) == ("pump1", 1797, "config")
    assert (pump.machine.mounting.group, pump.machine.mounting.foundation) == (2, "rigid")
    assert [bearing.id for bearing in pump.bearings] == ["de"]
    assert pump.bearings[0].geometry == Geometry(balls=9, ball_mm=7.94, pitch_mm=39.04)
    assert dict(pump.axis_roles) == {"x": "radial", "z": "axial"}
    assert setups["fan"].machine.speed_source == "topic"
    assert setups["fan"].bearings[0].geometry == Geometry(balls=10, ball_mm=12.0, pitch_mm=70.0, angle_deg=15)
    assert decisions(config)["pump_de"].raise_after == 2
    assert decisions(config)["fan"].raise_after == 4
    found = routes(config)
    assert [(r.sensor, r.quantity) for r in found["plant"]] == [("fan", None), ("fan", "rpm")]
    assert config.agent.state_dir == str(tmp_path / "state")


def test_a_sensor_that_names_no_bearing_hears_all_of_its_machine(write):
    config, problems = check_config(write(GOOD.replace('bearings = ["de"]\n', "")))
    assert problems == []
    assert config is not None
    bearings = sensor_setups(config)["pump_de"].bearings
    assert [(bearing.id, bearing.ratio) for bearing in bearings] == [("de", 1.0), ("nde", 0.5)]


@pytest.mark.parametrize(
    ("old", "fresh", "expected"),
    [
        ("language =", "langauge =", "agent.langauge: unknown key; did you mean 'language'?"),
        ('language = "ko"', 'language = "fr"', "agent.language: 'fr' is not one of 'ko', 'en'"),
        ('id = "gateway-1"', 'id = "gate way"', "agent.id: 'gate way' is not an id; use 1 to 64 of A-Z a-z 0-9 _ -"),
        ('id = "gateway-1"', "", "agent.id: missing; add it"),
        ("rpm = 1797", 'rpm = "fast"', "machines.pump1.speed.rpm: expected a number, got text in quotes; it is 'fast'"),
        ("rpm = 1797", "rpm = -3", "machines.pump1.speed.rpm: "),
        ("rpm = 1797", "rpm = nan", "machines.pump1.speed.rpm: "),
        ("rpm = 1797", "rpm = inf", "machines.pump1.speed.rpm: "),
        ("{ rpm = 1797 }", "{ estimate = [1000, inf] }", "machines.pump1.speed.estimate"),
        ("{ rpm = 1797 }", "{ estimate = [1000, 2000] }", "machines.pump1.speed: estimate must stay under 2:1"),
        ("ball_mm = 6.7", "ball_mm = inf", "machines.pump1.bearings.nde.geometry.ball_mm: "),
        ("raise_after = 4", "detect_at = inf", "decision.detect_at: "),
        ("rpm = 1797", "rpm = 1797, estimate = [1000, 2000]", "machines.pump1.speed: give one of rpm"),
        (
            "{ rpm = 1797 }",
            "{ estimate = [3000, 2000] }",
            "machines.pump1.speed: estimate is [lowest rpm, highest rpm]",
        ),
        ('geometry = "6205"', 'geometry = "6250"', "machines.pump1.bearings.de.geometry: unknown bearing '6250'; did"),
        (
            'geometry = "house"',
            'geometry = "hause"',
            "machines.fan.bearings.only.geometry: unknown bearing 'hause'; did",
        ),
        ("ball_mm = 6.7", "ball_mm = 16.7", "machines.pump1.bearings.nde.geometry: 8 balls of 16.7 mm do not fit"),
        (
            'shaft = "gear"',
            'shaft = "geer"',
            "machines.pump1.bearings.nde.shaft: there is no shaft 'geer'; did you mean",
        ),
        (
            "[machines.pump1.bearings.nde]",
            "[machines.pump1.bearings.machine]",
            "machines.pump1.bearings.machine: 'machine'",
        ),
        ('source = "line1"', 'source = "line2"', "sensors.pump_de.source: there is no source 'line2'; did you mean"),
        (
            'machine = "pump1"',
            'machine = "pump2"',
            "sensors.pump_de.machine: there is no machine 'pump2'; did you mean",
        ),
        (
            'bearings = ["de"]',
            'bearings = ["ne"]',
            "sensors.pump_de.bearings[0]: pump1 has no bearing 'ne'; did you mean",
        ),
        ('x = "radial"', 'x = "sideways"', "sensors.pump_de.axes.x: "),
        (
            "raise_after = 2",
            "raise_aftr = 2",
            "sensors.pump_de.decision.raise_aftr: unknown key; did you mean 'raise_after'?",
        ),
        ("raise_after = 4", "raise_after = 0", "decision.raise_after: "),
        ('topic = "fan/acc"', "", "sensors.fan.topic: missing"),
        ('kind = "serial"', 'kind = "seriel"', "sources.line1.kind: unknown kind 'seriel'; did you mean 'serial'?"),
        ('port = "/dev/ttyACM0"', 'prot = "/dev/ttyACM0"', "sources.line1.prot: unknown key; did you mean 'port'?"),
        ("[decision]", "[decison]", "decison: unknown section; did you mean 'decision'?"),
        (
            'host = "localhost"',
            'host = "localhost"\npassword = "x"',
            "broker.password: a password does not belong in this file",
        ),
        ('host = "localhost"', 'username = "agent"\npassword_file = "no/such"', "broker.password_file: "),
        ("{ rpm = 1797 }", "{ rmp = 1797 }", "machines.pump1.speed.rmp: unknown key; did you mean 'rpm'?"),
        ('machine = "pump1"', 'machien = "pump1"', "sensors.pump_de.machien: unknown key; did you mean 'machine'?"),
        ('host = "localhost"', "port = 99999", "broker.port: "),
        ('language = "ko"', 'bundle = "no-such-folder"', "agent.bundle: there is no bundle folder"),
        ('source = "plant" }', 'source = "line1" }', "machines.fan.speed.source: 'line1' is no mqtt source"),
    ],
)
def test_one_mistake_is_one_line_with_its_dotted_key(write, old, fresh, expected):
    lines = problems_with(write, (old, fresh))
    assert len(lines) == 1, lines
    assert lines[0].startswith(expected)
    assert "\n" not in lines[0]


def test_a_name_given_twice_leaves_what_names_the_other_one_without_it(write):
    lines = problems_with(write, ('name = "plant"', 'name = "line1"'))
    assert lines[0] == "sources.line1: the name 'line1' is used twice; give each source a name of its own"
    assert {line.split(": ")[0] for line in lines[1:]} == {"machines.fan.speed.source", "sensors.fan.source"}


def test_a_section_nearly_written_right_is_not_missing_too(write):
    lines = problems_with(write, ("[agent]", "[agnet]"))
    assert lines == ["agnet: unknown section; did you mean 'agent'?"]


def test_one_mistake_does_not_hide_another(write):
    lines = problems_with(
        write,
        ("language =", "langauge ="),
        ('id = "gateway-1"', "id = 7"),
        ("rpm = 1797", "rpm = true"),
        ('geometry = "6205"', 'geometry = "6250"'),
        ('machine = "fan"', 'machine = "fun"'),
        ("raise_after = 4", 'raise_after = "often"'),
    )
    keys = {line.split(":")[0] for line in lines}
    wrong = {"agent.langauge", "agent.id", "machines.pump1.speed.rpm", "decision.raise_after"}
    assert wrong <= keys


def test_a_mistake_inside_a_machine_is_not_reported_again_by_those_who_name_it(write):
    lines = problems_with(write, ("iso_group = 2", "iso_group = 7"), ("pitch_mm = 28.5", "pitch_mm = 2.0"))
    assert not any(line.startswith("sensors.") for line in lines), lines


@pytest.mark.parametrize(
    "text",
    [
        "agent = 5",
        "sources = 5",
        "sources = [5]",
        "sources = [{}]",
        "sources = [{name = 5, kind = 5}]",
        "machines = []",
        "sensors = 'x'",
        "broker = true",
        "[machines]\npump = 3",
        "[machines.pump]\nspeed = 3",
        "[machines.pump]\nbearings = 3",
        "[machines.pump.bearings]\nde = 'x'",
        "[machines.'a b']",
        "[sensors.x]\naxes = ['x']",
        "[sensors.x]\nbearings = [1, 'a', {}]",
        "[sensors.x]\ndecision = 5",
        "[bearings]\nx = 5",
        "[agent]\nid = {}\nstate_dir = []\nbundle = 3",
        "[[sources]]\nname = 'r'\nkind = 'replay'\nfiles = 5",
        "[[sources]]\nname = 'r'\nkind = 'replay'\nfiles = [5]",
        "[[sources]]\nname = 'r'\nkind = []",
    ],
)
def test_a_value_of_any_other_shape_is_a_problem_and_never_a_crash(write, text):
    config, problems = check_config(write(text))
    assert config is None
    assert problems
    assert all("\n" not in line and "`" not in line for line in problems), problems


def test_what_cannot_be_read_is_one_problem(tmp_path, write):
    assert check_config(tmp_path / "absent.toml")[1] == [
        "cannot be read (No such file or directory); name an existing file"
    ]
    assert check_config(write("[agent\nid = 1"))[1][0].startswith("not valid TOML: ")
    path = write("")
    path.write_bytes(b"\xff\xfe")
    assert check_config(path)[1] == ["not UTF-8 text; save it as UTF-8"]
    assert check_config(Path("/dev/zero"))[1] == ["larger than 1 MiB; this is not a config file"]


def test_an_empty_file_names_every_section_that_is_missing(write):
    assert [line.split(":")[0] for line in check_config(write(""))[1]] == ["agent", "sources", "machines", "sensors"]


def test_load_config_raises_every_problem_with_the_file_name(write):
    path = write(GOOD.replace("language =", "langauge =").replace("iso_group = 2", "iso_group = 3"))
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert len(caught.value.problems) == 2
    assert all(line.startswith(f"{path}: ") for line in caught.value.problems)


def test_a_slow_sensor_is_told_what_it_cannot_do(write):
    config, problems = check_config(write(GOOD.replace("stream = 0", "stream = 0\nrate_hz = 200")))
    assert problems == []
    assert config is not None
    assert any(line.startswith("sensors.pump_de.rate_hz: below 2000 Hz no ISO zone") for line in config.notices)


def test_a_bearing_whose_makers_differ_is_used_with_a_notice(write):
    config, problems = check_config(write(GOOD.replace('"6205"', '"6308"')))
    assert problems == []
    assert config is not None
    assert any(
        line.startswith("machines.pump1.bearings.de.geometry: 6308 is taken as built by") for line in config.notices
    )


# ----------------------------------------------------------------------------------------- bearings, given in many ways


def bearing_of(write, given: str):
    """What becomes of a bearing given so, the problems and the notices."""
    config, problems = check_config(write(GOOD.replace('geometry = "6205"', given)))
    assert config is not None
    return sensor_setups(config)["pump_de"].bearings[0].geometry, problems, config.notices


@pytest.mark.parametrize(
    "given",
    [
        "orders = { bpfo = 3.585, bpfi = 5.415, bsf = 2.357, ftf = 0.398 }",
        "geometry = { orders = { bpfo = 3.585, bpfi = 5.415, bsf = 2.357, ftf = 0.398 } }",
        'geometry = "bpfo=3.585,bpfi=5.415,bsf=2.357,ftf=0.398"',
    ],
)
def test_fault_orders_may_be_given_wherever_a_bearing_is(write, given):
    inside, problems, notices = bearing_of(write, given)
    assert problems == []
    assert inside == FaultOrders(3.585, 5.415, 2.357, 0.398)
    assert not any("bearings.de" in line for line in notices)


@pytest.mark.parametrize("given", ["balls = 9", "geometry = { balls = 9 }", 'geometry = "9balls"'])
def test_a_number_of_balls_alone_is_said_to_be_approximate(write, given):
    inside, problems, notices = bearing_of(write, given)
    assert problems == []
    assert inside == BallCount(9)
    assert any("machines.pump1.bearings.de.geometry: a number of balls alone" in line for line in notices)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("orders = { bpfo = 3.585, bpfi = 5.6 }", "machines.pump1.bearings.de.orders: bpfo and bpfi contradict"),
        ('geometry = "bpfo=3.585,bpfi=5.6"', "bpfo and bpfi contradict"),
        ("orders = { bpfi = 5.4 }", "machines.pump1.bearings.de.orders.bpfo: missing"),
        ('balls = 9\ngeometry = "6205"', "machines.pump1.bearings.de: geometry, orders and balls are three ways"),
        ('geometry = "6205 / 6305"', "names 2 bearings, 6205 and 6305"),
        ("geometry = { balls = 9, ball_mm = 8 }", "machines.pump1.bearings.de.geometry: pitch_mm missing"),
        ("geometry = { balls = 9, orders = { bpfo = 3.6, bpfi = 5.4 } }", "remove one of them"),
        ("geometry = {}", "balls, ball_mm, pitch_mm missing"),
    ],
)
def test_a_bearing_that_is_given_wrongly(write, given, expected):
    problems = problems_with(write, ('geometry = "6205"', given))
    assert any(expected in problem for problem in problems), problems


def test_a_table_of_the_plant_names_bearings(write, tmp_path):
    (tmp_path / "plant.csv").write_text("Bearing Number,Number of Balls,BD mm,Pitch mm,Angle\nPump 12,9,8,40,0\n")
    table = ('language = "ko"', 'language = "ko"\nbearings = ["plant.csv"]')
    config, problems = check_config(write(GOOD.replace(*table).replace('"6205"', '"pump12"')))
    assert problems == []
    assert config is not None
    assert sensor_setups(config)["pump_de"].bearings[0].geometry == Geometry(9, 8, 40)


def test_a_table_that_is_wrong_or_missing_is_a_problem_of_the_config(write, tmp_path):
    table = ('language = "ko"', 'language = "ko"\nbearings = ["plant.csv"]')
    assert any(p.startswith("agent.bearings: there is no file") for p in problems_with(write, table))
    (tmp_path / "plant.csv").write_text("Bearing Number,Number of Balls,BD mm,Pitch mm\nP,9,50,40\n")
    (problem,) = problems_with(write, table)
    assert problem.startswith(f"agent.bearings: {tmp_path / 'plant.csv'}:2: Number of Balls, BD mm, Pitch mm: needs")


# --------------------------------------------------------------------------------------------------------------- sinks


def test_a_config_may_name_several_sinks_each_with_the_keys_of_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    first = "[[sinks]]\nname = 'kept'\nkind = 'memory'\nkeep = 5\n"
    second = "[[sinks]]\nname = 'cloud'\nkind = 'mqtt'\nhost = 'cloud.example'\n"
    path.write_text(GOOD + first + second, encoding="utf-8")
    config, problems = check_config(path)
    assert problems == []
    assert config is not None
    assert [(sink.name, sink.kind) for sink in config.sinks] == [("kept", "memory"), ("cloud", "mqtt")]
    sinks = sinks_of(config, Topics("textvib", "gateway-1"))
    assert list(sinks) == ["broker", "kept", "cloud"]
    own, cloud = sinks["broker"]._link.broker, sinks["cloud"]._link.broker
    assert (own.host, cloud.host) == ("localhost", "cloud.example")
    assert own.client_id != cloud.client_id  # else a broker that both reach would evict one


def test_two_connections_with_one_client_id_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    sinks = "".join(f"[[sinks]]\nname = '{n}'\nkind = 'mqtt'\nhost = '{n}.lan'\nclient_id = 'me'\n" for n in "ab")
    path.write_text(GOOD + sinks, encoding="utf-8")
    _, problems = check_config(path)
    assert problems == ["sinks.b.client_id: 'me' is that of sinks.a, too; give each an id of its own"]


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("host = 'scada.lan'", "host = 'mqtt://SCADA.lan:1883'\nnode = 'gateway-1'", True),  # which is the agent's id
        ("host = 'localhost'", "host = 'b.lan'\nfallbacks = ['127.0.0.1']", True),
        ("host = 'scada.lan'", "host = 'other.lan'", False),
        ("host = 'scada.lan'", "host = 'scada.lan'\nnode = 'second'", False),
    ],
)
def test_two_edge_nodes_of_one_name_on_a_broker_are_refused(
    tmp_path: Path, first: str, second: str, is_one: bool
) -> None:
    path = tmp_path / "a.toml"
    entry = "[[sinks]]\nname = '{}'\nkind = 'sparkplug'\ngroup = 'plant'\n{}\n"
    path.write_text(GOOD + entry.format("a", first) + entry.format("b", second), encoding="utf-8")
    _, problems = check_config(path)
    said = "sinks.b.node: plant/gateway-1 is the group and node of sinks.a on the same broker, too; give each a node"
    assert problems == ([f"{said} of its own"] if is_one else [])


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("name = 'broker'\nkind = 'memory'", "sinks.broker: the name 'broker' is taken; give each sink a name"),
        ("name = 'a'\nkind = 'memroy'", "sinks.a.kind: unknown kind 'memroy'; did you mean 'memory'?"),
        ("name = 'a'\nkind = 'memory'\nkeep = 0", "sinks.a.keep: "),
        ("name = 'a'\nkind = 'memory'\nkep = 1", "sinks.a.kep: unknown key; did you mean 'keep'?"),
        ("name = 'a'\nkind = 'mqtt'\nport = 70000", "sinks.a.port: 70000 is no TCP port"),
        ("name = 'a'\nkind = 'mqtt'\npassword = 'x'", "sinks.a.password: a password does not belong in this file"),
        ("kind = 'memory'", "sinks[0].name: missing; add it"),
        (
            "name = 'a'\nkind = 'memory'\n[[sinks]]\nname = 'a'\nkind = 'memory'",
            "sinks.a: the name 'a' is used twice; give each sink a name of its own",
        ),
    ],
)
def test_a_mistake_in_a_sink_is_named_by_its_key(tmp_path: Path, entry: str, problem: str) -> None:
    path = tmp_path / "a.toml"
    path.write_text(f"{GOOD}[[sinks]]\n{entry}\n", encoding="utf-8")
    problems = check_config(path)[1]
    assert len(problems) == 1, problems
    assert problems[0].startswith(problem)


def test_a_section_that_is_missing_hides_nothing_in_others(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    wrong = GOOD.replace('machine = "', 'machine = "x', 1).replace("[[sources]]", "[[sources]]\nnonsense = 1", 1)
    path.write_text(wrong.replace("[agent]", "[agents]"), encoding="utf-8")
    config, problems = check_config(path)
    assert config is None
    for told in ("agents: unknown section", "there is no machine 'x", "nonsense: unknown key"):
        assert sum(told in problem for problem in problems) == 1, (told, problems)
    path.write_text("\n".join(line for line in GOOD.splitlines() if "sources" not in line), encoding="utf-8")
    assert not [one for one in check_config(path)[1] if "there is no source" in one]  # for want of the section alone


def test_a_speed_from_a_source_that_cannot_be_used_is_no_crash(write) -> None:
    text = GOOD.replace("[machines.", '[machines.other]\nspeed = { topic = "a", source = "odd" }\n[machines.', 1)
    problems = check_config(write(text + "\n[[sources]]\nname = 'odd'\nkind = 'nokind'\n"))[1]
    assert len(problems) == 1, problems
    assert problems[0].startswith("sources.odd.kind")


def test_an_entry_without_a_name_is_read_for_what_else_is_wrong(write) -> None:
    problems = check_config(write(GOOD + "\n[[sources]]\nkind = 'mqtt'\nqos = 7\n"))[1]
    assert [problem.split(":")[0].rpartition(".")[2] for problem in problems] == ["name", "qos"]


def test_check_tells_of_the_bundle_beside_the_config(write, tmp_path, capsys) -> None:
    text = GOOD.replace("[agent]", f'[agent]\nbundle = "{tmp_path}"', 1).replace('machine = "', 'machine = "x', 1)
    assert main(["check", str(write(text))]) == 78
    said = capsys.readouterr().out
    assert "xpump1" in said
    assert "manifest.json" in said


SLEEPER = ('topic = "fan/acc"', 'topic = "fan/acc"\nsnapshot_every_s = 300')


def test_a_sensor_that_sleeps_between_snapshots_counts_them(write):
    def resolved(*replacements: tuple[str, str]):
        text = GOOD
        for old, fresh in replacements:
            text = text.replace(old, fresh)
        config = load_config(write(text))
        told = decisions(config)["fan"]
        return told.raise_after, told.clear_after, sensor_setups(config)["fan"].snapshot_every_s

    usual = ("raise_after = 4", "raise_after = 6")  # what nobody has told
    assert resolved(usual) == (6, 10, None)
    assert resolved(usual, SLEEPER) == (SNAPSHOT_COUNTS["raise_after"], SNAPSHOT_COUNTS["clear_after"], 300)
    assert resolved(SLEEPER) == (4, SNAPSHOT_COUNTS["clear_after"], 300)  # [decision] tells one of them
    own = (SLEEPER[1], SLEEPER[1] + "\ndecision = { raise_after = 6, clear_after = 9 }")
    assert resolved(SLEEPER, own) == (6, 9, 300)


def test_only_a_sensor_that_sleeps_has_its_messages_taken_for_snapshots(write):
    text = GOOD.replace(*SLEEPER)
    heard = [(route.quantity, route.snapshots) for route in routes(load_config(write(text)))["plant"]]
    assert heard == [(None, True), ("rpm", False)]
    assert not any(route.snapshots for found in routes(load_config(write(GOOD))).values() for route in found)


def test_figures_are_no_snapshots(write):
    scalar = (SLEEPER[1], SLEEPER[1] + '\nquantity = "velocity_rms_mm_s"')
    (problem,) = problems_with(write, SLEEPER, scalar)
    assert problem == (
        "sensors.fan.snapshot_every_s: a sensor of figures sends no snapshots of samples; remove the key"
    )


def test_who_may_sign_bundles_is_checked_with_the_rest(write):
    for table, says in (
        ("require_signature = true", "bundle: require_signature needs trusted_keys"),
        ('trusted_keys = "nowhere"', "bundle.trusted_keys: "),
        ('require = true\ntrusted_keys = "."', "bundle.require: unknown key"),
    ):
        _, problems = check_config(write(f"[bundle]\n{table}\n{GOOD}"))
        assert any(problem.startswith(says) for problem in problems), problems
        assert all("키" in in_language(problem, "ko") or "서명" in in_language(problem, "ko") for problem in problems)
