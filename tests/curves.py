"""Curves for tests that are made of formulas."""

from __future__ import annotations

import numpy as np

from agent.diagnosis.matching import Curve


def logistic(slope: float, offset: float) -> Curve:
    """1 / (1 + exp(-(slope * x + offset))) by two hundred knots around its middle."""
    at = np.linspace(-8.0, 8.0, 201) / slope - offset / slope
    return Curve(tuple(map(float, at)), tuple(map(float, 1 / (1 + np.exp(-(slope * at + offset))))))
