"""Training as integers: the pass that is trained is the runtimes' own arithmetic, and what was trained is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from drawn_inputs import costly
from hypothesis import given
from hypothesis import strategies as st
from small_graphs import SCALE, N, convolutions, mlp, parts, weights
from small_windows import SPEC, small_table

from agent.bundle.runtimes.litert import LiteRtEncoder
from agent.bundle.runtimes.onnx import OnnxEncoder
from export.commands.shrinking import verdict
from export.network.graph import Dense, Graph, Node, embed
from export.scoring.agreement import Agreement
from export.shrinking.aware import AwareConfig, integer_pass, layers_of, rounded, train_aware, with_layers
from export.shrinking.quantize import Quantized, activation_ranges, quantize
from export.shrinking.writers.onnx import onnx_bytes
from export.shrinking.writers.tflite import tflite_bytes
from export.training.batches import Windows, windows_of
from export.training.recipe import TrainConfig
from export.training.train import INPUT_SCALE, fit_scaling

RECIPE = TrainConfig(teacher=None)
CONFIG = AwareConfig(steps=60, batch=64, learning_rate=3e-3, checkpoint_every=40)


def simulated(net: Quantized, codes: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return integer_pass(net.graph, net.scales, layers_of(net.graph), torch.from_numpy(codes)).numpy()


def agreements(build: Callable[[np.random.Generator], tuple[Node, ...]], seed: int) -> list[float]:
    """The share of codes that the pass and each runtime give alike on one random graph; none differs by more than 1."""
    rng = np.random.default_rng(seed)
    graph = Graph(N, build(rng))
    inputs = np.clip(rng.normal(size=(200, N)), -6, 6).astype(np.float32)
    net = quantize(graph, activation_ranges(graph, inputs[:50]), input_scale=SCALE)
    codes = np.concatenate([SCALE.encode(inputs), np.full((1, N), 127, np.int8), np.full((1, N), -128, np.int8)])
    passed = simulated(net, codes)
    shares = []
    for encoder in (OnnxEncoder(onnx_bytes(net)), LiteRtEncoder(tflite_bytes(net))):
        answered = np.array([encoder.embed(row) for row in codes])
        assert np.abs(passed - answered).max() <= 1  # a tie may be rounded either way
        shares.append(float((passed == answered).mean()))
    return shares


@pytest.mark.parametrize("build", [mlp, convolutions, parts])
def test_the_pass_is_what_both_runtimes_compute(build: Callable[[np.random.Generator], tuple[Node, ...]]) -> None:
    assert np.mean([agreements(build, seed) for seed in range(12)]) > 0.9995


@pytest.mark.parametrize("build", [mlp, convolutions, parts])
@given(seed=st.integers(0, 10_000))
@costly
def test_ties_are_all_that_differs_on_any_graph(
    build: Callable[[np.random.Generator], tuple[Node, ...]], seed: int
) -> None:
    """A tie in one layer moves a hundredth of the codes after it."""
    assert min(agreements(build, seed)) > 0.98


def test_rounding_is_exact_and_lets_gradients_through() -> None:
    values = torch.tensor([-2.5, -0.2, 0.5, 0.6, 1.4, 1.5, 126.7], dtype=torch.float64, requires_grad=True)
    result = rounded(values)
    assert result.tolist() == np.rint(values.detach().numpy()).tolist()
    torch.autograd.backward(result.sum())
    assert values.grad is not None
    assert values.grad.tolist() == [1.0] * 7


def test_layers_put_back_are_the_graph() -> None:
    rng = np.random.default_rng(0)
    graph = Graph(N, convolutions(rng))
    again = with_layers(graph, layers_of(graph))
    inputs = rng.normal(size=(5, N)).astype(np.float32)
    np.testing.assert_array_equal(embed(again, inputs), embed(graph, inputs))


@pytest.mark.parametrize(
    ("aware", "said"), [(0.97, "worse"), (0.989, "is enough"), (0.991, "is enough"), (1.0, "more often")]
)
def test_the_verdict_is_on_answers_and_knows_chance(aware: float, said: str) -> None:
    assert said in verdict(Agreement(2000, 0.99, 0.9, 0.99), Agreement(2000, 0.999, 0.99, aware))
    same = Agreement(2000, 0.99, 0.9, 1.0)
    assert "is enough" in verdict(same, same)


# ------------------------------------------------------------------------------------------------------- the training


@pytest.fixture(scope="module")
def windows() -> Windows:
    table = small_table()
    scaling = fit_scaling(table, SPEC, ("level",))
    return windows_of(table, scaling=scaling, spec=SPEC, recipe=RECIPE, rng=np.random.default_rng(0))


Coarse = tuple[Graph, dict[str, tuple[float, float]], np.ndarray]


@pytest.fixture(scope="module")
def coarse(windows: Windows) -> Coarse:
    """A graph that int8 does badly: one weight of every channel, on an input that is always 0, dwarfs the others."""
    rng = np.random.default_rng(1)
    first = weights(rng, 24, windows.scaling.size)
    first[:, windows.scaling.gain.tolist().index(0)] = 60 * np.abs(first).max()
    nodes = (
        Dense("hidden", "codes", first, np.zeros(24, np.float32), relu=True),
        Dense("embedding", "hidden", weights(rng, 8, 24), np.zeros(8, np.float32)),
    )
    graph = Graph(windows.scaling.size, nodes)
    inputs = windows.scaling.inputs(windows.table.values, windows.table.known, None)
    return graph, activation_ranges(graph, inputs), inputs


def float_cosine(net: Quantized, graph: Graph, inputs: np.ndarray) -> float:
    encoder = OnnxEncoder(onnx_bytes(net))
    said = net.output.decode(np.array([encoder.embed(codes) for codes in INPUT_SCALE.encode(inputs)]))
    said /= np.linalg.norm(said, axis=1, keepdims=True)
    return float(np.einsum("ij,ij->i", said, embed(graph, inputs)).mean())


def test_training_as_integers_brings_int8_nearer_to_float(coarse: Coarse, windows: Windows) -> None:
    graph, ranges, inputs = coarse
    plain = quantize(graph, ranges, input_scale=INPUT_SCALE)
    aware = train_aware(graph, ranges, windows, CONFIG, input_scale=INPUT_SCALE)
    before, after = float_cosine(plain, graph, inputs), float_cosine(aware, graph, inputs)
    assert before < 0.98
    assert 1 - after < 0.7 * (1 - before)
    assert aware.scales == plain.scales  # the ranges that were trained within are those that are written


def test_what_was_trained_is_what_is_written(coarse: Coarse, windows: Windows) -> None:
    graph, ranges, inputs = coarse
    net = train_aware(graph, ranges, windows, CONFIG, input_scale=INPUT_SCALE)
    codes = INPUT_SCALE.encode(inputs)
    encoder = OnnxEncoder(onnx_bytes(net))
    assert np.abs(simulated(net, codes) - [encoder.embed(row) for row in codes]).max() <= 1


def test_a_resumed_training_ends_where_an_uninterrupted_one_does(
    coarse: Coarse, windows: Windows, tmp_path: Path
) -> None:
    graph, ranges, _ = coarse
    whole = train_aware(graph, ranges, windows, CONFIG, input_scale=INPUT_SCALE)
    train_aware(graph, ranges, windows, CONFIG, input_scale=INPUT_SCALE, folder=tmp_path)  # leaves that of step 40
    left = torch.load(tmp_path / "aware.pt", weights_only=True)
    assert len(left["losses"]) == 40
    resumed = train_aware(graph, ranges, windows, CONFIG, input_scale=INPUT_SCALE, folder=tmp_path)
    assert onnx_bytes(resumed) == onnx_bytes(whole)
    left["parts"]["layers"]["hidden.weight"] *= 0.5  # a resumed training does start from the checkpoint
    torch.save(left, tmp_path / "aware.pt")
    other = train_aware(graph, ranges, windows, CONFIG, input_scale=INPUT_SCALE, folder=tmp_path)
    assert onnx_bytes(other) != onnx_bytes(whole)


def test_another_configuration_starts_anew(coarse: Coarse, windows: Windows, tmp_path: Path) -> None:
    graph, ranges, _ = coarse
    train_aware(graph, ranges, windows, CONFIG, input_scale=INPUT_SCALE, folder=tmp_path)
    other = msgspec.structs.replace(CONFIG, seed=1)
    fresh = train_aware(graph, ranges, windows, other, input_scale=INPUT_SCALE)
    assert onnx_bytes(train_aware(graph, ranges, windows, other, input_scale=INPUT_SCALE, folder=tmp_path)) == (
        onnx_bytes(fresh)
    )
