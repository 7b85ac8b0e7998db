"""Where a training computes: on the processor, or on a GPU where one is asked for and there."""

from __future__ import annotations

import torch
from torch import nn

from agent.errors import ConfigError

CPU = torch.device("cpu")


def device_of(network: nn.Module) -> torch.device:
    """Where the parameters of `network` are."""
    return next(network.parameters()).device


def chosen_device(name: str) -> torch.device:
    """What `--device` names: cpu, cuda, or cuda:1 for the second of several; ConfigError where it is not to be had."""
    kind, colon, number = name.partition(":")
    if name != "cpu" and (kind != "cuda" or bool(colon) != number.isdecimal()):
        raise ConfigError(f"--device: {name!r} is none of cpu, cuda, cuda:NUMBER")
    count = 0 if name == "cpu" else torch.cuda.device_count()
    if name != "cpu" and int(number or 0) >= count:
        there = f"{count} GPUs" if count else "no GPU"
        raise ConfigError(f"--device: {name}: torch finds {there} here; leave --device away, no training needs one")
    return torch.device(name)
