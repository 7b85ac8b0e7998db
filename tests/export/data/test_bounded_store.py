"""The bounded store: places shared fairly, health never lost, nothing that was not there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.data.store import fair_shares, kept_rows
from export.data.table import Table


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.integers(0, 200))
def test_places_are_shared_max_min_fairly(sizes: list[int], total: int) -> None:
    shares = fair_shares(sizes, total)
    assert sum(shares) == min(total, sum(sizes))
    assert all(0 <= share <= size for share, size in zip(shares, sizes, strict=True))
    unfilled = [share for share, size in zip(shares, sizes, strict=True) if share < size]
    if unfilled:  # who got less than he could fill got no less than anybody else, but for what is odd
        assert max(shares) - min(unfilled) <= 1


def test_all_is_kept_where_there_is_room(published: Table) -> None:
    assert np.array_equal(kept_rows(published, len(published)), np.arange(len(published)))


@pytest.mark.parametrize("most", [20, 60, 150])
def test_families_get_the_same_number_of_places(published: Table, most: int) -> None:
    kept = published.take(kept_rows(published, most))
    assert len(kept) == most
    counts = np.unique(kept.families, return_counts=True)[1]
    assert len(counts) == 3
    assert counts.max() - counts.min() <= 1


def test_a_machine_keeps_its_health_before_anything_else(published: Table) -> None:
    kept = published.take(kept_rows(published, 8))
    assert set(kept.machines.tolist()) == set(published.machines.tolist())
    for machine in np.unique(kept.machines):
        assert "healthy" in kept.labels[kept.machines == machine]


def test_of_a_recording_the_windows_kept_are_spread_over_it(published: Table) -> None:
    rows = np.flatnonzero(published.recordings == published.recordings[0])
    one = published.take(rows)
    assert kept_rows(one, 3).tolist() == [0, 2, 5]
