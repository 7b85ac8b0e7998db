"""Text on a terminal: widths of both scripts, lines that fit, nothing cut away."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.messages.terminal import WIDEST, columns, hanging, labelled, tabulated, width, with_names, wrapped

LETTERS = st.text(st.sampled_from("ab 가나. 結"), max_size=120)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("abc", 3), ("외륜", 4), ("결함 3", 6), ("e\N{COMBINING ACUTE ACCENT}", 1), ("½×", 2), ("軸", 2)],
)
def test_width_is_that_of_a_terminal(text: str, expected: int) -> None:
    assert width(text) == expected


@given(LETTERS, st.integers(2, 40))
def test_wrapping_fits_and_loses_nothing(text: str, room: int) -> None:
    lines = wrapped(text, room)
    assert all(width(line) <= room for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_lines_end_between_words() -> None:
    assert wrapped("베어링 외륜 결함", 11) == ["베어링 외륜", "결함"]
    assert wrapped("a long-word-that-does-not-fit", 10) == ["a", "long-word-", "that-does-", "not-fit"]


@given(st.lists(st.lists(LETTERS, min_size=3, max_size=3), min_size=1, max_size=5), st.integers(12, 60))
def test_a_table_fits_and_loses_nothing(rows: list[list[str]], room: int) -> None:
    lines = tabulated(rows, columns=room)
    assert all(width(line) <= room for line in lines)
    assert sorted("".join("".join(lines).split())) == sorted(
        "".join("".join(cell for row in rows for cell in row).split())
    )


def test_a_table_that_fits_is_left_as_it_is() -> None:
    assert tabulated([["센서", "B"], ["a", "c"]], columns=20) == ["센서  B", "a     c"]


def test_labels_stand_in_a_column_of_their_own() -> None:
    assert labelled([("판정", "베어링 외륜 결함"), ("", "more")], columns=19) == [
        "  판정  베어링 외륜",
        "        결함",
        "        more",
    ]
    assert hanging("aa bb cc", columns=5) == ["aa bb", "  cc"]


def test_no_terminal_is_wider_than_what_is_read_well(monkeypatch: pytest.MonkeyPatch) -> None:
    for told, room in (("200", WIDEST), ("72", 72), ("3", 40)):
        monkeypatch.setenv("COLUMNS", told)
        assert columns() == room


def test_names_of_files_stand_behind_their_rows_or_below_them_and_are_never_broken() -> None:
    rows, names = [["센서", "결함"], ["pump_de", "outer_race"]], ["파일", "00000001-000001671e7c54bb.vbw"]
    assert with_names(rows, names, columns=80)[1].split() == ["pump_de", "outer_race", names[1]]
    below = with_names(rows, names, columns=40)
    assert [below[1], below[3]] == [f"  {name}" for name in names]
    assert all(name in line for line, name in zip(with_names(rows, names, columns=10)[-1:], names[1:], strict=True))
