"""How much lies over the limit altogether: Page's cumulative sum ("Continuous inspection schemes", Biometrika 1954).

It is asked for where a deviation has no name, beside so many windows in succession: how far beyond the limit they are
says how sure they are. Damage stays, and what only just passes the limit passes.
"""

from __future__ import annotations

from agent.alerting.window_rules import DecisionConfig, Level, is_severe
from agent.types import Diagnosis

_ROUNDING = 1e-9


def with_window(total: float, diagnosis: Diagnosis, level: Level, config: DecisionConfig) -> float:
    """The sum after one more window; 0 at least, `raise_at_cusum` at most.

    What lies under the limit is taken off again. One window adds no more than its share of `raise_after`: a lone knock
    is in several of them. Where no deviation detects, there is nothing to add up, and the windows alone count.
    """
    enough = config.raise_at_cusum
    if diagnosis.deviation is None or is_severe(diagnosis, config):
        return enough if level is Level.HIGH else total
    over = min(diagnosis.deviation - config.detect_at, enough / config.raise_after)
    return min(max(0.0, total + over), enough)


def is_enough(total: float, config: DecisionConfig) -> bool:
    """Whether it lets an alert without a name be raised."""
    return total >= config.raise_at_cusum * (1 - _ROUNDING)
