"""Distillation: losses against slow loops, a student that comes near its network, a run like a trained one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from small_windows import SPEC, small_table

from agent.bundle.load import load_bundle, self_test
from agent.bundle.runtimes import RUNTIMES
from agent.dsp.encoder_inputs import LIMIT
from agent.errors import ConfigError
from agent.faults import FAULTS_OF_DEGREE
from agent.ports import load
from agent.types import FAULTS
from export.cli import main
from export.data.table import Table
from export.network.graph import embed
from export.network.model import Student, fold
from export.runs import distil_run
from export.runs.folder import load_run, read_descriptions
from export.scoring.agreement import agreement_of
from export.scoring.score import encoder_inputs
from export.shrinking.distil import DistilConfig, Network, distil
from export.shrinking.transfer_inputs import draw
from export.text.tower import heard_of
from export.training.batches import windows_of
from export.training.imitation import embedding_distance, relation_distance
from export.training.masking import Masking
from export.training.recipe import TrainConfig
from export.training.train import fit_scaling

RECIPE = TrainConfig(
    steps=40, batch=32, text_steps=5, text="ngrams", hidden=(48,), dim=16, teacher=None, checkpoint_every=1000
)
CONFIG = DistilConfig(hidden=(24,), steps=30, batch=32, checkpoint_every=20)

# ------------------------------------------------------------------------------------------------------ the losses


def slow_relation_distance(said: np.ndarray, wanted: np.ndarray) -> float:
    """Park et al. 2019, equations 4 to 6, pair by pair."""
    pairs = [(i, j) for i in range(len(said)) for j in range(i + 1, len(said))]
    mine, theirs = (
        np.array([np.sqrt(((vectors[i] - vectors[j]) ** 2).sum()) for i, j in pairs]) for vectors in (said, wanted)
    )
    total = 0.0
    for x, y in zip(mine / mine.mean(), theirs / theirs.mean(), strict=True):
        total += 0.5 * (x - y) ** 2 if abs(x - y) <= 1 else abs(x - y) - 0.5
    return total / len(pairs)


@given(seed=st.integers(0, 1000), count=st.integers(2, 7))
def test_relations_are_compared_as_the_paper_says(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    said, wanted = (rng.normal(size=(count, 5)) for _ in "ab")
    found = float(relation_distance(torch.from_numpy(said), torch.from_numpy(wanted)))
    assert found == pytest.approx(slow_relation_distance(said, wanted), rel=1e-6, abs=1e-9)


def test_relations_do_not_see_a_rotation_or_a_scale() -> None:
    rng = np.random.default_rng(0)
    wanted = rng.normal(size=(9, 4))
    turned = 3 * wanted @ np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert float(relation_distance(torch.from_numpy(turned), torch.from_numpy(wanted))) < 1e-12
    point = torch.zeros(3, 4, requires_grad=True)
    loss = relation_distance(point, torch.ones(3, 4))
    torch.autograd.backward(loss)
    assert torch.isfinite(loss)
    assert point.grad is not None
    assert torch.isfinite(point.grad).all()


def test_embeddings_are_compared_in_direction_and_length() -> None:
    wanted = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert float(embedding_distance(wanted, wanted)) == 0
    raw = torch.tensor([[2.0, 0.0], [1.0, 1.0]])
    lengths, cosines = np.array([2, np.sqrt(2)]), np.array([1, np.sqrt(0.5)])
    expected = ((lengths - 1) ** 2 + 2 * lengths * (1 - cosines)).mean()
    assert float(embedding_distance(raw, wanted)) == pytest.approx(expected)


# --------------------------------------------------------------------------------------------------- what is shown


@pytest.fixture(scope="module")
def table() -> Table:
    return small_table(12, groups=3)


@pytest.fixture(scope="module")
def network(table: Table) -> Network:
    """A net whose answers are arbitrary, and follow the inputs."""
    torch.manual_seed(3)
    scaling = fit_scaling(table, SPEC, ("level",))
    return Network(fold(Student(scaling.size, hidden=(48,), dim=16).eval()), scaling, np.eye(16, dtype=np.float32)[:8])


def test_what_is_shown_is_what_a_sensor_could_see(table: Table, network: Network) -> None:
    rng = np.random.default_rng(0)
    recipe = msgspec.structs.replace(RECIPE, noise=3.0, masking=Masking(reference=1.0))
    windows = windows_of(table, scaling=network.scaling, spec=SPEC, recipe=recipe, rng=rng)
    drawn = draw(windows, 200, 100, rng)
    assert drawn.inputs.shape == (300, network.scaling.size)
    assert np.isfinite(drawn.inputs).all()
    assert np.abs(drawn.inputs).max() <= LIMIT
    # Without its reference no fault of degree could be told: such a label keeps it, all others lose it here.
    relative = np.isin(np.array(FAULTS)[drawn.targets], FAULTS_OF_DEGREE)
    assert 0 < relative.sum() < 200
    assert ((drawn.inputs[:200, -1] > 0) == relative).all()
    assert not drawn.inputs[200:, -1].any()
    again = draw(windows, 200, 100, np.random.default_rng(7))
    np.testing.assert_array_equal(again.inputs, draw(windows, 200, 100, np.random.default_rng(7)).inputs)
    assert not np.array_equal(again.inputs, drawn.inputs)


# --------------------------------------------------------------------------------------------------------- the loop


def like(student: Student, network: Network, table: Table) -> float:
    inputs = encoder_inputs(table, network.scaling)
    return agreement_of(embed(fold(student), inputs), embed(network.graph, inputs), network.centres).cosine_mean


def weights_of(student: Student) -> list[torch.Tensor]:
    return list(student.state_dict().values())


def same(one: Student, other: Student) -> bool:
    return all(torch.equal(a, b) for a, b in zip(weights_of(one), weights_of(other), strict=True))


def test_a_smaller_student_comes_near_its_network(table: Table, network: Network) -> None:
    short = msgspec.structs.replace(CONFIG, steps=1)
    first, _ = distil(table, network, short, recipe=RECIPE, spec=SPEC)
    longer = msgspec.structs.replace(CONFIG, steps=150)
    student, losses = distil(table, network, longer, recipe=RECIPE, spec=SPEC)
    assert like(first, network, table) < 0.3
    assert like(student, network, table) > 0.8
    assert np.mean(losses[-10:]) < 0.5 * np.mean(losses[:10])
    assert not student.training
    lengths = np.linalg.norm(student.raw(torch.from_numpy(encoder_inputs(table, network.scaling))).detach(), axis=1)
    assert 0.6 < lengths.mean() < 1.2


def test_labels_count_only_where_they_are_given_a_weight(table: Table, network: Network) -> None:
    labels = torch.tensor([FAULTS.index(label) for label in table.labels])

    def near_own(weight: float) -> float:
        config = msgspec.structs.replace(CONFIG, label_weight=weight, steps=80)
        student, _ = distil(table, network, config, recipe=RECIPE, spec=SPEC)
        said = embed(fold(student), encoder_inputs(table, network.scaling)) @ network.centres.T
        return float(said[np.arange(len(said)), labels].mean())

    assert near_own(3.0) > near_own(0.0) + 0.1


def test_relations_count_by_their_weight(table: Table, network: Network) -> None:
    one, other = (
        distil(table, network, msgspec.structs.replace(CONFIG, relation_weight=w), recipe=RECIPE, spec=SPEC)[0]
        for w in (0.0, 1.0)
    )
    assert not same(one, other)


def test_a_resumed_distillation_ends_where_an_uninterrupted_one_does(
    table: Table, network: Network, tmp_path: Path
) -> None:
    whole, losses = distil(table, network, CONFIG, recipe=RECIPE, spec=SPEC)
    distil(table, network, CONFIG, recipe=RECIPE, spec=SPEC, folder=tmp_path)  # leaves its checkpoint of step 20 behind
    assert len(torch.load(tmp_path / "checkpoint.pt", weights_only=True)["losses"]) == 20
    resumed, again = distil(table, network, CONFIG, recipe=RECIPE, spec=SPEC, folder=tmp_path)
    assert same(whole, resumed)
    assert losses == again


def test_a_checkpoint_of_another_network_or_recipe_is_not_continued(
    table: Table, network: Network, tmp_path: Path
) -> None:
    distil(table, network, CONFIG, recipe=RECIPE, spec=SPEC, folder=tmp_path)
    last = network.graph.nodes[-1]
    turned = replace(network.graph, nodes=(*network.graph.nodes[:-1], replace(last, bias=last.bias + 1)))
    other = replace(network, graph=turned)
    fresh, _ = distil(table, other, CONFIG, recipe=RECIPE, spec=SPEC)
    continued, _ = distil(table, other, CONFIG, recipe=RECIPE, spec=SPEC, folder=tmp_path)
    assert same(fresh, continued)
    bare = msgspec.structs.replace(RECIPE, noise=0.0)
    fresh, _ = distil(table, network, CONFIG, recipe=bare, spec=SPEC)
    distil(table, network, CONFIG, recipe=RECIPE, spec=SPEC, folder=tmp_path)
    continued, _ = distil(table, network, CONFIG, recipe=bare, spec=SPEC, folder=tmp_path)
    assert same(fresh, continued)


# ----------------------------------------------------------------------------------------- from a run to a bundle


@pytest.fixture(scope="module")
def distilled(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student of that run."""
    folder = tmp_path_factory.mktemp("student") / "run"
    arguments = ["distil", "--teacher", str(trained_run), "--out", str(folder), "--hidden", "20,12", "--steps", "60"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distil_run, "FOLDS", 3)
        assert main([*arguments, "--seed", "5", "--labels", "0.5"]) == 0
    return folder


def test_a_distilled_run_leaves_what_a_trained_one_does(trained_run: Path, distilled: Path) -> None:
    network, student = load_run(trained_run), load_run(distilled)
    assert [len(node.bias) for node in student.graph.nodes] == [20, 12, 16]
    assert student.config.distilled == (DistilConfig(hidden=(20, 12), steps=60, seed=5, label_weight=0.5),)
    assert student.config.train == network.config.train
    towers = [read_descriptions(run).tower.state_dict() for run in (network, student)]
    for one, other in zip(*(tower.values() for tower in towers), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)
    assert not np.array_equal(heard_of(network.tower), heard_of(student.tower))  # of its encoder
    assert student.deviation == network.deviation
    assert student.calibration != network.calibration
    np.testing.assert_array_equal(student.scaling.gain, network.scaling.gain)
    assert (distilled / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert not (distilled / "folds").exists()  # a finished run resumes nothing


def test_its_metrics_say_what_it_costs(distilled: Path) -> None:
    metrics = json.loads((distilled / "metrics.json").read_text())
    assert {"windows", "final_loss", "held_out_groups", "training_windows", "embedding", "text"} <= metrics.keys()
    assert {"effective_rank", "alignment", "uniformity"} <= metrics["embedding"].keys()
    beside = metrics["network"]
    assert beside["multiplications"]["student"] < beside["multiplications"]["network"]
    for alike in (beside["training_windows"]["with_baseline"], beside["held_out_groups"]):
        assert alike["windows"] == (~load_run(distilled).table.baseline).sum()
        assert -1 <= alike["cosine_min"] <= alike["cosine_mean"] <= 1
        assert 0 <= alike["top1_agreement"] <= 1
    assert beside["training_windows"]["with_baseline"]["cosine_mean"] > beside["held_out_groups"]["cosine_mean"]


def test_it_is_quantized_aware_and_packed_as_any_other(
    distilled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quantize", str(distilled), "--aware", "20"]) == 0
    said = capsys.readouterr().out
    assert "post-training" in said
    assert "training as integers" in said
    quantized = json.loads((distilled / "quantized.json").read_text())
    assert quantized["aware"]["steps"] == 20
    assert quantized["float_likeness"] != quantized["post_training"]
    out = tmp_path / "bundle"
    given = ["pack", str(distilled), "--out", str(out), "--name", "small", "--towers", str(tmp_path)]
    assert main(given) == 0
    assert "distilled in 60 steps, seed 5" in (out / "model_card.md").read_text()
    bundle = load_bundle(out)
    for kind in RUNTIMES:
        self_test(bundle, load(RUNTIMES, kind)(bundle.model(kind)))
    assert main(["verify", "--bundle", str(out), "--run", str(distilled)]) == 0


@pytest.mark.long
def test_a_student_may_have_a_student(distilled: Path, tmp_path: Path) -> None:
    folder = tmp_path / "grandchild"
    assert main(["distil", "--teacher", str(distilled), "--out", str(folder), "--hidden", "8", "--steps", "4"]) == 0
    assert [config.hidden for config in load_run(folder).config.distilled] == [(20, 12), (8,)]


def test_what_cannot_be_distilled_is_refused(
    trained_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["distil", "--teacher", str(trained_run), "--out", str(trained_run)]) == ConfigError.exit_code
    assert "name another one" in capsys.readouterr().err
    assert main(["distil", "--teacher", str(tmp_path), "--out", str(tmp_path / "x")]) == 65
    assert "python -m export train" in capsys.readouterr().err
    for wrong in ("0", "8,,8", "much"):
        with pytest.raises(SystemExit):
            main(["distil", "--teacher", str(trained_run), "--out", str(tmp_path / "x"), "--hidden", wrong])
    assert "--hidden" in capsys.readouterr().err


def test_a_recipe_file_is_read_and_options_go_over_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "large.toml"
    recipe.write_text('hidden = [256, 128]\nobjective = "guess"\n')
    train_it = ["train", "--config", str(recipe), "--out", str(tmp_path / "x")]
    assert main(train_it) == ConfigError.exit_code
    assert "'guess' is none of" in capsys.readouterr().err
    assert main([*train_it, "--objective", "triplet"]) == 65
    assert "no recordings" in capsys.readouterr().err
    recipe.write_text("hiden = [256]\n")
    assert main(train_it) == ConfigError.exit_code
    assert "hiden" in capsys.readouterr().err
