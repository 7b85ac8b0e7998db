"""What rooms below word in English has words in every other language: found in their sources, and put into them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from requirements import ROOT

from agent.messages.notices import in_language, is_known
from agent.messages.words import LANGUAGES

WORDING = {
    "notices": "agent/config agent/service/keeping/refuge.py agent/service/health.py "
    "agent/service/keeping/learnt_rows.py agent/service/keeping/alert_rows.py agent/service/desks.py "
    "agent/service/reloading/handover.py agent/service/reloading/kept_bundles.py agent/service/reloading/moving.py "
    "agent/sources/__init__.py agent/sources/modbus.py agent/sources/transmitters.py agent/diagnosis/commissioning.py",
    "notes": "agent/recordings agent/tables/columns.py agent/tables/choice.py agent/tables/header.py "
    "agent/tables/settle.py",
}
TAKES = {"notices", "remarks", "problems", "notes"}
"""Lists to which a sentence is added; they are parameters, variables and fields of these names."""
MAKES = {"LeftOut", "_notice", "notice"}
"""What is called with sentences."""
HANDED_ON = re.compile(r"([a-z.]+|7+)[:;] 7")
"""Another's sentence behind its place."""
TABLES = {"WHAT", "wants", "needs", "advice", "doubt"}


def sentences_in(path: Path) -> list[str]:
    """English sentences that a module makes for people, with `7` where something is filled in."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [text for node in ast.walk(tree) for place in _places(node) for text in _texts(place)]
    return [text for text in found if " " in text.strip() and not HANDED_ON.fullmatch(text)]


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
        case ast.FunctionDef() if any(word in node.name for word in ("remark", "notes", "twice", "crowded", "_role")):
            for inner in ast.walk(node):
                if isinstance(inner, ast.Yield | ast.Return) and inner.value is not None:
                    yield inner.value


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield from [node.value] if isinstance(node.value, str) else []
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in node.values)
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _texts(value)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def modules() -> Iterator[Path]:
    for places in WORDING.values():
        for place in places.split():
            path = ROOT / place
            yield from [path] if path.suffix else sorted(path.rglob("*.py"))


OTHERS = [language for language in LANGUAGES if language != "en"]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("path", [*modules()], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_sentence_of_a_room_below_is_in_the_table(path: Path, language: str) -> None:
    assert [text for text in sentences_in(path) if not is_known(text, language)] == []  # type: ignore[arg-type]


def test_a_sentence_without_words_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(
        'def f(problems, notes):\n    problems.append(f"{where}: quite new")\n    notes += ["never said"]\n'
        'def remarks_on():\n    yield "unheard of"\nLeftOut(name, "is odd indeed")\nlog.info("not for people")\n'
    )
    assert sorted(sentences_in(path)) == ["7: quite new", "is odd indeed", "never said", "unheard of"]


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
        "a.mat: 2 variables fit '*'; name one of (--channel): a 48, b 48",
        "a.csv: '6205/6306' names 2 bearings, 6205 and 6306; give one; see textvib-agent replay --help",
        "a.csv: does not say its sample rate; give it (--rate-hz)",
    ],
)
def test_no_word_of_a_refusal_stays_english(english: str) -> None:
    korean = in_language(english, "ko")
    place, _, sentence = korean.partition(": ")
    assert place in ("a.csv", "a.mat")
    assert not re.findall(r"(?<![-\w])(?:is|the|name|there|which|by|it|its|of|fit)(?!\w)", sentence)
