"""Every objective and miner against a slow loop written from its definition."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import pytest
import torch
from drawn_inputs import costly
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from export.training.objectives import FALSE_NEGATIVES_ABOVE, OBJECTIVES
from export.training.objectives.miners import MINERS, without_false_negatives
from export.training.objectives.pairs import contrastive
from export.training.objectives.ranking import cosine_triplet, quadruplet
from export.training.objectives.softmax import decoupled, info_nce, sincere, sup_con

CLASSES = 3
Batch = tuple[Tensor, Tensor, Tensor, Tensor]
Slow = Callable[[Tensor, Tensor, Tensor, Tensor], float]


def squared(one: Tensor, other: Tensor) -> float:
    return float((one - other).square().sum())


def distance(one: Tensor, other: Tensor) -> float:
    return math.sqrt(squared(one, other))


def mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def slow_triplet(anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor) -> float:
    total = 0.0
    for anchor, label in zip(anchors, labels, strict=True):
        same = max(float(anchor @ t) for t, k in zip(texts, text_labels, strict=True) if k == label)
        other = max(float(anchor @ t) for t, k in zip(texts, text_labels, strict=True) if k != label)
        total += max(0.0, 0.4 - same + other)
    return total / len(anchors)


def slow_info_nce(anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor, back: float = 0.1) -> float:
    def one_way(rows: Tensor, row_labels: Tensor, columns: Tensor, column_labels: Tensor, temperature: float) -> float:
        terms = []
        for row, label in zip(rows, row_labels, strict=True):
            weights = [math.exp(float(row @ column) / temperature) for column in columns]
            inside = sum(w for w, k in zip(weights, column_labels, strict=True) if k == label)
            if inside:
                terms.append(-math.log(inside / sum(weights)))
        return sum(terms) / len(terms)

    return (one_way(anchors, labels, texts, text_labels, 0.1) + one_way(texts, text_labels, anchors, labels, back)) / 2


def slow_sup_con(anchors: Tensor, labels: Tensor, texts: Tensor, text_labels: Tensor) -> float:
    total = 0.0
    for anchor, label in zip(anchors, labels, strict=True):
        weights = [math.exp(float(anchor @ t) / 0.1) for t in texts]
        own = [math.log(w / sum(weights)) for w, k in zip(weights, text_labels, strict=True) if k == label]
        total -= sum(own) / len(own)
    return total / len(anchors)


def slow_against_negatives(batch: Batch, *, own_below: bool) -> float:
    """SINCERE with the positive in its own denominator, the decoupled loss without."""
    anchors, labels, texts, text_labels = batch
    rows = []
    for anchor, label in zip(anchors, labels, strict=True):
        weights = [math.exp(float(anchor @ t) / 0.1) for t in texts]
        below = sum(w for w, k in zip(weights, text_labels, strict=True) if k != label)
        own = [w for w, k in zip(weights, text_labels, strict=True) if k == label]
        rows.append(mean([-math.log(w / (below + (w if own_below else 0.0))) for w in own]))
    return mean(rows)


def triplets(batch: Batch) -> Iterator[tuple[int, int, int]]:
    _, labels, _, text_labels = batch
    for i, p, n in itertools.product(range(len(labels)), range(len(text_labels)), range(len(text_labels))):
        if labels[i] == text_labels[p] and labels[i] != text_labels[n]:
            yield i, p, n


def slow_mined(batch: Batch, *, miner: str, is_squared: bool, eliminated: bool) -> float:
    anchors, labels, texts, text_labels = batch

    def close(i: int, t: int) -> float:
        return -squared(anchors[i], texts[t]) if is_squared else float(anchors[i] @ texts[t])

    def is_false(i: int, n: int) -> bool:
        own = [p for p in range(len(texts)) if text_labels[p] == labels[i]]
        return eliminated and any(float(texts[p] @ texts[n]) >= FALSE_NEGATIVES_ABOVE for p in own)

    chosen = [(i, p, n) for i, p, n in triplets(batch) if not is_false(i, n)]
    if miner == "hard":
        chosen = [(i, p, n) for i, p, n in chosen if close(i, n) >= close(i, p)]
    elif miner == "semi_hard":
        chosen = [(i, p, n) for i, p, n in chosen if close(i, p) - 0.4 < close(i, n) < close(i, p)]
    elif miner == "batch_hard":
        worst = {}
        for i, p, n in chosen:
            key = (close(i, n) - close(i, p), p, n)
            worst[i] = max(worst.get(i, key), key)
        chosen = [(i, p, n) for i, (_, p, n) in worst.items()]
    return mean([max(0.0, 0.4 - close(i, p) + close(i, n)) for i, p, n in chosen])


def slow_quadruplet(*batch: Tensor) -> float:
    anchors, labels, texts, text_labels = batch
    total = 0.0
    for anchor, label in zip(anchors, labels, strict=True):
        own = max(squared(anchor, t) for t, k in zip(texts, text_labels, strict=True) if k == label)
        others = [(t, k) for t, k in zip(texts, text_labels, strict=True) if k != label]
        total += max(0.0, 0.4 + own - min(squared(anchor, t) for t, _ in others))
        between = [squared(t, u) for (t, k), (u, j) in itertools.combinations(others, 2) if k != j]
        total += max(0.0, 0.2 + own - min(between)) if between else 0.0
    return total / len(anchors)


def slow_contrastive(*batch: Tensor) -> float:
    anchors, labels, texts, text_labels = batch
    pairs = [
        (distance(anchor, text), k == j)
        for anchor, k in zip(anchors, labels, strict=True)
        for text, j in zip(texts, text_labels, strict=True)
    ]
    pulled = mean([max(0.0, d - 0.2) ** 2 for d, same in pairs if same])
    return pulled + mean([max(0.0, 1.2 - d) ** 2 for d, same in pairs if not same])


def slow_lifted(*batch: Tensor) -> float:
    anchors, labels, texts, text_labels = batch
    costs = []
    for i, j in itertools.product(range(len(anchors)), range(len(texts))):
        if labels[i] != text_labels[j]:
            continue
        pushes = [
            math.exp(1.0 - distance(anchors[i], texts[k])) for k in range(len(texts)) if text_labels[k] != labels[i]
        ]
        pushes += [
            math.exp(1.0 - distance(anchors[k], texts[j])) for k in range(len(anchors)) if labels[k] != labels[i]
        ]
        costs.append(max(0.0, distance(anchors[i], texts[j]) + math.log(sum(pushes))) ** 2)
    return mean(costs) / 2


def slow_debiased(*batch: Tensor) -> float:
    anchors, labels, texts, text_labels = batch
    rows = []
    for anchor, label in zip(anchors, labels, strict=True):
        own = [math.exp(float(anchor @ t) / 0.1) for t, k in zip(texts, text_labels, strict=True) if k == label]
        others = [math.exp(float(anchor @ t) / 0.1) for t, k in zip(texts, text_labels, strict=True) if k != label]
        expected = max((mean(others) - 0.1 * mean(own)) / 0.9, math.exp(-10))
        rows.append(mean([-math.log(p / (p + len(others) * expected)) for p in own]))
    return mean(rows)


def slow_mixed(*batch: Tensor) -> float:
    anchors, labels, texts, text_labels = batch
    fewest = min(sum(k != label for k in text_labels) for label in labels)
    rows = []
    for anchor, label in zip(anchors, labels, strict=True):
        others = [t for t, k in zip(texts, text_labels, strict=True) if k != label]
        hardest = sorted(others, key=lambda t: -float(anchor @ t))[: min(4, fewest)]
        made = [one + other for one, other in itertools.combinations(hardest, 2)]
        made += [0.25 * anchor + 0.75 * one for one in hardest]
        against = sum(math.exp(float(anchor @ (t / t.norm())) / 0.1) for t in [*others, *made])
        own = [math.exp(float(anchor @ t) / 0.1) for t, k in zip(texts, text_labels, strict=True) if k == label]
        rows.append(mean([-math.log(p / (p + against)) for p in own]))
    return mean(rows)


def mined_oracle(name: str) -> Slow:
    loss, miner, *rest = name.split("/")
    return lambda *batch: slow_mined(
        batch, miner=miner, is_squared=loss == "squared_triplet", eliminated=rest == ["eliminated"]
    )


ORACLES: dict[str, Slow] = {
    "triplet": slow_triplet,
    "infonce": slow_info_nce,
    "supcon": slow_sup_con,
    "sincere": lambda *batch: slow_against_negatives(batch, own_below=True),
    "decoupled": lambda *batch: slow_against_negatives(batch, own_below=False),
    "quadruplet": slow_quadruplet,
    "contrastive": slow_contrastive,
    "lifted": slow_lifted,
    "infonce/debiased": slow_debiased,
    "infonce/mixed": slow_mixed,
    **{f"infonce/{form}": slow_info_nce for form in ("queue", "tiled")},
    **{f"triplet/{form}": slow_triplet for form in ("queue", "tiled")},
    **{name: mined_oracle(name) for name in OBJECTIVES if name.split("/")[-1] in (*MINERS, "eliminated")},
}


def drawn(seed: int, anchors: int, classes: int = CLASSES, dim: int = 5) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    vectors = functional.normalize(torch.randn(anchors, dim, generator=generator, dtype=torch.float64), dim=1)
    labels = torch.randint(0, classes, (anchors,), generator=generator)
    texts = functional.normalize(torch.randn(2 * classes, dim, generator=generator, dtype=torch.float64), dim=1)
    return vectors, labels, texts, torch.arange(classes).repeat_interleave(2)


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
@given(seed=st.integers(0, 1000), anchors=st.integers(1, 7), classes=st.integers(2, 4), dim=st.sampled_from([2, 5]))
@costly
def test_equals_its_definition(name: str, seed: int, anchors: int, classes: int, dim: int) -> None:
    batch = drawn(seed, anchors, classes, dim)
    assert float(OBJECTIVES[name](*batch)) == pytest.approx(ORACLES[name](*batch), rel=1e-9, abs=1e-9)


# A semi-hard triplet that gets better leaves the mean, so that the mean may rise.
@pytest.mark.parametrize("name", sorted(name for name in OBJECTIVES if "semi_hard" not in name))
def test_pulls_anchors_to_their_texts(name: str) -> None:
    anchors, labels, texts, text_labels = drawn(4, 6)
    anchors = anchors.clone().requires_grad_()
    before = OBJECTIVES[name](functional.normalize(anchors, dim=1), labels, texts, text_labels)
    torch.autograd.backward(before)
    assert anchors.grad is not None
    moved = functional.normalize((anchors - 0.02 * anchors.grad).detach(), dim=1)
    after = float(OBJECTIVES[name](moved, labels, texts, text_labels))
    assert after < float(before.detach())


@pytest.mark.parametrize("name", sorted(OBJECTIVES))
def test_gradients_stay_finite_where_everything_falls_on_one_point(name: str) -> None:
    anchors = functional.normalize(torch.ones(4, 3), dim=1).requires_grad_()
    texts = functional.normalize(torch.ones(4, 3), dim=1)
    loss = OBJECTIVES[name](anchors, torch.tensor([0, 0, 1, 1]), texts, torch.tensor([0, 0, 1, 1]))
    torch.autograd.backward(loss)
    assert anchors.grad is not None
    assert torch.isfinite(anchors.grad).all()


def test_a_triplet_beyond_the_margin_costs_nothing() -> None:
    texts = torch.eye(3)
    labels = torch.arange(3)
    assert float(cosine_triplet(texts, labels, texts, labels)) == 0
    assert float(cosine_triplet(texts, labels, texts, labels, margin=1.5)) == pytest.approx(0.5)


def test_temperature_sharpens() -> None:
    texts, labels = torch.eye(3), torch.arange(3)
    for loss in (info_nce, sup_con, sincere, decoupled):
        assert float(loss(texts, labels, texts, labels, temperature=0.05)) < float(loss(texts, labels, texts, labels))


def test_info_nce_has_a_temperature_per_direction() -> None:
    batch = drawn(3, 5)
    assert float(info_nce(*batch, text_temperature=0.3)) == pytest.approx(slow_info_nce(*batch, back=0.3))


def test_two_faults_leave_the_quadruplet_without_its_second_term() -> None:
    batch = drawn(1, 4, classes=2)
    assert float(quadruplet(*batch, second_margin=100.0)) == pytest.approx(slow_quadruplet(*batch))


def test_the_contrastive_margins_leave_room() -> None:
    texts, labels = torch.eye(2), torch.arange(2)
    assert float(contrastive(texts, labels, texts, labels)) == pytest.approx(0)
    farther = contrastive(texts, labels, texts, labels, negative_margin=2.0)
    assert float(farther) == pytest.approx((2 - math.sqrt(2)) ** 2, rel=1e-5)
    assert float(contrastive(texts, labels, texts.flip(0), labels)) > 1


@pytest.mark.parametrize("name", sorted(MINERS))
@given(seed=st.integers(0, 500))
@costly
def test_miners_pick_among_the_valid_triplets(name: str, seed: int) -> None:
    batch = drawn(seed, 4)
    anchors, labels, texts, text_labels = batch
    same = labels[:, None] == text_labels[None, :]
    chosen = MINERS[name](anchors @ texts.T, same, ~same, 0.4)
    valid = set(triplets(batch))
    found = {(int(i), int(p), int(n)) for i, p, n in chosen.nonzero()}
    assert found <= valid
    if name == "all":
        assert found == valid
    if name == "batch_hard":
        assert len(found) == len(anchors)
        assert not MINERS[name](anchors @ texts.T, same, torch.zeros_like(same), 0.4).any()


def test_a_sentence_that_says_the_same_is_no_negative() -> None:
    texts = functional.normalize(torch.tensor([[1.0, 0, 0], [0.99, 0.1, 0], [0, 1, 0]]), dim=1)
    same = torch.tensor([[True, False, False], [False, False, True]])
    kept = without_false_negatives(same, ~same, texts, above=0.9)
    assert kept.tolist() == [[False, False, True], [True, True, False]]
