"""Towers of sentences alone: judged inside on forms that they were not given, the same by one seed, kept and told."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import torch

from agent.types import FAULTS
from export.cli import main
from export.studies.sentences.tower_alone import Inside, as_text, folds_of, judge_inside, train_tower
from export.text.encoders import NONE, EncodedSentences, NgramEncoder, Sentences
from export.training.recipe import TrainConfig

CONFIG = TrainConfig(dim=8, steps=3, text_steps=2, sentences_per_fault=2, no_fault_sentences=2)
WORDS = ("quite", "rather", "very", "badly", "again", "now")


@pytest.fixture(scope="module")
def texts() -> EncodedSentences:
    rows = [(f"{fault} {word} damaged", fault, "en") for fault in FAULTS for word in WORDS]
    rows += [(f"없는 {word} 것은 아니다", NONE, "ko") for word in WORDS]
    rows += [(f"no {word} damage", NONE, "en") for word in WORDS]
    sentences = Sentences(*(tuple(column) for column in zip(*rows, strict=True)))
    return EncodedSentences(sentences, NgramEncoder(dim=64).encode(sentences.texts))


def test_sentences_of_one_form_fall_together(texts: EncodedSentences) -> None:
    fold = folds_of(texts.sentences, 0)
    korean = [text.startswith("없는") for text in texts.sentences.texts]
    assert len(set(fold[korean])) == 1
    assert set(fold) == {0, 1, 2, 3}
    assert folds_of(texts.sentences, 0).tolist() == fold.tolist() != folds_of(texts.sentences, 1).tolist()


def test_the_same_seed_makes_the_same_tower_and_its_figures(texts: EncodedSentences) -> None:
    one, again = (train_tower(texts, CONFIG) for _ in range(2))
    assert torch.equal(one.get_parameter("layers.1.weight"), again.get_parameter("layers.1.weight"))
    assert one.common.any()
    inside = judge_inside(texts, CONFIG)
    assert all(0 <= share <= 1 for share in (inside.refused, inside.nearest, inside.auroc))
    told = as_text({"mine": [inside, msgspec.structs.replace(inside, seed=1)]})
    assert "mine, 2 seeds" in told
    assert "± 0.000" in told


def test_the_command_refuses_no_seeds_and_prints_what_is_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, texts: EncodedSentences
) -> None:
    assert main(["tower", "--seeds", "0"]) != 0
    assert "--seeds" in capsys.readouterr().err
    monkeypatch.setattr(
        "export.studies.sentences.tower_alone.encoded", lambda text, said: (texts, NgramEncoder(dim=64))
    )
    recipe = tmp_path / "small.toml"
    recipe.write_text("dim = 8\nsteps = 2\ntext_steps = 2\n")
    asked = ["tower", "--inside", "--seeds", "1", "--recipes", str(recipe), "--out", str(tmp_path), "--json"]
    assert main(asked) == 0
    first = capsys.readouterr().out.splitlines()[-1]
    kept = next(tmp_path.glob("*-inside-0.json"))
    assert msgspec.json.decode(kept.read_bytes(), type=Inside).seed == json.loads(first)["small"][0]["seed"] == 0
    kept.write_bytes(kept.read_bytes().replace(b'"seed": 0', b'"seed": 7'))
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["small"][0]["seed"] == 7
