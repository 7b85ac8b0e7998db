"""Figures of physics and bounds of sense that several rooms hold input against; each stands here once, with its reason.

A bound rejects what no machine or sensor can be. What one module alone decides stays in that module.
"""

from __future__ import annotations

STANDARD_GRAVITY = 9.80665
"""m/s2 in one g, by definition (CGPM 1901)."""

MIN_RATE_HZ = 0.05
"""A sample in 20 s; a rate below is a mistaken unit."""

MAX_RATE_HZ = 200_000.0
"""Beyond any accelerometer; a wrong declaration would ask for any amount of memory."""

RATE_TOLERANCE = 0.10
"""Share of the declared rate by which a measured one may be off it and is still believed: MEMS sensors are off nominal
by up to 4 %; more is a wrong clock or a wrong declaration."""

MAX_RPM = 1e6
"""Beyond any machine; a speed that is more is a mistake, and is never reckoned with."""

DAY_S = 86_400.0

MAX_GAP_S = DAY_S
"""A longer jump of a sender's clock is no gap but a new time, for nobody waits a day to go on."""
