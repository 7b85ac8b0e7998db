"""Many sentences are ranked at one start: from arguments and from standard input, each as if it were alone."""

from __future__ import annotations

import io
import json

import pytest

from agent.errors import ConfigError
from export.cli import main
from export.commands.ranking import _given, check_sentences

OUTER, CAGE = "the outer ring is pitted", "케이지가 깨졌다"


class Terminal(io.StringIO):
    """Standard input that nobody has piped anything into."""

    def isatty(self) -> bool:
        return True


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def ranked(capsys: pytest.CaptureFixture[str], *arguments: str) -> object:
    capsys.readouterr()
    assert main(["rank", *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_several_sentences_are_a_list_of_what_each_is_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [ranked(capsys, one) for one in (OUTER, CAGE)]
    assert isinstance(alone[0], dict)
    assert [alone[0]["sentence"], alone[0]["near"]] == [OUTER, ["outer_race"]]
    assert ranked(capsys, OUTER, CAGE) == alone
    lines = f"\ufeff{OUTER}\r\n\n  {CAGE} \n".encode()
    for arguments in ([], ["-"]):
        piped(monkeypatch, lines)
        assert ranked(capsys, *arguments) == alone
    piped(monkeypatch, f"{CAGE}\n".encode())
    assert ranked(capsys, OUTER, "-") == alone
    piped(monkeypatch, f"{CAGE}\n".encode())
    assert ranked(capsys) == alone[1:], "what is piped in is a list, of however many"


def test_in_words_each_of_several_stands_below_its_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rank", OUTER]) == 0
    alone = capsys.readouterr().out
    assert OUTER not in alone
    assert main(["rank", OUTER, "bearing"]) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert first == f"{OUTER!r}\n{alone.rstrip()}"
    assert second.startswith("'bearing'\nhealthy")
    assert "it names a part, and nothing that is known to be wrong with one" in second


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"the cage is cracked\n123 ...\n", "standard input:2: '123 ...' holds no word"),
        (b"\n", "no sentence: standard input holds none"),
        (b"\xff\xfe\x00", "standard input: is no UTF-8 text"),
    ],
)
def test_lines_that_are_no_sentences_are_named(
    content: bytes, said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    piped(monkeypatch, content)
    assert main(["rank", "-"]) == ConfigError.exit_code
    assert capsys.readouterr().err.startswith(f"error: {said}")


def test_without_a_sentence_and_a_pipe_it_says_how_to_give_some(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    assert main(["rank"]) == ConfigError.exit_code
    assert "no sentence: give some in quotes" in capsys.readouterr().err


@pytest.mark.parametrize("sentence", ["der K\udce4fig ist gebrochen", "\udcff\udcfe"])
def test_bytes_of_another_encoding_are_told_as_such(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"the cage is cracked\n{sentence}\n"))
    with pytest.raises(ConfigError, match="standard input:2: is no UTF-8 text; save"):
        list(_given(["-"]))
    with pytest.raises(ConfigError, match="is no UTF-8 text"):
        check_sentences([sentence])
