"""A "no" is heard: by the limit that training fixes, by the tower, and in what the commands report."""

from __future__ import annotations

import copy
import io
import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from agent.bundle.load import DEFAULT, load_bundle
from agent.bundle.manifest import MANIFEST
from agent.types import FAULTS, HEALTHY
from export.bundling.sentence_reader import NEAR, Reader, reader_of
from export.calibration.near_limit import ADMITTED, fit_limit, read_left_out
from export.cli import main
from export.evaluation.sentences import draw_texts, judge_texts, read_never_seen
from export.studies.sentences.swaps import SwapCell, summary_of
from export.text.encoders import (
    FOLDER,
    NONE,
    EncodedSentences,
    JoinedEncoder,
    NgramEncoder,
    read_wordings,
    sentences_of,
)
from export.text.glossary import GlossaryEncoder
from export.text.no_fault import KINDS, UNSEEN, read_contrasts, training_sentences
from export.text.tower import Tower, average_wordings, describe, describe_faults, load_tower, sha256, tower_bytes, whole
from export.text.written import WRITTEN_UNSEEN, read_written
from export.training.recipe import TrainConfig
from export.training.sentences import sentence_draws, separate_texts

CONFIG = TrainConfig(dim=32, text_steps=150, text="ngrams+glossary")
ENCODER = JoinedEncoder([NgramEncoder(dim=512), GlossaryEncoder()])


@pytest.fixture(scope="module")
def learnt() -> EncodedSentences:
    """What a small tower learns from in few steps, read once."""
    sentences = training_sentences(said=False)
    return EncodedSentences(sentences, ENCODER.encode(sentences.texts))


@pytest.fixture(scope="module")
def tower(learnt: EncodedSentences) -> Tower:
    """Trained on sentences alone, without a text package, in a few seconds."""
    sentences, vectors = learnt.sentences, learnt.vectors
    torch.manual_seed(0)
    tower = Tower(vectors.shape[1], CONFIG.dim)
    tower.start_from(vectors)
    separate_texts(
        tower, CONFIG, EncodedSentences(sentences, vectors), sentence_draws(sentences, CONFIG), np.random.default_rng(0)
    )
    tower.settle(vectors, sentences)
    return tower.eval()


@pytest.fixture(scope="module")
def centres(tower: Tower) -> np.ndarray:
    wordings = sentences_of(read_wordings(FOLDER / "training.toml"), FAULTS)
    return describe_faults(tower, ENCODER.encode(wordings.texts), wordings, FAULTS)


def test_never_seen_denials_are_near_no_fault(tower: Tower, centres: np.ndarray) -> None:
    unseen = [one for one in read_contrasts(UNSEEN).negatives if one.kind in ("denied", "other")]
    cosines = describe(tower, ENCODER.encode([one.text for one in unseen])) @ whole(tower, centres)[1:].T
    below = cosines.max(axis=1) < 0.6
    for language in ("ko", "en"):
        of = np.array([one.language == language for one in unseen])
        assert below[of].mean() > 0.9
    affirmed = [
        (text, fault)
        for table in read_contrasts(UNSEEN).affirmed.values()
        for fault, texts in table.items()
        for text in texts
    ]
    cosines = describe(tower, ENCODER.encode([text for text, _ in affirmed])) @ whole(tower, centres).T
    right = cosines.argmax(axis=1) == [FAULTS.index(fault) for _, fault in affirmed]
    assert (right & (cosines.max(axis=1) > 0.6)).mean() > 0.9


@pytest.mark.long
def test_the_tower_that_ships_tells_faults_from_none_as_a_stranger_writes_of_them() -> None:
    bundle = load_bundle(DEFAULT)
    reader = reader_of(bundle, None, folder=DEFAULT)
    written = [one for one in read_written(WRITTEN_UNSEEN) if one.fault != HEALTHY]
    cosines = reader.cosines([one.text for one in written], bundle)
    faults = np.array(bundle.descriptions.faults)
    about = np.array([one.fault != NONE for one in written])
    nearest = faults[cosines[about].argmax(axis=1)] == [one.fault for one in written if one.fault != NONE]
    best = cosines[:, faults != HEALTHY].max(axis=1)
    above = (best[about][:, None] > best[~about][None]).mean()
    assert above > 0.9
    assert nearest.mean() > 0.9


def test_without_negatives_a_denial_is_its_fault() -> None:
    """What the sentences about no fault are for: the same tower without them hears no "no"."""
    sentences = sentences_of(read_wordings(FOLDER / "training.toml"), FAULTS)
    vectors = ENCODER.encode(sentences.texts)
    torch.manual_seed(0)
    tower = Tower(vectors.shape[1], CONFIG.dim)
    separate_texts(
        tower, CONFIG, EncodedSentences(sentences, vectors), sentence_draws(sentences, CONFIG), np.random.default_rng(0)
    )
    tower.settle(vectors, sentences)
    centres = describe_faults(tower, vectors, sentences, FAULTS)
    denied = [one.text for one in read_contrasts(UNSEEN).negatives if one.kind == "denied"]
    cosines = describe(tower, ENCODER.encode(denied)) @ whole(tower, centres)[1:].T
    assert (cosines.max(axis=1) < 0.6).mean() < 0.7


def test_a_settled_tower_frees_descriptions_of_what_they_share_and_of_nothing(
    tower: Tower, learnt: EncodedSentences
) -> None:
    sentences, vectors = learnt.sentences, learnt.vectors
    raw = copy.deepcopy(tower)
    raw.common.zero_()
    raw.nothing.zero_()
    before, after = (describe_faults(one, vectors, sentences, FAULTS) for one in (raw, tower))
    np.testing.assert_allclose(np.linalg.norm(after, axis=1), 1, rtol=1e-5)
    assert np.linalg.norm(after.mean(axis=0)) < 0.2 * np.linalg.norm(before.mean(axis=0))
    assert np.abs(after @ tower.nothing.numpy()).max() < 1e-5 < np.abs(before @ tower.nothing.numpy()).max()


def test_what_was_freed_can_be_made_whole(tower: Tower, learnt: EncodedSentences) -> None:
    sentences, vectors = learnt.sentences, learnt.vectors
    averaged = average_wordings(describe(tower, vectors), sentences, FAULTS)
    nothing = tower.nothing.numpy()
    averaged -= np.outer(averaged @ nothing, nothing)  # which they do not get back
    averaged /= np.linalg.norm(averaged, axis=1, keepdims=True)
    freed = describe_faults(tower, vectors, sentences, FAULTS)
    assert (whole(tower, freed) * averaged).sum(axis=1).min() > 0.97
    assert (freed * averaged).sum(axis=1).max() < 0.97
    raw = copy.deepcopy(tower)
    raw.common.zero_()
    np.testing.assert_allclose(whole(raw, freed), freed, atol=1e-6)


def test_never_seen_wordings_stand_for_the_same_as_those_of_training(tower: Tower, centres: np.ndarray) -> None:
    """ "No action needed" sounds as if nothing were said; freed of that, it says healthy as the others do."""
    raw = copy.deepcopy(tower)
    raw.nothing.zero_()
    unseen = read_wordings(FOLDER / "unseen.toml")
    for language in ("ko", "en"):
        told = sentences_of({language: unseen[language]}, FAULTS)
        vectors = ENCODER.encode(told.texts)
        freed, not_freed = ((describe_faults(one, vectors, told, FAULTS) * centres).sum(axis=1) for one in (tower, raw))
        assert freed.min() > 0.85
        assert freed.mean() > not_freed.mean()


def test_inputs_that_no_training_sentence_has_weigh_nothing(tower: Tower, learnt: EncodedSentences) -> None:
    vectors = ENCODER.encode(["외륜 결함"])
    spare = np.flatnonzero(~learnt.vectors.any(axis=0))
    assert len(spare)
    strange = vectors.copy()
    strange[:, spare] = 1
    assert np.array_equal(describe(tower, vectors), describe(tower, strange))


def test_the_limit_lets_few_sentences_about_no_fault_through(learnt: EncodedSentences) -> None:
    sentences, vectors = learnt.sentences, learnt.vectors
    short = TrainConfig(dim=16, text_steps=40, text="ngrams+glossary")
    left_out = read_left_out(sentences, vectors, short)
    limit = fit_limit(sentences, vectors, short)
    assert len(left_out.own) + len(left_out.none) == len(sentences.texts)
    assert (left_out.none >= limit).mean() <= ADMITTED + 0.01
    assert (left_out.own >= limit).mean() > 0.5
    about_faults = sentences_of(read_wordings(FOLDER / "training.toml"), FAULTS)
    assert np.isnan(fit_limit(about_faults, ENCODER.encode(about_faults.texts), short))


def test_a_step_draws_every_fault_that_has_sentences() -> None:
    sentences = training_sentences(("healthy", "cage"))
    rows, targets = sentence_draws(sentences, CONFIG)(np.random.default_rng(0))
    drawn = [sentences.faults[row] for row in rows]
    numbered = [(*FAULTS, NONE)[number] for number in targets.tolist()]
    assert drawn == numbered
    assert {name: drawn.count(name) for name in drawn} == {"healthy": 4, "cage": 4, NONE: CONFIG.no_fault_sentences}
    without = TrainConfig(no_fault_sentences=0)
    assert NONE not in [
        sentences.faults[row] for row in sentence_draws(sentences, without)(np.random.default_rng(0))[0]
    ]


def test_a_tower_keeps_its_limit_and_what_it_was_settled_with(tower: Tower) -> None:
    tower.near.fill_(0.5)
    again = load_tower(tower_bytes(tower, ENCODER.name), ENCODER)
    assert Reader(ENCODER, again).near == 0.5
    for name in ("common", "nothing"):
        torch.testing.assert_close(again.get_buffer(name), tower.get_buffer(name), atol=1e-3, rtol=0)
    tower.near.fill_(torch.nan)
    assert Reader(ENCODER, tower).near == NEAR


def test_a_tower_that_was_stored_unsettled_frees_nothing(tower: Tower) -> None:
    with np.load(io.BytesIO(tower_bytes(tower, ENCODER.name))) as stored:
        arrays = {name: stored[name] for name in stored.files if name not in ("common", "nothing")}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    older = load_tower(buffer.getvalue(), ENCODER)
    assert not older.common.any()
    assert not older.nothing.any()


def test_the_report_counts_what_the_reader_says(tower: Tower, tmp_path: Path) -> None:
    shipped = load_bundle("default")
    torch.manual_seed(1)
    reader = Reader(ENCODER, Tower(ENCODER.dim, shipped.descriptions.vectors.shape[1]).eval())
    read = read_never_seen(shipped, reader)
    assert [part.kind for part in read] == ["wording", "affirmed", *KINDS]
    texts = judge_texts(shipped, reader, read)
    assert texts.limit == NEAR
    for refused in texts.refused:
        part = next(part for part in read if part.kind == refused.kind)
        worst = part.similarity[part.languages == refused.language][:, 1:].max(axis=1)
        assert refused.near_none == pytest.approx((worst < NEAR).mean())
        assert refused.sentences == len(worst)
    assert {one.kind for one in texts.said_found} == {"insisted", "jargon", "misspelt"}
    assert len(texts.said_refused) == 2 * len({one.kind for one in texts.said_refused}) >= 40
    assert {one.kind for one in texts.written_found} == {"described", "insisted"}
    assert {one.kind for one in texts.written_refused} == set(KINDS)
    assert sum(one.sentences for one in (*texts.written_found, *texts.written_refused)) == len(
        read_written(WRITTEN_UNSEEN)
    )
    reader.tower.near.fill_(-1.0)
    assert all(refused.near_none == 0 for refused in judge_texts(shipped, reader, read).refused)
    assert judge_texts(shipped, reader, read).wrong[0].similarity >= texts.wrong[-1].similarity
    draw_texts(tmp_path / "texts.png", shipped, reader, read)
    assert (tmp_path / "texts.png").read_bytes().startswith(b"\x89PNG")
    msgspec.json.encode(texts)


def test_the_command_ends_with_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shipped = load_bundle("default")
    encoder = NgramEncoder()
    content = tower_bytes(Tower(encoder.dim, shipped.descriptions.vectors.shape[1], hidden=16), encoder.name)
    (tmp_path / "tower.npz").write_bytes(content)
    shutil.copytree(DEFAULT, tmp_path / "bundle")
    manifest = msgspec.structs.replace(shipped.manifest, tower_sha256=sha256(content))
    (tmp_path / "bundle" / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    arguments = ["texts", "--bundle", str(tmp_path / "bundle"), "--tower", str(tmp_path / "tower.npz")]
    assert main([*arguments, "--json", "--out", str(tmp_path)]) == 0
    document = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {one["kind"] for one in document["refused"]} == set(KINDS)
    assert {one["language"] for one in document["found"]} == {"ko", "en"}
    assert (tmp_path / "texts.png").is_file()
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert "near no fault" in out
    assert "false_alarm ko" in out


def test_the_cost_of_a_swap_is_averaged_over_seeds_then_columns() -> None:
    cells = [
        SwapCell("007", 0, usual=0.9, swapped={"ko": 0.8, "en": 0.9}, seconds=1),
        SwapCell("007", 1, usual=0.7, swapped={"ko": 0.7, "en": 0.7}, seconds=1),
        SwapCell("C>H", 0, usual=0.5, swapped={"ko": 0.6, "en": 0.5}, seconds=1),
        SwapCell("014", 0, usual=0.5, swapped={"ko": 0.0, "en": 0.0}, seconds=1),
    ]
    summary = summary_of(cells)
    assert summary.cost["ko"] == pytest.approx((0.05 - 0.1) / 2)
    assert summary.worst["ko"] == pytest.approx(0.05)
    assert summary.cost["en"] == 0
