"""`setup` as its user runs it: a port, a broker, a terminal; and that the config it writes hears the sensor."""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from heard_sensors import framed, gauss, interview_of
from mqtt_clients import client_of, leave
from real_mosquitto import Mosquitto
from serial_lines import Terminal as Line

from agent.cli import main
from agent.commands import setup
from agent.commands.setup_search import searched
from agent.commands.setup_terminal import Terminal, converse
from agent.config.load import load_config
from agent.errors import CredentialsError, TextVibError, TransportError
from agent.service.assembly import assemble
from agent.setup.found import Found
from agent.setup.searching import heard_on_broker
from agent.transport.broker import Broker
from agent.types import SampleBlock

SHORT = ["--seconds", "0.6"]


@pytest.fixture
def saying(mosquitto: Mosquitto) -> Iterator[Callable[[str, str], None]]:
    """Has something said on a topic, again and again."""
    client, done, said = client_of(mosquitto), threading.Event(), dict[str, str]()

    def speak() -> None:
        while not done.wait(0.1):
            for topic, text in [*said.items()]:
                client.publish(topic, text)

    speaker = threading.Thread(target=speak)
    speaker.start()
    yield said.__setitem__
    done.set()
    speaker.join()
    leave(client)


def answers(folder: Path, text: str) -> list[str]:
    path = folder / "answers.toml"
    path.write_text(text)
    return ["--answers", str(path)]


def hears(path: Path, say: Callable[[], None] = lambda: None) -> str:
    """The sensor of which a config's source gives samples."""
    (source,) = assemble(load_config(path)).sources
    source.open()
    try:
        say()
        until_s = time.monotonic() + 20
        while time.monotonic() < until_s:
            for item in source.read(0.2):
                if isinstance(item, SampleBlock):
                    return item.stream.sensor
    finally:
        source.close()
    raise AssertionError("no samples")


def test_a_sensor_on_a_port_is_found_configured_and_heard(terminal: Line, tmp_path: Path, capsys) -> None:
    out = tmp_path / "agent.toml"
    terminal.say(framed() * 2)
    told = answers(tmp_path, '[[sensors]]\nmachine = "Fan 7"\nspeed = "fixed"\nrpm = 1480\nbearing = "6205"\n')
    ran = ["setup", "--out", str(out), "--port", terminal.path, "--broker", "none", *told, *SHORT]
    assert main(ran) == 0
    shown = capsys.readouterr()
    assert f"written: {out}" in shown.out
    assert f"textvib-agent commission fan_7_de --config {out}" in shown.out
    assert f"listening to {terminal.path}" in shown.err
    assert hears(out, lambda: terminal.say(framed())) == "fan_7_de"
    before = out.read_text()
    assert main([*ran[:-2], "--answers", answers(tmp_path, f'[[sensors]]\nwatch = "{terminal.path}"\n')[1]]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert out.read_text() == before


def test_a_sensor_on_a_topic_is_found_configured_and_heard(mosquitto, saying, tmp_path: Path, capsys) -> None:
    out = tmp_path / "agent.toml"
    saying("setup/fan/acc", json.dumps({"rate_hz": 1000, "unit": "g", "x": gauss()}))
    told = answers(tmp_path, f'broker = "{mosquitto.host}:{mosquitto.port}"\n[[sensors]]\nmachine = "Fan 7"\n')
    assert (
        main(["setup", "--out", str(out), "--topic", "setup/fan/#", "--port", "/dev/null", "--json", *told, *SHORT])
        == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert document["written"]["sensors"] == ["fan_7_de"]
    assert [one["what"] for one in document["found"] if one["kind"]] == ["setup/fan/acc"]
    assert document["verdict"][-1].startswith("good;")
    assert hears(out) == "fan_7_de"


def test_a_broker_that_wants_a_name_is_given_one(start_mosquitto, tmp_path: Path, capsys) -> None:
    broker = start_mosquitto(password="hush-hush")
    address = f"{broker.host}:{broker.port}"
    client = client_of(broker)
    client.publish("plant/fan/acc", json.dumps({"rate_hz": 1000, "unit": "g", "x": gauss()}), retain=True)
    leave(client)
    out = tmp_path / "agent.toml"
    run = ["setup", "--out", str(out), "--port", "/dev/null", "--broker", address, *SHORT]
    assert main([*run, *answers(tmp_path, '[[sensors]]\nmachine = "Fan"\n')]) == 75
    assert "check username and password" in capsys.readouterr().err
    assert not out.exists()
    for protocol in ("5", "3.1.1"):
        with pytest.raises(CredentialsError):
            heard_on_broker(Broker(host=address, protocol=protocol), {}, seconds=0.1)  # type: ignore[arg-type]
    (tmp_path / "told").write_text("hush-hush\n")
    told = f'username = "agent"\npassword_file = "{tmp_path}/told"\n[[sensors]]\nmachine = "Fan"\n'
    assert main([*run, *answers(tmp_path, told)]) == 0
    assert (tmp_path / "broker.password").read_text() == "hush-hush\n"
    config = load_config(out)
    assert (config.broker.username, config.broker.password_file) == ("agent", str(tmp_path / "broker.password"))


@pytest.mark.parametrize(
    ("told", "code", "said"),
    [
        ("", 75, "Nothing that sends vibration was found"),
        ('existing = "maybe"', 78, "Give one of: add, replace"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(told: str, code: int, said: str, tmp_path: Path, capsys) -> None:
    out = tmp_path / "agent.toml"
    if told:
        out.write_text("")
    assert (
        main(["setup", "--out", str(out), "--broker", "none", "--port", "/dev/null", *answers(tmp_path, told)]) == code
    )
    assert said in capsys.readouterr().err


def test_a_config_that_is_broken_is_not_added_to(tmp_path: Path, capsys) -> None:
    out = tmp_path / "agent.toml"
    out.write_text('[agent]\nid = "a b"\n')
    assert main(["setup", "--out", str(out), "--broker", "none", "--port", "/dev/null"]) == 78
    said = capsys.readouterr().err
    assert "agent.id: 'a b' is not an id" in said
    assert 'existing = "replace"' in said


# ----------------------------------------------------------------------------------------------------- on a terminal


class Person:
    """Answers in turn, and what was shown."""

    def __init__(self, *answers: str) -> None:
        self._left = list(answers)
        self.shown: list[str] = []

    def read(self, prompt: str) -> str:
        self.shown.append(prompt)
        if not self._left:
            raise EOFError
        return self._left.pop(0)

    def terminal(self, language: str = "en") -> Terminal:
        return Terminal(language, read=self.read, read_secret=self.read, write=self.shown.append)  # type: ignore[arg-type]


def test_a_conversation_explains_goes_back_and_refuses(tmp_path: Path) -> None:
    said = ["?", "", "Fan 7", "2", "back", "1", "", "1", "fast", "1480", "6299", "6205", "", *[""] * 7]
    person = Person(*said)
    interview = converse(person.terminal(), interview_of(tmp_path, "batches"), setup_given())
    shown = "\n".join(person.shown)
    assert "One sensor at a time" in shown
    assert "did you mean '6209'?" in shown.replace("\n  ", " ")
    assert "! fast is no number." in shown
    assert shown.count("At which bearing does the sensor sit?") == 2
    assert interview.answers["sensors.0.end"] == "de"
    assert interview.answers["sensors.0.rpm"] == "1480"


def test_what_is_given_is_not_asked(tmp_path: Path) -> None:
    given = setup_given({"sensors.0.watch": "plant/pump/acc", "sensors.0.machine": "Fan", "sensors.0.speed": "unknown"})
    person = Person(*[""] * 11)
    converse(person.terminal("ko"), interview_of(tmp_path, "batches", language="ko"), given)
    assert not any("기계 이름" in line for line in person.shown)


def search(person: Person, heard: list[TextVibError | tuple[Found, ...]], folder: Path, monkeypatch, **told: str):
    """A search at a terminal for which brokers are heard thus in turn; with the brokers that were tried."""
    tried: list[Broker] = []

    def hear(broker: Broker, *_: object, **__: object) -> tuple[Found, ...]:
        tried.append(broker)
        said = heard.pop(0)
        if isinstance(said, TextVibError):
            raise said
        return said

    monkeypatch.setattr("agent.commands.setup_search.heard_on_broker", hear)
    monkeypatch.setattr("agent.commands.setup_search.ports_here", lambda: ())
    args = argparse.Namespace(**{"broker": None, "port": None, "topic": "#", "seconds": 1.0, "language": "en", **told})
    begun = interview_of(folder, broker=None)
    return lambda: searched(begun, args, setup_given(), person.terminal()), tried


def test_a_broker_that_is_away_is_asked_for_again_by_its_address(tmp_path: Path, monkeypatch) -> None:
    found = interview_of(tmp_path, "batches").found
    person = Person("plant", "10.0.0.7")
    away = TransportError("mqtt plant:1883: cannot connect: [Errno 111] Connection refused")
    run, tried = search(person, [away, away, found], tmp_path, monkeypatch, broker="plnt")
    assert run().broker == Broker(host="10.0.0.7")
    assert [one.host for one in tried] == ["plnt", "plant", "10.0.0.7"]
    shown = "\n".join(person.shown)
    assert "Connection refused" in shown
    assert "User name" not in shown


def test_without_the_broker_that_is_away_it_goes_on(tmp_path: Path, monkeypatch, capsys) -> None:
    person = Person("", "no")
    run, _ = search(person, [TransportError("away")], tmp_path, monkeypatch, broker="plnt", topic="plant/#")
    with pytest.raises(TextVibError, match="Nothing was written"):
        run()
    assert "no broker was listened to" in " ".join(" ".join(person.shown).split())
    assert "listening to plant/# of plnt" in capsys.readouterr().err


def test_a_user_that_was_typed_is_kept_when_it_listens_again(tmp_path: Path, monkeypatch) -> None:
    found = interview_of(tmp_path, "batches").found
    person = Person("box", "hush-hush", "Yes")
    refused = CredentialsError("mqtt plant:1883: refused the connection: Not authorized")
    run, tried = search(person, [refused, (), found], tmp_path, monkeypatch, broker="plant")
    assert run().broker == tried[-1]
    assert [one.username for one in tried] == [None, "box", "box"]
    assert Path(str(tried[-1].password_file)).read_text() == "hush-hush\n"


def setup_given(told: dict[str, str] | None = None):
    from agent.setup.given import Given

    return Given(told or {})


def test_who_leaves_in_the_middle_leaves_nothing(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def leave_now(*_: object) -> int:
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "_run", leave_now)
    assert main(["setup", "--out", str(tmp_path / "agent.toml")]) == setup.LEFT
    assert "Nothing was written." in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []
