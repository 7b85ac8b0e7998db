"""What is written, how and where: comments stay, nothing is half written, secrets are nobody else's."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from heard_sensors import interview_of

from agent.config.load import check_config
from agent.errors import ConfigError
from agent.setup.filling import filled
from agent.setup.given import Given, read_answers
from agent.setup.interview import Interview
from agent.setup.joining import UnjoinableError, joined
from agent.setup.toml_text import toml_of
from agent.setup.writing import Draft, draft_of, take_back, text_of, verdict_of, write

PUMP = {"sensors.0.machine": "Cooling pump 3", "sensors.0.bearing": "6205"}
THERE = """# the plant's own remark
[agent]
id = "gw"    # of hall 3

[[sources]]
name = "plant"
kind = "mqtt"
broker = { host = "10.0.0.7" }

[machines.fan]
speed = { rpm = 1480 }  # nameplate

[sensors.fan]
source = "plant"
machine = "fan"
topic = "plant/fan"
"""


def drafted(folder: Path, path: Path, *, existing: str | None = None, **more: str) -> tuple[Interview, Draft]:
    tables = {} if existing is None else tomllib.loads(existing)
    interview = filled(interview_of(folder, "batches", existing=tables), Given({**PUMP, **more}))
    return interview, draft_of(interview, path, existing)


def test_a_new_config_is_written_and_passes_the_check(tmp_path: Path) -> None:
    path = tmp_path / "new" / "agent.toml"
    interview, draft = drafted(tmp_path, path)
    verdict = verdict_of(draft, interview.folder, "en")
    assert verdict.parts is not None
    assert verdict.lines[-1].startswith("good; 1 sensor, 1 source")
    write(draft, path)
    assert check_config(path)[1] == []
    assert path.stat().st_mode & 0o777 == 0o640
    assert [one.name for one in path.parent.iterdir()] == ["agent.toml"]
    assert "every key is explained in configs/mqtt.toml." in path.read_text()
    assert "# plant/pump/acc: vibration: JSON, x, 4000 Hz, g" in path.read_text()
    assert draft.sensors == ("cooling_pump_3_de",)


def test_to_a_config_that_is_there_more_is_added_and_every_letter_of_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(THERE)
    path.chmod(0o604)
    _, draft = drafted(tmp_path, path, existing=THERE)
    write(draft, path)
    text = path.read_text()
    assert text.startswith(THERE)
    assert text.count("[[sources]]") == 1
    assert path.stat().st_mode & 0o777 == 0o604
    assert (tmp_path / "agent.toml.before").read_text() == THERE
    config, problems = check_config(path)
    assert problems == []
    assert config is not None
    assert set(config.sensors) == {"fan", "cooling_pump_3_de"}


@pytest.mark.parametrize(
    "before",
    [
        'sources = [{ name = "plant", kind = "mqtt" }]\n',  # a list that is closed
        "machines = { fan = {} }\n",  # a table that is closed
        'sensors.fan.source = "plant"\n[sensors.pump]\n',  # the very name
    ],
)
def test_what_cannot_be_added_to_soundly_is_refused_with_the_lines_to_add(before: str) -> None:
    added = {"sources": [{"name": "n", "kind": "mqtt"}], "machines": {"pump": {}}, "sensors": {"pump": {"source": "n"}}}
    with pytest.raises(UnjoinableError) as refused:
        joined(before, added, toml_of(added))
    assert tomllib.loads(refused.value.text) == added


def test_the_same_machine_may_be_added_to_where_its_table_is_open() -> None:
    added = {"machines": {"fan": {"bearings": {"nde": {"geometry": "6205"}}}}}
    whole = joined("[machines.fan]\nname = 'x' # y\n[machines.fan.bearings.de]\n", added, toml_of(added))
    assert set(tomllib.loads(whole)["machines"]["fan"]["bearings"]) == {"de", "nde"}


def test_text_that_must_be_quoted_is_read_back_as_it_was() -> None:
    tables = {
        "machines": {"m": {"name": 'He said "x" \\ \t 펌프', "axes": {"x": "radial"}}, "odd key": {"a": [1, 2.5, True]}}
    }
    assert tomllib.loads(toml_of(tables)) == tables


def test_a_secret_goes_into_a_file_of_its_own_under_a_name_that_is_free(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    (tmp_path / "publish.password").write_text("another's\n")
    told = {"publish_broker": "other", "publish_username": "box", "publish_password": "hush-hush"}
    _, draft = drafted(tmp_path, path, **told)
    write(draft, path)
    kept = tmp_path / "publish-2.password"
    assert kept.read_text() == "hush-hush\n"
    assert kept.stat().st_mode & 0o007 == 0
    assert 'password_file = "publish-2.password"' in path.read_text()
    assert "hush" not in path.read_text()
    assert check_config(path)[1] == []


def test_a_secret_of_a_broker_that_is_not_taken_in_the_end_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "broker.password").write_text("hush\n")
    _, draft = drafted(tmp_path, tmp_path / "agent.toml")
    assert draft.secrets == {}


def test_a_config_that_was_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    _, draft = drafted(tmp_path, path)
    path.write_text("# somebody else's\n")
    with pytest.raises(ConfigError, match="changed meanwhile"):
        write(draft, path)
    assert path.read_text() == "# somebody else's\n"


def test_where_it_cannot_be_written_nothing_is_left(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    told = {"publish_broker": "other", "publish_username": "box", "publish_password": "hush-hush"}
    _, draft = drafted(tmp_path, path, **told)
    (tmp_path / f".agent.toml.{__import__('os').getpid()}.new").write_text("")  # of another run, say
    with pytest.raises(OSError, match="exists"):
        write(draft, path)
    assert not path.exists()
    assert not (tmp_path / "publish.password").exists()


@pytest.mark.parametrize(("content", "said"), [(b"[a", "Expected"), (b"\xff", "utf-8"), (b"#" * (1 << 21), "1 MiB")])
def test_a_file_that_is_no_config_is_said(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        text_of(path)


# ------------------------------------------------------------------------------------------------- a file of answers


def given(folder: Path, *texts: str) -> Given:
    paths = [folder / f"{n}.toml" for n in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return read_answers(paths)


def test_answers_are_texts_and_of_several_files_later_ones_count(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("hush\n")
    first = (
        f'agent_id = "a"\nhome_assistant = true\nsink_recipients = ["a@b.c", "d@e.f"]\npassword_file = "{tmp_path}/p"\n'
    )
    told = given(tmp_path, first, 'agent_id = "b"\n[[sensors]]\nwatch = "t"\nrpm = 1480.5\n[[sensors]]\nwatch = "u"\n')
    assert told.answers["agent_id"] == "b"
    assert told.answers["home_assistant"] == "yes"
    assert told.answers["sink_recipients"] == "a@b.c, d@e.f"
    assert told.answers["password"] == "hush"
    assert told.answers["sensors.0.rpm"] == "1480.5"
    assert (told.answers["sensors.0.more"], told.answers["sensors.1.more"]) == ("yes", "no")
    assert told.without([0]).watched(0) == "u"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agent_di = 'x'", "agent_di: unknown key; did you mean 'agent_id'?"),
        ("[[sensors]]\nrmp = 3", r"sensors\[0\].rmp: unknown key; did you mean 'rpm'"),
        ("qqqq = 'x'", "known: .*page_password_file, .*password_file, .*sink_password_file"),
        ("page_password = 'x'", "a password never stands in this file; give page_password_file"),
        ("sensors = 3", "expected a list of tables"),
        ("agent_id = { a = 1 }", "is no answer"),
        ("agent_id = ", "not valid TOML"),
        ("page_password_file = '/no/such'", "cannot be read"),
    ],
)
def test_a_wrong_key_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        given(tmp_path, text)


def test_what_was_written_can_be_taken_back_unless_somebody_has_changed_it_since(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    told = {"publish_broker": "other", "publish_username": "box", "publish_password": "hush-hush"}
    _, draft = drafted(tmp_path, path, **told)
    write(draft, path)
    take_back(draft, path)
    assert not path.exists()
    assert not (tmp_path / "publish.password").exists()
    path.write_text(THERE)
    _, draft = drafted(tmp_path, path, existing=THERE)
    write(draft, path)
    path.write_text("# somebody else's\n")
    take_back(draft, path)
    assert path.read_text() == "# somebody else's\n"
