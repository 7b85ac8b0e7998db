"""From recordings to a bundle in small: train, quantize, verify, pack, and what each of them refuses."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

from agent.bundle.load import load_bundle, self_test
from agent.bundle.runtimes import RUNTIMES
from agent.dsp.encoder_inputs import LIMIT, InputScaling
from agent.dsp.features import feature_names
from agent.dsp.spectra import FeatureSpec
from agent.errors import BundleError
from agent.ports import load
from agent.types import FAULTS
from export.bundling import card
from export.bundling.pack import pack, verification_case
from export.bundling.verify import MIN_COSINE_APART, apart, verify
from export.calibration.line_limits import Objecting, Standing, fit_objecting, objected
from export.calibration.reliability import reliability_of
from export.calibration.temperature import REJECTED, HeldOut, fit_calibration, softmax
from export.cli import main
from export.data.sampling import sampling_weights
from export.data.table import Table, join
from export.data.windows import labelled
from export.network.graph import Dense, Graph
from export.runs.folder import SENTENCES, Run, RunError, load_run, read_descriptions, write_json
from export.runs.order import FOLDERS, OWN
from export.scoring.statistics import weighted_quantile
from export.text.encoders import FOLDER, EncodedSentences, NgramEncoder, read_wordings, sentences_of
from export.text.tower import sha256
from export.training.masking import Masking, hide, mask_groups
from export.training.recipe import TrainConfig
from export.training.teacher_recipe import TeacherConfig
from export.training.train import fit_scaling, train

SPEC = FeatureSpec()


@pytest.fixture(scope="module")
def run(trained_run: Path) -> Run:
    return load_run(trained_run)


def test_a_run_leaves_what_is_needed_to_judge_it(run: Run) -> None:
    left = {path.name for path in run.folder.iterdir()}
    assert {"config.json", "metrics.json", "curves.png", "encoder.onnx", "encoder.tflite"} <= left
    assert left <= {*OWN, *FOLDERS}  # so that --replace leaves nothing of it behind
    assert (run.folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    metrics = json.loads((run.folder / "metrics.json").read_text())
    assert metrics["windows"]["real"] == 4 * 13
    assert metrics["training_windows"]["with_baseline"]["motor"] == 1
    assert 1 < metrics["embedding"]["effective_rank"] <= run.config.train.dim
    assert 0 <= metrics["embedding"]["alignment"] <= 4
    assert metrics["embedding"]["uniformity"] < 0
    assert set(run.deviation.limits) <= {name.split("/")[0] for name in feature_names(SPEC)}


def test_a_run_outlives_the_sentences_that_it_was_trained_with(run: Run, tmp_path: Path) -> None:
    later = shutil.copytree(run.folder, tmp_path / "run")
    config = msgspec.structs.replace(run.config, wordings_sha256="0" * 64)  # what no file holds any longer
    write_json(later / "config.json", config)
    np.testing.assert_array_equal(read_descriptions(load_run(later)).centres, read_descriptions(run).centres)
    (later / SENTENCES).unlink()  # as runs of before, which kept none
    with pytest.raises(RunError, match="changed since the run"):
        read_descriptions(load_run(later))


def test_packed_it_is_a_bundle_that_both_runtimes_pass(run: Run, tmp_path: Path) -> None:
    out, towers, folder = tmp_path / "bundle", tmp_path / "towers", tmp_path / "run"
    shutil.copytree(run.folder, folder)
    given = ["pack", str(folder), "--out", str(out), "--name", "tiny", "--towers", str(towers)]
    assert main(given) == 0
    bundle = load_bundle(out)
    for kind in RUNTIMES:
        self_test(bundle, load(RUNTIMES, kind)(bundle.model(kind)))
    assert set(bundle.manifest.validated) == {"healthy", "inner_race", "ball"}
    assert bundle.manifest.tower_sha256 == sha256((towers / "tiny.npz").read_bytes())
    with np.load(towers / "tiny.npz") as stored:
        assert stored["common"].any()
        assert np.abs(bundle.descriptions.vectors @ stored["nothing"]).max() < 0.01
    said = (out / "model_card.md").read_text()
    assert "outer_race, cage, looseness, imbalance, misalignment" in said
    assert main(["verify", "--run", str(folder), "--json"]) == 0, "the bundle that it was packed to is its own"


def test_a_card_says_what_was_never_heard_and_what_is_guessed(run: Run) -> None:
    table = run.table.take(run.table.labels != "cage")
    limits = card._limits(replace(run, table=table))
    assert "simulation alone: outer_race, looseness, imbalance, misalignment. Never heard" in limits
    assert "known by their words alone: cage." in limits
    assert "Never heard" not in card._limits(run)
    guessed = run.metrics
    held_out = card._held_out(run)
    assert "| motor | " in held_out
    assert ("**Doubtful:**" in held_out) == bool(guessed["doubts"])


def test_the_edge_computes_what_training_saw(run: Run, tmp_path: Path) -> None:
    pack(run, tmp_path / "b", name="tiny", version="1", tower=tmp_path / "t.npz")
    bundle = load_bundle(tmp_path / "b")
    row = int(np.flatnonzero(run.table.labels == "ball")[0])
    from agent.dsp.features import Features

    features = Features(run.table.values[row], run.table.known[row])
    trained = run.scaling.inputs(run.table.values[[row]], run.table.known[[row]], None)[0]
    assert np.array_equal(bundle.codes(features, None), bundle.manifest.inputs.encode(trained))


def test_verify_refuses_another_encoder(run: Run, tmp_path: Path) -> None:
    pack(run, tmp_path / "b", name="tiny", version="1", tower=tmp_path / "t.npz")
    bundle = load_bundle(tmp_path / "b")
    last = run.graph.nodes[-1]
    assert isinstance(last, Dense)
    turned = Dense(last.name, last.source, last.weight[::-1].copy(), last.bias[::-1].copy())
    report = verify(bundle, Graph(run.graph.inputs, (*run.graph.nodes[:-1], turned)), verification_case(run, 50))
    assert any("cosine" in problem for problem in report.problems)
    assert verify(bundle, run.graph, verification_case(run, 50)).problems == ()


def test_runtimes_may_round_some_codes_apart_and_none_far() -> None:
    codes = np.random.default_rng(0).integers(-60, 60, (20, 64)).astype(np.int8)
    rounded, wrong = codes.copy(), codes.copy()
    rounded[:, :5] += 2
    wrong[3, :5] += 20
    assert apart(codes, codes) == pytest.approx(1)
    assert apart(codes, rounded) >= MIN_COSINE_APART > apart(codes, wrong)


def test_a_bundle_that_fails_does_not_replace_the_old_one(run: Run, tmp_path: Path) -> None:
    folder, out = tmp_path / "run", tmp_path / "bundle"
    shutil.copytree(run.folder, folder)
    out.mkdir()
    (out / "old").write_text("old")
    swapped = (folder / "encoder.onnx").read_bytes()
    (folder / "encoder.tflite").write_bytes(swapped)
    with pytest.raises(BundleError):
        pack(load_run(folder), out, name="tiny", version="1", tower=tmp_path / "t.npz")
    assert (out / "old").read_text() == "old"


def test_commands_in_the_wrong_order_say_so(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quantize", str(tmp_path)]) == 65
    assert "python -m export train" in capsys.readouterr().err
    folder = tmp_path / "run"
    shutil.copytree(run.folder, folder)
    (folder / "quantized.json").unlink()
    assert main(["pack", str(folder), "--out", str(tmp_path / "b")]) == 65
    assert "python -m export quantize" in capsys.readouterr().err
    (folder / "config.json").write_text("{")
    with pytest.raises(RunError, match=r"config\.json"):
        load_run(folder)
    assert main(["train", "--out", str(tmp_path / "x")]) == 65
    assert main(["train", "--objective", "guess", "--out", str(tmp_path / "x")]) == 78
    assert "triplet, infonce" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------- parts of a training


def synthetic(per_label: int = 12) -> Table:
    """Windows whose label shows in one feature each."""
    rng = np.random.default_rng(0)
    d = len(feature_names(SPEC))
    tables = []
    for number, fault in enumerate(FAULTS):
        values = rng.normal(size=(per_label, d)).astype(np.float32)
        values[:, number] += 6
        tables.append(
            labelled(
                values,
                np.ones((per_label, d), np.bool_),
                label=fault,
                group=fault,
                machine="m",
                recording=fault,
                rpm=1000,
                baseline=False,
            )
        )
    return join(tables)


def trained(folder: Path | None, config: TrainConfig) -> list[torch.Tensor]:
    encoder = NgramEncoder(dim=64)
    sentences = sentences_of(read_wordings(FOLDER / "training.toml"), FAULTS)
    texts = EncodedSentences(sentences, encoder.encode(sentences.texts))
    result = train(synthetic(), config, spec=SPEC, texts=texts, folder=folder)
    return [*result.student.state_dict().values(), *result.tower.state_dict().values()]


TEACHER = TeacherConfig(trees=10, windows=200)
CONFIG = TrainConfig(steps=20, batch=16, text_steps=5, hidden=(8,), dim=4, checkpoint_every=15, teacher=TEACHER)


def alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Bit for bit; a limit that was never fitted is NaN in both."""
    return torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)


@pytest.fixture(scope="module")
def whole() -> list[torch.Tensor]:
    """What CONFIG ends with where nothing interrupts it."""
    return trained(None, CONFIG)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoint of step 15 that CONFIG leaves behind; nobody writes there."""
    folder = tmp_path_factory.mktemp("begun")
    trained(folder, CONFIG)
    return folder


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(
    whole: list[torch.Tensor], begun: Path, tmp_path: Path
) -> None:
    resumed = trained(shutil.copytree(begun, tmp_path / "run"), CONFIG)
    assert all(alike(a, b) for a, b in zip(whole, resumed, strict=True))


def test_a_checkpoint_of_another_recipe_is_not_continued(begun: Path, tmp_path: Path) -> None:
    other = msgspec.structs.replace(CONFIG, dropout=0.5)
    fresh = trained(None, other)
    continued = trained(shutil.copytree(begun, tmp_path / "run"), other)
    assert all(alike(a, b) for a, b in zip(fresh, continued, strict=True))


def test_another_seed_is_another_net(whole: list[torch.Tensor]) -> None:
    other = trained(None, msgspec.structs.replace(CONFIG, seed=1))
    assert not torch.equal(whole[0], other[0])


def test_scaling_standardises_what_is_known_and_hides_what_it_must() -> None:
    table = synthetic()
    table.known[:, 5] = False
    scaling = fit_scaling(table, SPEC, ("level",))
    inputs = scaling.inputs(table.values, table.known, None)
    n = len(scaling.mean)
    hidden = feature_names(SPEC).index("level")
    assert not inputs[:, [5, hidden]].any()
    others = np.setdiff1d(np.arange(len(FAULTS), n), hidden)  # Gaussian, so that saturation takes little off them
    np.testing.assert_allclose(inputs[:, others].std(axis=0), 1, atol=0.15)
    np.testing.assert_allclose(inputs[:, others].mean(axis=0), 0, atol=0.1)
    assert not inputs[:, n : 2 * n].any()
    assert not inputs[:, -1].any()


def test_inputs_tell_what_is_known() -> None:
    n = 4
    scaling = InputScaling(
        np.zeros(n, np.float32),
        np.ones(n, np.float32),
        np.full(n, 2, np.float32),
        np.array([[0.5, 0], [0.5, 0], [0, 0.5], [0, 0.5]], np.float32),
    )
    near = float(np.log(np.float32(0.05)))
    values = np.array([1, 0.5, -0.25, 9], np.float32)
    known = np.array([True, False, True, True])
    inputs = scaling.inputs(values, known, np.array([0.5, 0.5, np.nan, 9], np.float32))
    assert inputs.tolist() == pytest.approx([1, 0, -0.25, LIMIT, 1, 0, 0, 0, np.log(0.55), near, 0.5, 1, 1])
    assert len(inputs) == scaling.size


def test_masking_only_ever_hides_and_hides_groups_whole() -> None:
    rng = np.random.default_rng(0)
    groups = mask_groups(SPEC)
    d = len(feature_names(SPEC))
    known = rng.random((400, d)) < 0.9
    seen = hide(known, Masking(), groups, rng)
    assert not (seen & ~known).any()
    nothing = Masking(speed=0, geometry=0, axial=0, view=0, spectrum=0, feature=0, reference=0)
    assert np.array_equal(hide(known, nothing, groups, rng), known)
    blind = hide(known, msgspec.structs.replace(nothing, speed=1.0), groups, rng)
    assert not blind[:, groups["speed"]].any()
    assert np.array_equal(blind[:, ~groups["speed"]], known[:, ~groups["speed"]])
    ungeometric = hide(known, msgspec.structs.replace(nothing, geometry=1.0), groups, rng)
    left = [name for name, kept in zip(feature_names(SPEC), ungeometric.any(axis=0), strict=True) if kept]
    assert "comb/shaft/first" in left
    assert "comb/bpfo/first" not in left


def test_every_label_of_every_machine_weighs_the_same() -> None:
    real, simulated = synthetic(4), synthetic(7)
    simulated.machines[:] = "s"
    table = join([real, real, simulated])
    table = Table(**{**_columns(table), "machines": np.array(["rig-a"] * 64 + ["sim-1"] * (len(table) - 64))})
    weights = sampling_weights(table, np.arange(len(table)), 0.25)
    assert weights[:64].sum() == pytest.approx(0.25)
    assert weights[table.labels == "cage"][:8].sum() == pytest.approx(0.25 / 8)
    assert weights.sum() == pytest.approx(1)


def _columns(table: Table) -> dict[str, np.ndarray]:
    from dataclasses import fields

    return {field.name: getattr(table, field.name) for field in fields(Table)}


def test_calibration_finds_the_temperature_that_made_the_labels() -> None:
    rng = np.random.default_rng(2)
    similarity = rng.uniform(-1, 1, size=(6000, len(FAULTS)))
    shares = np.exp(similarity / 0.2)
    shares /= shares.sum(axis=1, keepdims=True)
    labels = np.array([FAULTS[rng.choice(len(FAULTS), p=row)] for row in shares])
    n = len(labels)
    table = labelled(
        np.zeros((n, 1), np.float32),
        np.ones((n, 1), np.bool_),
        label="x",
        group="g",
        machine="rig",
        recording="r",
        rpm=None,
        baseline=False,
    )
    table = Table(**{**_columns(table), "labels": labels})
    calibration = fit_calibration(HeldOut(similarity.astype(np.float32), np.arange(n)), table, real_share=1.0)
    assert calibration.temperature == pytest.approx(0.2, rel=0.1)
    rejected = similarity.max(axis=1) < calibration.unknown_similarity
    assert 0.01 < rejected.mean() < 0.05


def standing_as(labels: np.ndarray, *, blind: bool = False) -> Standing:
    """Lines of a bearing fault stand where it is, above a scatter that the others have too."""
    heights = np.random.default_rng(4).normal(0, 0.3, (len(labels), 3)).astype(np.float32)
    for place, fault in enumerate(("inner_race", "outer_race", "ball")):
        heights[labels == fault, place] += 3
    return Standing(np.full_like(heights, np.nan) if blind else heights, heights + np.float32(1.3))


def test_limits_of_lines_cost_what_likeness_leaves() -> None:
    rng = np.random.default_rng(3)
    labels = np.repeat(FAULTS, 250)
    n = len(labels)
    similarity = np.eye(8)[np.repeat(np.arange(8), 250)] + rng.normal(0, 0.2, (n, 8))
    bare = labelled(
        np.zeros((n, 1), np.float32),
        np.ones((n, 1), np.bool_),
        label="x",
        group="g",
        machine="rig",
        recording="r",
        rpm=None,
        baseline=False,
    )
    table = Table(**{**_columns(bare), "labels": labels})
    standing = standing_as(labels)
    held_out = HeldOut(similarity.astype(np.float32), np.arange(n), standing)
    found = fit_calibration(held_out, table, real_share=1.0)
    assert found == fit_calibration(held_out, table, real_share=1.0)
    assert found.lines is not None
    assert found.blind_lines is not None
    assert set(found.lines.absent) == {"inner_race", "outer_race"}
    said = np.array(FAULTS)[held_out.similarity.argmax(axis=1)]
    probability = softmax(held_out.similarity.astype(np.float64) / found.temperature).max(axis=1)
    lost = (held_out.similarity.max(axis=1) < found.unknown_similarity) | (probability < found.unknown_probability)
    limits = Objecting(found.lines, found.blind_lines)
    for one in (standing, standing_as(labels, blind=True)):
        cost = (lost | objected(said, one, limits)).mean()
        assert 0.04 < cost <= REJECTED
        inner, outer = (objected(np.full(n, name), one, limits) for name in ("inner_race", "outer_race"))
        assert inner[labels == "outer_race"].mean() > 0.99
        assert inner[labels == "ball"].mean() > 0.99
        assert outer[labels == "healthy"].mean() > 0.9


def test_windows_without_lines_or_too_few_of_them_fix_no_limit() -> None:
    labels = np.array(["inner_race"] * 19 + ["healthy"] * 21)
    weights, standing = np.ones(40), standing_as(labels, blind=True)
    found = fit_objecting(labels, standing, weights, rejected=0.05, already=np.zeros(40, np.bool_))
    assert found.lines is None
    assert found.blind_lines is not None
    assert found.blind_lines.named is None
    assert found.blind_lines.unnamed is not None
    assert not found.blind_lines.absent
    spent = fit_objecting(labels, standing, weights, rejected=0.05, already=np.arange(40) < 3)
    assert spent.blind_lines is not None
    assert spent.blind_lines.unnamed == pytest.approx(standing.alone[19:].max())  # nothing left to afford


def test_calibration_error_of_honest_and_of_boastful_probabilities() -> None:
    probability = np.repeat([0.55, 0.95], 1000)
    right = np.random.default_rng(0).random(2000) < probability
    assert reliability_of(probability, right, np.ones(2000)).error < 0.03
    assert reliability_of(np.full(2000, 0.99), right, np.ones(2000)).error == pytest.approx(0.24, abs=0.03)


def test_weighted_quantiles() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert weighted_quantile(values, np.ones(3), 0.0) == 1
    assert weighted_quantile(values, np.array([1.0, 8.0, 1.0]), 0.85) == 2
    assert weighted_quantile(values, np.ones(3), 1.0) == 3


def test_encoder_inputs_stay_within_their_codes(run: Run) -> None:
    codes = verification_case(run, 50).inputs
    assert np.abs(codes).max() <= LIMIT
