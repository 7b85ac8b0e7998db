"""A sentence near no fault is told to be like a denial or like something else, and one without a word is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from agent.errors import ConfigError
from export.bundling.near_none import EACH, _few, reads_like
from export.bundling.sentence_reader import Reader
from export.cli import main
from export.text.encoders import NgramEncoder
from export.text.no_fault import KINDS


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("The bearing shows no rotor unbalance at all", "denial"),
        ("볼에 결함이 없다", "denial"),
        ("The weather is nice today", "other"),
    ],
)
def test_denials_and_other_subjects_are_told_apart_by_an_example(sentence: str, kind: str) -> None:
    like = reads_like(sentence, cast("Reader", SimpleNamespace(encoder=NgramEncoder())))
    assert like.kind == kind
    assert like.example in {one.text for one in _few()}


def test_a_few_of_every_kind_and_language_are_read() -> None:
    counts = {(one.kind, one.language): 0 for one in _few()}
    assert len(counts) == 2 * len(KINDS)
    assert len(_few()) == EACH * len(counts)


@pytest.mark.parametrize("sentence", ["", "  ", "123 ...!"])
def test_a_sentence_without_a_word_is_refused(sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rank", sentence]) == ConfigError.exit_code
    assert "holds no word; write what is wrong with the machine" in capsys.readouterr().err
