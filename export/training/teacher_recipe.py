"""What a recipe says of the teacher: apart from the teacher, since its trees take seconds to load."""

from __future__ import annotations

import msgspec


class TeacherConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the teacher is made, and what it is asked."""

    trees: int = 200
    simulated_share: float = 0.3  # of what the physics expert learns from
    windows: int = 24_000  # imagined ones
    simulated_windows: float = 0.3  # share of them that starts from simulation
    mixing: float = 0.1  # chance that a view comes from another window
    foreign_bands: float = 0.6  # share of a spectrum's bands, at most, that come from another window
    disturbance: float = 0.4  # standard deviations, at most
