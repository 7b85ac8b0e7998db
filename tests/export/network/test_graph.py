"""The folded graph computes what torch computes, and says where its nodes do not fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from export.network.branches import Connection
from export.network.graph import (
    Columns,
    Conv,
    Dense,
    Graph,
    Join,
    Mean,
    Node,
    Select,
    embed,
    multiplications,
    run,
    shapes,
)
from export.network.model import Student, fold


def dense(name: str, source: str, outputs: int, inputs: int, *, relu: bool = False) -> Dense:
    rng = np.random.default_rng(len(name) + outputs)
    weight = rng.normal(size=(outputs, inputs)).astype(np.float32)
    return Dense(name, source, weight, rng.normal(size=outputs).astype(np.float32), relu)


@given(
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    before=st.integers(0, 3),
    after=st.integers(0, 3),
    relu=st.booleans(),
)
def test_convolution_is_torchs(kernel: int, stride: int, before: int, after: int, relu: bool) -> None:
    rng = np.random.default_rng(kernel * 100 + stride)
    weight, bias = rng.normal(size=(4, 3, kernel)).astype(np.float32), rng.normal(size=4).astype(np.float32)
    graph = Graph(30, (Columns("c", "codes", 3), Conv("k", "c", weight, bias, stride, (before, after), relu)))
    x = rng.normal(size=(2, 30)).astype(np.float32)
    columns = torch.from_numpy(x.reshape(2, 10, 3)).transpose(1, 2)
    expected = functional.conv1d(
        functional.pad(columns, (before, after)), torch.from_numpy(weight), torch.from_numpy(bias), stride
    )
    expected = functional.relu(expected) if relu else expected
    result = run(graph, x)["k"]
    assert result.shape[1:] == shapes(graph)["k"]
    np.testing.assert_allclose(result, expected.transpose(1, 2).numpy(), rtol=1e-4, atol=1e-5)
    assert multiplications(graph) == result.shape[1] * weight.size


def test_batch_normalisation_folds_away() -> None:
    torch.manual_seed(3)
    student = Student(20, hidden=(16, 8), dim=6)
    student.train()
    for _ in range(20):
        student(torch.randn(32, 20) * 3 + 1)
    student.eval()
    x = torch.randn(40, 20)
    with torch.no_grad():
        expected = student(x).numpy()
    np.testing.assert_allclose(embed(fold(student), x.numpy()), expected, atol=1e-5)
    assert fold(student).parameters == 20 * 16 + 16 + 16 * 8 + 8 + 8 * 6 + 6


def test_branches_fold_into_layers_of_their_own() -> None:
    torch.manual_seed(4)
    reads = ((3, 0, 17), tuple(range(20)), tuple(range(19)))  # some inputs, all of them, and all but one
    connections = [Connection(each, widths) for each, widths in zip(reads, ((9, 4), (8, 3), (7, 2)), strict=True)]
    student = Student(20, hidden=(6,), dim=5, connections=connections)
    student.train()
    for _ in range(20):
        student(torch.randn(32, 20) * 3 + 1)
    student.eval()
    graph, x = fold(student), torch.randn(40, 20)
    with torch.no_grad():
        np.testing.assert_allclose(embed(graph, x.numpy()), student(x).numpy(), atol=1e-5)
        np.testing.assert_allclose(run(graph, x.numpy())["branches"][:, 0], student.reading(x)[0].numpy(), atol=1e-5)
    assert [node.entries for node in graph.nodes if isinstance(node, Select)] == [(3, 0, 17)]
    layers = [(3, 9), (9, 4), (20, 8), (8, 3), (20, 7), (7, 2), (9, 6), (6, 5)]
    assert graph.parameters == sum((before + 1) * after for before, after in layers)


def test_select_and_join_move_entries() -> None:
    graph = Graph(3, (Select("s", "codes", (2, 0, 2)), Join("j", ("codes", "s"))))
    assert run(graph, np.array([[5, 6, 7]], np.float32))["j"].tolist() == [[[5, 6, 7, 7, 5, 7]]]
    assert shapes(graph)["j"] == (1, 6)
    assert multiplications(graph) == graph.parameters == 0


def test_mean_over_the_length() -> None:
    graph = Graph(6, (Columns("c", "codes", 2), Mean("m", "c")))
    assert run(graph, np.arange(6, dtype=np.float32)[np.newaxis])["m"].tolist() == [[[2.0, 3.0]]]


@pytest.mark.parametrize(
    "nodes",
    [
        (dense("a", "codes", 3, 5),),
        (dense("a", "codes", 3, 4), dense("a", "a", 2, 3)),
        (Columns("c", "codes", 3),),
        (Columns("c", "codes", 2), dense("a", "c", 3, 2)),
        (Select("s", "codes", (0, 4)),),
        (Select("s", "codes", (-1,)),),
        (Select("s", "codes", ()),),
        (Columns("c", "codes", 2), Select("s", "c", (0,))),
        (Columns("c", "codes", 2), Join("j", ("codes", "c"))),
        (Columns("c", "codes", 2), Conv("k", "c", np.zeros((1, 3, 1), np.float32), np.zeros(1, np.float32))),
    ],
)
def test_nodes_that_do_not_fit(nodes: tuple[Node, ...]) -> None:
    with pytest.raises(ValueError, match=r"cannot read|are called|do not make|does not have|not all vectors"):
        shapes(Graph(4, nodes))


def test_no_direction_embeds_as_zero() -> None:
    graph = Graph(2, (Dense("e", "codes", np.zeros((3, 2), np.float32), np.zeros(3, np.float32)),))
    assert embed(graph, np.ones((1, 2), np.float32)).tolist() == [[0, 0, 0]]
