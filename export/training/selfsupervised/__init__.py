"""Objectives that need no label: the student learns what stays the same between two views of one machine state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from export.network.model import Student
from export.training.names import SelfSupervised
from export.training.selfsupervised.heads import BYOL, BarlowTwins, Head, MoCo, SimCLR, SwAV, VICReg

SELF_SUPERVISED: Mapping[SelfSupervised, Callable[[Student, int], Head]] = {
    "simclr": SimCLR,
    "moco": MoCo,
    "byol": BYOL,
    "swav": SwAV,
    "vicreg": VICReg,
    "barlow": BarlowTwins,
}
"""Name -> what makes its head for a student, with projections of that width."""
