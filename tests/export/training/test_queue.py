"""The queue holds the last vectors, whatever sizes they come in, and is put back by its state."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from export.training.queue import Queue


@given(sizes=st.lists(st.integers(0, 9), max_size=6), most=st.integers(1, 5))
def test_the_last_vectors_are_held_with_their_labels(sizes: list[int], most: int) -> None:
    queue, told = Queue(most, 1), 0
    for size in sizes:
        numbers = torch.arange(told, told + size)
        queue.push(numbers[:, None].float(), 2 * numbers)
        told += size
    vectors, labels = queue.contents()
    assert sorted(vectors[:, 0].int().tolist()) == list(range(max(0, told - most), told))
    assert torch.equal(2 * vectors[:, 0].long(), labels)


def test_no_gradient_flows_into_what_is_held_and_nobody_changes_it() -> None:
    queue, vectors = Queue(4, 3), torch.randn(2, 3, requires_grad=True)
    queue.push(vectors, torch.tensor([1, 2]))
    held, _ = queue.contents()
    assert not held.requires_grad
    assert not list(queue.parameters())
    held.fill_(0)
    assert torch.equal(queue.contents()[0], vectors.detach())


def test_its_state_puts_it_back() -> None:
    queue, again = Queue(3, 2), Queue(3, 2)
    queue.push(torch.randn(5, 2), torch.arange(5))
    again.load_state_dict(queue.state_dict())
    for one in (queue, again):
        one.push(torch.ones(1, 2), torch.tensor([9]))
    assert all(torch.equal(one, other) for one, other in zip(queue.contents(), again.contents(), strict=True))


def test_a_queue_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="holds nothing"):
        Queue(0, 4)
