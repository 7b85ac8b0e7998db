"""`[web]`: what can be served, and that nothing is beyond this computer without a password."""

from __future__ import annotations

from pathlib import Path

import pytest
from certificates import Authority

from agent.config import web as web_module
from agent.config.watching_keys import WebConfig
from agent.config.web import Listening, listening, problems_of, remarks_on
from firmware_bridge.installing import pip_line


@pytest.fixture
def password(tmp_path: Path) -> str:
    (tmp_path / "password").write_text("correct horse\n")
    return str(tmp_path / "password")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("127.0.0.1:8640", Listening("127.0.0.1", 8640)),
        ("[::1]:0", Listening("::1", 0)),
        ("0.0.0.0:80", Listening("0.0.0.0", 80)),
    ],
)
def test_where_to_listen_is_an_address_and_a_port(text, place):
    assert listening(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8640",
        ":8640",
        "localhost:8640",
        "127.0.0.1",
        "127.0.0.1:",
        "::1:80",
        "[::1]",
        "1.2.3.4:70000",
        "1.2.3.4:-1",
    ],
)
def test_what_is_no_place_is_refused_with_the_mend(text):
    (problem,) = problems_of(WebConfig(listen=text))
    assert "web.listen" in problem
    assert "127.0.0.1:8640" in problem


@pytest.mark.parametrize("text", ["0.0.0.0:8640", "192.168.0.7:8640", "[::]:8640", "[2001:db8::1]:80"])
def test_beyond_this_computer_a_password_is_needed(text, password):
    (problem,) = problems_of(WebConfig(listen=text))
    assert "password_file" in problem
    web = WebConfig(listen=text, password_file=password)
    assert list(problems_of(web)) == []
    assert "not encrypted" in next(remarks_on(web))


def test_on_this_computer_none_is(password):
    assert list(problems_of(WebConfig())) == []
    assert list(remarks_on(WebConfig())) == []
    assert list(problems_of(None)) == []


def test_another_name_is_another_way_in(password):
    (problem,) = problems_of(WebConfig(hosts=("vib.plant.lan",)))
    assert "password_file" in problem
    assert list(problems_of(WebConfig(hosts=("vib.plant.lan",), password_file=password))) == []


@pytest.mark.parametrize("content", [None, b"", b"short\n", b"\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff"])
def test_a_password_that_is_none_is_refused(tmp_path, content):
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    (problem,) = problems_of(WebConfig(password_file=str(file)))
    assert problem.startswith(f"web.password_file: {file}")


def test_a_credential_of_systemd_serves(tmp_path, monkeypatch, password):
    assert len(list(problems_of(WebConfig(password_file="$CREDENTIALS_DIRECTORY/password")))) == 1
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert list(problems_of(WebConfig(password_file="$CREDENTIALS_DIRECTORY/password"))) == []


def test_missing_packages_are_named_with_their_extra(monkeypatch):
    monkeypatch.setattr(web_module, "PACKAGES", ("no_such_package",))
    (problem,) = problems_of(WebConfig())
    assert problem.endswith(f"install the extra: {pip_line('web')}")


def test_a_certificate_with_its_key_serves(tmp_path):
    certificate, key = Authority(tmp_path / "ca").sign("page")
    assert list(problems_of(WebConfig(cert_file=str(certificate), key_file=str(key)))) == []


def test_a_certificate_that_is_none_is_refused(tmp_path):
    (tmp_path / "c").write_text("x")
    (problem,) = problems_of(WebConfig(cert_file=str(tmp_path / "c"), key_file=str(tmp_path / "k")))
    assert "cert_file" in problem
    with pytest.raises(ValueError, match="belong together"):
        WebConfig(cert_file="c")
