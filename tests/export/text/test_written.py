"""Sentences as different people write them: every fault in both languages, what measures apart, a bad file named."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.types import FAULTS
from export.text.encoders import LANGUAGES, NONE, TextError
from export.text.no_fault import KINDS
from export.text.said import plain
from export.text.written import WRITTEN, WRITTEN_UNSEEN, read_written


@pytest.mark.parametrize("path", [WRITTEN, WRITTEN_UNSEEN])
def test_every_kind_and_fault_in_every_language(path: Path) -> None:
    for language in LANGUAGES:
        mine = [one for one in read_written(path) if one.language == language]
        assert {one.fault for one in mine if one.kind == "described"} == set(FAULTS)
        assert {one.fault for one in mine if one.kind == "insisted"} == set(FAULTS) - {"healthy"}
        assert {one.kind for one in mine if one.fault == NONE} == set(KINDS)


def test_no_sentence_stands_twice_or_on_both_sides() -> None:
    texts = [plain(one.text) for path in (WRITTEN, WRITTEN_UNSEEN) for one in read_written(path)]
    assert sorted(texts) == sorted(set(texts))


def test_a_fault_left_out_is_neither_described_nor_denied() -> None:
    others = tuple(fault for fault in FAULTS if fault != "cage")
    left, every = read_written(faults=others), read_written()
    assert {one.fault for one in left} == {*others, NONE}
    denied = [len([one for one in part if one.kind == "denied"]) for part in (left, every)]
    assert denied[0] < denied[1]


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[en]\ntopic = 3\n")
    with pytest.raises(TextError, match="must be made like written"):
        read_written(tmp_path / "bad.toml")
