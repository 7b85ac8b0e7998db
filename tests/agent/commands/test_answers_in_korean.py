"""Commands that ask the running agent answer in its language, or in the one asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli import main
from agent.errors import ConfigError, TransportError, WordError
from agent.service.alert_requests import Acknowledge, Close, Unshelve
from agent.service.control import (
    Answer,
    Cancel,
    Commission,
    ExportState,
    Forget,
    Learnt,
    Record,
    RefusedError,
    Reload,
    Reloading,
    Request,
    Status,
)
from agent.service.control_server import ControlServer
from agent.service.watching.confirmed import confirmed_in
from agent.service.watching.ring_folder import name_of, put

LEARNT = {
    "learning": None,
    "ended": {"result": "learnt"},
    "words": ["learnt from 60 windows", "not looked at: impacts (needs a sensor that is sampled faster)"],
    "kept": True,
    "troubles": [],
}
ASKED: list[Request] = []
RELOAD_PROBLEMS = ["agent.id: cannot change from 'a' to 'b' while the agent runs; put it back, or restart the agent"]
KEPT_BACK = "the healthy state from before the repair is taken back"


def handle(request: Request) -> Answer:
    match request:
        case Commission():
            return {"remarks": ["the commissioning under way goes on"], "kept": True, "language": "ko"}
        case Learnt():
            return {**LEARNT, "language": "ko"}
        case Cancel():
            return {"remarks": [KEPT_BACK], "language": "ko"}
        case Forget():
            return {"forgotten": ["1480 rpm", "speed unknown"], "remarks": [], "language": "ko"}
        case Acknowledge(alert="over"):
            raise RefusedError("alert: 'over' is not an open alert; open: none", language="ko")
        case Acknowledge(alert="past") | Close(alert="past"):
            return {"alert": "34cd", "over": True, "kept": False, "before": "imbalance", "language": "ko"}
        case Acknowledge() | Close() | Unshelve():
            return {"alert": "12ab", "kept": True, "language": "ko"}
        case Record():
            return {"path": "/tmp/a.vbp", "heard": False, "language": "ko"}
        case Status():
            ASKED.append(request)
            return {"language": "ko"}
        case Reload():
            return {"number": 1 + len(ASKED)}
        case Reloading():
            ended = {"code": 78, "problems": RELOAD_PROBLEMS[: len(ASKED)], "done": ["sensor a: added"]}
            return {"ended": {**ended, "told": [KEPT_BACK]}, "language": "ko"}
        case ExportState():
            raise RefusedError("there is no sensor 'x'; known: a", language="ko", code=WordError.exit_code)
    raise AssertionError(request)


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state directory of an agent that answers in Korean."""
    folder, stop = tmp_path_factory.mktemp("state"), threading.Event()
    server = ControlServer(folder, handle, stop=stop)
    server.open()
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield folder
    stop.set()
    server.wake()
    thread.join()


@pytest.mark.parametrize(
    ("arguments", "korean", "english"),
    [
        (
            ["commission", "a"],
            ["a: 새로운 변화가 없을 때까지", "주의: 진행 중인 정상 상태 학습은 계속", "a: 구간 60개로 학습함"],
            "a: learnt from 60",
        ),
        (["commission", "a", "--windows", "12"], ["a: 다음 구간 12개로", "확인하지 못함: 충격"], "the next 12 windows"),
        (["commission", "a", "--no-wait"], ["진행 확인: textvib-agent status"], "follow it with: textvib-agent status"),
        (
            ["commission", "a", "--cancel"],
            ["a: 정상 상태 학습을 취소", "주의: 수리 전의 정상 상태를 되살렸"],
            "is given up",
        ),
        (
            ["forget", "a"],
            ["a: 정상 상태를 지웠습니다(1480 rpm, 회전수 미상)"],
            "a: forgotten: 1480 rpm, speed unknown",
        ),
        (["acknowledge", "12"], ["12ab: 확인 처리"], "12ab: acknowledged"),
        (["close", "12"], ["12ab: 종료"], "12ab: closed"),
        (["acknowledge", "12", "--was", "ball"], ["12ab: ball(으)로 기록"], "12ab: noted as ball; its windows stay"),
        (
            ["record", "a"],
            ["a: 60초 동안 기록합니다: /tmp/a.vbp", "a: 아직 수신된 데이터가"],
            "a: recording 60 s to /tmp/a.vbp",
        ),
    ],
)
def test_answers_are_in_the_agents_language_or_the_one_asked_for(
    agent: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], korean: list[str], english: str
) -> None:
    assert main([*arguments, "--state-dir", str(agent)]) == 0
    said = capsys.readouterr().out
    assert [line for line in korean if line not in said] == []
    assert main([*arguments, "--state-dir", str(agent), "--language", "en"]) == 0
    assert english in capsys.readouterr().out


def test_of_an_alert_that_is_over_it_may_still_be_said_what_it_was(
    agent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> int:
        return main(["acknowledge", *arguments, "--state-dir", str(agent), "--language", "en"])

    assert said("over", "--was", "ball") == ConfigError.exit_code
    assert "is not an open alert" in capsys.readouterr().err
    assert said("past", "--was", "Broken!") == WordError.exit_code
    assert "small letters, digits and _" in capsys.readouterr().err
    assert said("past", "--by", "Kim\x1b[2J") == WordError.exit_code
    assert r"'Kim\x1b[2J' is no name of a person" in capsys.readouterr().err
    assert said("past", "--was", "missalignment") == 0
    heard = capsys.readouterr()
    assert "if misalignment was meant, say it again" in heard.err
    assert heard.out.splitlines() == [
        "34cd: noted as missalignment; no windows of it are kept, so there is nothing to train with",
        "34cd: was said to be imbalance before; missalignment stands in its place",
    ]


def test_closing_what_is_over_says_that_it_is(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--state-dir", str(agent), "--language", "en"]
    assert main(["close", "past", "--was", "ball", *where]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "34cd: is over already, so there is nothing to close",
        "34cd: noted as ball; no windows of it are kept, so there is nothing to train with",
    ]


def test_where_no_agent_answers_the_word_is_kept_and_the_alert_is_said_to_be_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ring").mkdir()
    put(tmp_path / "ring", name_of(1, "open12"), b"windows")
    close = ["close", "open", "--was", "ball", "--state-dir", str(tmp_path), "--language", "en"]
    assert main(close) == TransportError.exit_code
    said = capsys.readouterr()
    assert "open12: noted as ball" in said.out
    assert "open12: no agent answers, so the alert is open as before" in said.err
    close[3] = "씰마모"
    assert main(close) == TransportError.exit_code
    assert "open12: was said to be ball before; 씰마모 stands in its place" in capsys.readouterr().out
    word = confirmed_in(tmp_path / "ring")["open12"]
    assert (word.was, word.is_told, [one.was for one in word.before]) == ("씰마모", False, ["ball"])


def test_a_refusal_is_in_the_agents_language_or_the_one_asked_for(
    agent: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["state", "export", "x", "--out", "/dev/null", "--state-dir", str(agent)]
    for more, told in (([], "센서 'x'이(가) 없습니다"), (["--language", "en"], "there is no sensor 'x'; known: a")):
        assert main([*arguments, *more]) == WordError.exit_code
        assert told in capsys.readouterr().err


def test_status_is_asked_for_in_the_language_of_who_asks(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ASKED.clear()
    for more in ([], ["--language", "en"]):
        assert main(["status", "--json", "--state-dir", str(agent), *more]) == 0
    assert [Status(), Status(language="en")] == ASKED
    assert '"language": "en"' in capsys.readouterr().out


def test_what_a_reload_did_is_told_in_the_same_way(agent: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--state-dir", str(agent)]
    for refused, language, told in (
        (False, [], ["센서 a: 추가했습니다", "주의: 수리 전의 정상 상태를 되살렸"]),
        (False, ["--language", "en"], ["sensor a: added", f"mind: {KEPT_BACK}"]),
        (True, [], ["agent.id: 실행 중에는 'a'에서 'b'(으)로", "거부: 바뀐 것이 없습니다"]),
        (True, ["--language", "en"], [RELOAD_PROBLEMS[0], "refused: nothing is changed"]),
    ):
        ASKED[:] = [Status()] * refused
        assert main(["reload", *where, *language]) == (78 if refused else 0)
        said = "".join(capsys.readouterr())
        assert [line for line in told if line not in said] == []


def test_that_no_agent_answers_is_told_in_the_language_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--state-dir", str(tmp_path), "--language", "ko"]) == TransportError.exit_code
    assert "응답하는 에이전트가 없습니다" in capsys.readouterr().err
