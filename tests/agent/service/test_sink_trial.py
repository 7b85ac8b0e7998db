"""A test note by each sink that tells people, as `check --try-sinks` sends it."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_mosquitto import free_port
from receivers import WebReceiver

from agent.cli import main

CONFIG = """
[agent]
id = "gw"
language = "ko"
state_dir = "state"
[broker]
host = "broker.invalid"
[[sources]]
name = "s"
kind = "serial"
port = "/dev/ttyS9"
[machines.m]
[sensors.a]
source = "s"
device = "0a"
machine = "m"
"""


def sinks(url: str) -> str:
    mail = f"""
[[sinks]]
name = "mail"
kind = "email"
host = "127.0.0.1"
port = {free_port()}
security = "none"
sender = "box@example.com"
recipients = ["kim@example.com"]
"""
    return f'[[sinks]]\nname = "chat"\nkind = "webhook"\nurl = "{url}"\nform = "chat"\n' + mail


def test_each_sink_that_tells_people_is_tried_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    receiver = WebReceiver()
    config = tmp_path / "agent.toml"
    config.write_text(CONFIG + sinks(receiver.url))
    try:
        assert main(["check", str(config)]) == 0
        assert receiver.posts == []
        assert main(["check", str(config), "--try-sinks", "--language", "en"]) == 69
        ((_, _, body),) = receiver.posts
    finally:
        receiver.close()
    assert "[시험] gw: ".encode() in body
    said = capsys.readouterr().out
    assert "sink chat: the test note was taken" in said
    assert "sink mail: the test note did not arrive: 127.0.0.1:" in said


def test_what_cannot_be_read_is_named_with_its_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "agent.toml"
    keys = 'name = "chat"\nkind = "webhook"\nurl = "http://example.com/"\ntoken_file = "token"\n'
    config.write_text(f"{CONFIG}[[sinks]]\n{keys}")
    assert main(["check", str(config), "--language", "en"]) == 78
    assert f"sinks.chat.token_file: {tmp_path / 'token'}: is not a readable file" in capsys.readouterr().out
    (tmp_path / "token").write_text("abc")
    assert main(["check", str(config), "--language", "en"]) == 0
    assert "sinks.chat: the token travels readable; use https://" in capsys.readouterr().out
