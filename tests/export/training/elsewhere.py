"""A device in name alone: tensors that say they are elsewhere, compute here, and refuse to meet one that is not there.

For computers without a GPU: what a step would do on one, but for how it rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

DEVICE = torch.device("meta")


class Elsewhere(Tensor):
    """A tensor that is there; a number of it, or one beside it, may be anywhere, as on a GPU."""

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Iterable[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        if func == Tensor.device.__get__:
            return DEVICE
        met = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
        if not all(isinstance(one, Elsewhere) or one.dim() == 0 for one in met):
            raise RuntimeError(f"{func} was given tensors of two devices")
        found = super().__torch_function__(func, types, args, kwargs or {})
        return found.as_subclass(cls) if func == Tensor.grad.__get__ and found is not None else found


class Named(TorchFunctionMode):
    """While it is on, what is sent to DEVICE or made there is Elsewhere."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = dict(kwargs or {})
        if func is Tensor.to and args[1:] == (DEVICE,):
            return args[0].as_subclass(Elsewhere)
        if given.get("device") == DEVICE:
            return func(*args, **(given | {"device": "cpu"})).as_subclass(Elsewhere)
        return func(*args, **given)


def send(network: nn.Module) -> None:
    """Parameters and buffers of `network` to DEVICE, as `to` does."""
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            setattr(module, name, nn.Parameter(parameter.detach().as_subclass(Elsewhere)))
        for name, buffer in module.named_buffers(recurse=False):
            setattr(module, name, buffer.as_subclass(Elsewhere))
