"""What rooms below word in English has words in every other language: found in their sources, and put into them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from requirements import ROOT

from agent.bearings.given import inside_of
from agent.messages.notices import in_language, is_known
from agent.messages.words import LANGUAGES, table
from agent.transport.mqtt import MENDS

WORDING = {
    "notices": "agent/config agent/service/keeping/refuge.py agent/service/health.py "
    "agent/service/keeping/learnt_rows.py agent/service/keeping/alert_rows.py agent/service/desks.py "
    "agent/service/reloading/handover.py agent/service/reloading/kept_bundles.py agent/service/reloading/moving.py "
    "agent/sources/__init__.py agent/sources/modbus.py agent/sources/transmitters.py agent/diagnosis/commissioning.py "
    "agent/sinks agent/transport agent/bearings/given.py "
    "agent/bearings/part_numbers.py "
    "agent/bearings/catalogue.py agent/commands agent/service/alert_requests.py agent/service/names.py "
    "agent/service/answers.py agent/service/commands.py agent/service/control.py agent/service/control_server.py "
    "agent/service/teaching.py agent/service/recording_jobs.py agent/service/reloading/reload.py "
    "agent/service/keeping/sensor_state.py agent/service/keeping/state_file.py agent/service/looking_back",
    "notes": "agent/recordings agent/tables/columns.py agent/tables/choice.py agent/tables/header.py "
    "agent/tables/settle.py",
}
TAKES = {"notices", "remarks", "problems", "notes"}
"""Lists to which a sentence is added; they are parameters, variables and fields of these names."""
MAKES = {"LeftOut", "_notice", "notice", "SourceFault", "RenewalError"}
"""What is called with sentences."""
HANDED_ON = re.compile(r"(([a-z.]+|7+|'7'|7\.7): )*7|([a-z.]+|7+); 7")
"""Another's sentence behind its place."""
COMPOSED = {
    "7; pitch_mm is the diameter of the circle through the balls' centres",
    "7; or give 7",
    "'7'7 is not in the catalogue7",
    "7, so not in the catalogue7",
    "--listen: 7",
    "alert: '7' is 7; open: 7",
    "alert: there is no alert77 in 7; 77",
    "alert: '7' is the beginning of several7; 7",
    "7: nothing was learnt7; known: 7",
    *("7.host: 7", "7.fallbacks[7]: 7", "mqtt 7: 7", "7: topic '7' 7", "no sensor is configured for 7"),
    *("'7' is no path; 7", "'7' has more than 7 steps; 7", "'7' is no path from its character 7 on; 7"),
}
"""Sentences put together of others, which `test_words_behind_quotes_are_not_cut` has whole."""
RAISED = {"ConfigError", "WordError", "TransportError", "ValueError", "SeveralBearingsError"}
"""What people are told of in the words that it is raised with, where a room is told of as notices."""
TABLES = {"WHAT", "wants", "needs", "advice", "doubt"}


def sentences_in(path: Path, *, with_raised: bool = False) -> list[str]:
    """English sentences that a module makes for people, with `7` where something is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [text for node in ast.walk(tree) for place in _places(node) for text in _texts(place)]
    if with_raised:
        found += [text for node in ast.walk(tree) for place in _raised(node) for text in _texts(place)]
    return [text for text in found if " " in text.strip() and text not in COMPOSED and not HANDED_ON.fullmatch(text)]


def _places(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Call(func=ast.Attribute(attr="append" | "extend", value=target)) if _name(target) in TAKES:
            yield from node.args
        case ast.Call() if _name(node.func) in MAKES:
            yield from node.args
        case ast.keyword() if node.arg in TAKES | TABLES:
            yield node.value
        case ast.Assign(targets=[target]) if _name(target) in TAKES | TABLES:
            yield node.value
        case ast.AnnAssign(target=target, value=ast.AST() as value) if _name(target) in TAKES | TABLES:
            yield value
        case ast.AugAssign(target=target) if _name(target) in TAKES:
            yield node.value
        case ast.FunctionDef() if any(
            word in node.name for word in ("remark", "problems_of", "notes", "twice", "crowded", "_role")
        ):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Yield | ast.Return) and inner.value is not None:
                    yield inner.value


def _raised(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Raise(exc=ast.Call() as made) if _name(made.func) in RAISED:
            yield from made.args


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield from [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, ast.JoinedStr):
        yield "".join(_filled(part) for part in node.values)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _texts(value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def _filled(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    return "'7'" if isinstance(part, ast.FormattedValue) and part.conversion == ord("r") else "7"


def modules(whose: str) -> Iterator[Path]:
    for place in WORDING[whose].split():
        path = ROOT / place
        yield from [path] if path.suffix else sorted(path.rglob("*.py"))


OTHERS = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(
    ("path", "with_raised"),
    [(path, whose == "notices") for whose in WORDING for path in modules(whose)],
    ids=lambda one: one.relative_to(ROOT).as_posix() if isinstance(one, Path) else "",
)
def test_every_sentence_of_a_room_below_is_in_the_table(path: Path, with_raised: bool, language: str) -> None:
    said = sentences_in(path, with_raised=with_raised)
    assert [text for text in said if not is_known(text, language)] == []  # type: ignore[arg-type]


def test_a_sentence_without_words_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        'def f(problems, notes):\n    problems.append(f"{where}: quite new")\n    notes += ["never said"]\n'
        'def remarks_on():\n    yield "unheard of"\nLeftOut(name, "is odd indeed")\nlog.info("not for people")\n'
    )
    assert sorted(sentences_in(path)) == ["7: quite new", "is odd indeed", "never said", "unheard of"]
    path.write_text('def f():\n    raise ValueError(f"{name!r} is odd")\n')
    assert sentences_in(path, with_raised=True) == ["'7' is odd"]


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        ("left out: temp is a temperature by its name", "제외: temp(이름으로 보아 온도)"),
        ("broker.pasword: unknown key; known: a, b", "broker.pasword: 알 수 없는 키입니다. 사용 가능: a, b"),
        ("something that nobody has translated", "something that nobody has translated"),
    ],
)
def test_fields_are_carried_over_and_looked_up_themselves(english: str, korean: str) -> None:
    assert in_language(english, "ko") == korean
    assert in_language(english, "en") == english


def test_no_two_sentences_are_one_but_for_the_names_of_their_fields() -> None:
    """Of two such the first would be said in the place of both."""
    for language in OTHERS:
        bare = [re.sub(r"\{\w+\}", "{}", english) for english in table()["sentence"][language]]
        assert [one for one in bare if bare.count(one) > 1] == []


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        (
            "sources.a.mapping.x: 'a..b' is no path from its character 3 on; write it like acc.x, data[0].values, "
            "rows[*].x or $",
            "sources.a.mapping.x: 'a..b'은(는) 3번째 글자부터 경로가 아닙니다. acc.x, data[0].values, rows[*].x, $처럼 "
            "적으십시오",
        ),
        ("no sensor is configured for device 1a2b stream 3", "장치 1a2b의 스트림 3에 설정된 센서가 없습니다"),
        (
            "mqtt h:1: connection lost without a reason; should it repeat, look for another client with the id 'gw'",
            "mqtt h:1: 연결이 이유 없이 끊겼습니다. 되풀이되면 ID가 'gw'인 다른 클라이언트가 있는지 확인하십시오",
        ),
        ("a.csv: has no column 'b'; there are: t, x", "a.csv: 열 'b'이(가) 없습니다; 선택 가능: t, x"),
    ],
)
def test_sentences_of_several_parts_are_whole_in_korean(english: str, korean: str) -> None:
    assert in_language(english, "ko") == korean


def test_a_name_is_no_sentence() -> None:
    assert in_language("5120 Hz from column time", "ko") == "time 열에서 5120 Hz"
    assert in_language("left out: time never changes", "ko") == "제외: time(변하지 않음)"


@pytest.mark.parametrize(
    "english",
    [
        "a.csv: holds no acceleration: t is time by its name; v mm/s is a velocity by its name; "
        "name the columns that are acceleration (--channel, like 2+3+4); there are: t, v mm/s",
        "a.csv: has no column 'b'; name the columns that are acceleration (--channel, like 2+3+4); there are: t",
        "a.csv: column t is called time, and goes down as often as up; "
        "correct its time, or leave it out and give the sample rate (--rate-hz); there are: t, x",
        "a.csv: t is no acceleration: it is time by its name; "
        "name the columns that are acceleration (--channel, like 2+3+4); there are: t, x",
        "a.mat: holds 2 variables; name one (--channel): a 48, b 48",
        "a.mat: holds 2 variables that may be the signal; name one (--channel, like NAME or NAME+NAME): a 48, b 48",
        "a.mat: 2 variables fit 'a*'; name one of (--channel): a 48, b 48",
        "a.csv: '6205/6306' names 2 bearings, 6205 and 6306; give one; see textvib-agent replay --help",
        "a.csv: does not say its sample rate; give it (--rate-hz)",
    ],
)
def test_no_word_of_a_refusal_stays_english(english: str) -> None:
    korean = in_language(english, "ko")
    place, _, sentence = korean.partition(": ")
    assert place in ("a.csv", "a.mat")
    assert not re.findall(r"(?<![-\w])(?:is|the|name|there|which|by|it|its|of|fit)(?!\w)", sentence)


@pytest.mark.parametrize(
    ("english", "korean"),
    [
        (
            "sinks.mail: recipients: 'kim at example.com' is no e-mail address; write name@example.com",
            "sinks.mail: recipients: 'kim at example.com'은(는) 이메일 주소가 아닙니다. "
            "name@example.com 형식으로 적으십시오",
        ),
        (
            "sinks.x: url: 'a has b; holds c: is d' is no address; write https://host/path",
            "sinks.x: url: 'a has b; holds c: is d'은(는) 웹 주소가 아닙니다. https://host/path 형식으로 적으십시오",
        ),
        ("x: holds a thing nobody knows", "x: holds a thing nobody knows"),
        ("somebody looks at this; never heard of", "somebody looks at this; never heard of"),
        ("row 3 holds 'a b'", "3번째 행, 'a b' 포함"),
        ("velocity_mm_s at a.b", "a.b에 velocity_mm_s"),
        (
            "sinks.m.username: expected text in quotes, got a whole number; it is 3",
            "sinks.m.username: 따옴표로 감싼 텍스트만 쓸 수 있는데 정수입니다. 적힌 값: 3",
        ),
        (
            "sinks.m.port: expected a whole number <= 65535; it is 70000",
            "sinks.m.port: 65535 이하의 정수만 쓸 수 있습니다. 적힌 값: 70000",
        ),
        ("127.0.0.1:9: [Errno 111] Connection refused", "127.0.0.1:9: 연결 거부됨(오류 111)"),
        ("h: timed out", "h: 시간 초과"),
        ("HTTP 404; check url", "HTTP 404 응답; url을 확인하십시오"),
        ("HTTP 301; it has moved: correct url", "HTTP 301 응답; 주소가 바뀌었습니다. url을 바로잡으십시오"),
        (
            "h:587: 535 5.7.8 no such user; check username and password_file",
            "h:587: 535 5.7.8 no such user. username과 password_file을 확인하십시오",
        ),
        (
            "s1: rate_mismatch: 26667 Hz declared, 18300 Hz arrive; correct rate_hz, or the sensor's clock",
            "s1: 선언된 샘플링 주파수는 26667 Hz인데 18300 Hz로 수신됩니다. "
            "샘플링 주파수 설정이나 센서 클럭을 바로잡으십시오",
        ),
    ],
)
def test_words_behind_quotes_are_not_cut(english: str, korean: str) -> None:
    assert in_language(english, "ko") == korean


@pytest.mark.parametrize("text", ["9999", "62O5", "6205 9999", "6205/6306"])
def test_a_bearing_that_is_refused_stands_once_and_in_one_language(text: str) -> None:
    with pytest.raises(ValueError, match="bearing") as told:
        inside_of(text)
    assert str(told.value).count(text) == 1 or text == "6205/6306"
    assert not re.search(r"\b(is|the|give|near|may|names|part)\b", in_language(str(told.value), "ko"))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize(
    "why",
    [
        "cannot connect: [Errno -2] Name or service not known",
        "no answer within 5 s",
        "closed the connection without an answer; port 8883 may want TLS (tls = true) or websockets (ws://)",
        "closed the connection without an answer; port 443 may want TLS (tls = true)",
        "closed the connection without an answer; port 1 may want a client certificate (cert_file), or websockets (wss://)",
        "TLS failed: the broker's certificate is not trusted (self-signed certificate); "
        "check tls, ca_file and the host name",
        "TLS failed: the other side does not answer in TLS (WRONG_VERSION_NUMBER); "
        "port 1883 may be one without TLS: set tls = false, or the port that has it",
        "is no websocket at /mqtt (no upgrade); check port and path, or use mqtt://",
        "refused the subscription to 'a/#': Not authorized",
        *(f"refused the connection: Not authorized; {mend}" for mend in MENDS.values()),
    ],
)
def test_why_a_broker_is_not_reached_is_in_the_table(why: str, language: str) -> None:
    assert is_known(f"mqtt mqtts://plant:8883: {why}", language)  # type: ignore[arg-type]
