"""Dropout draws on the processor, wherever its inputs are."""

from __future__ import annotations

import torch
from torch import nn

from export.network.dropout import Dropout


def test_here_it_is_what_torch_has() -> None:
    x = torch.randn(50, 7)
    torch.manual_seed(1)
    ours = Dropout(0.3)(x)
    torch.manual_seed(1)
    assert torch.equal(ours, nn.Dropout(0.3)(x))
    assert torch.equal(Dropout(0.3).eval()(x), x)


def test_elsewhere_the_same_is_drawn() -> None:
    x = torch.randn(50, 7)
    torch.manual_seed(1)
    nn.Dropout(0.3)(x)
    after = torch.get_rng_state()
    torch.manual_seed(1)
    assert Dropout(0.3)(x.to("meta")).shape == x.shape
    assert torch.equal(torch.get_rng_state(), after)
    Dropout(0.3).eval()(x.to("meta"))
    Dropout(0.0)(x.to("meta"))
    assert torch.equal(torch.get_rng_state(), after)
