"""What the agent's own rule says of a column's windows, at each level of knowledge of their machine.

Limits of signs come from the column's training side alone, and so do the dressed machines that they are fitted on.
"""

from __future__ import annotations

from collections.abc import Callable

from agent.diagnosis.matching import Calibration
from agent.diagnosis.naming import name_on
from export.calibration.naming import grounds_of
from export.calibration.sign_limits import as_signs, fit_signs
from export.data.table import Table, join
from export.network.graph import Floats
from export.scoring.answers import Levels, answers_of
from export.studies.columns.splits import Column, Mask, healthy_references
from export.studies.columns.training_cache import Material
from export.training.knowledge import KNOWLEDGE, STATES, level_name

TEMPERATURE = 0.11
"""Of the shipped recipe, fitted on groups left out; it bears on shares between elements alone."""


def limits_of(material: Material, trained: Mask) -> Calibration:
    """Those of signs, fitted on the recorded rows `trained` and what may stand beside them."""
    recorded = material.recorded.take(trained)
    table = recorded if material.simulated is None else join([recorded, material.simulated])
    names = set(recorded.recordings.tolist())
    dressed = None if material.foreign is None else material.foreign.limiting(names)
    signs = fit_signs(table, dressed, material.spec)
    return Calibration(TEMPERATURE, -1.0, 0.0, signs=signs.above, blind_signs=signs.blind)


def said_at_levels(
    material: Material, column: Column, similarity: Callable[[Table, Floats | None], Floats], speed_bound: Mask
) -> Levels:
    """The scored windows, named by the cosines (n, faults) that `similarity` finds for windows and healthy references.

    No healthy state of the same speed is known here, so nothing is within or over a limit.
    """
    limits = limits_of(material, column.trained)
    scored = material.recorded.take(column.scored)
    known_healthy = healthy_references(material.recorded, column)
    seen_healthy = healthy_references(material.recorded, column, speed_bound)
    signs = as_signs(scored, material.spec)
    levels: Levels = {}
    for state in STATES:
        told = state == STATES[0]
        for known, knowledge in KNOWLEDGE.items():
            found = similarity(*knowledge.of(scored, seen_healthy if told else None, material.spec))
            healthy = known_healthy if told else None
            grounds = grounds_of(signs, found, healthy, limits, material.spec, knowledge)
            called = [name_on(one, limits).fault for one in grounds]
            levels[level_name(known, state)] = {
                label: answers_of(
                    [name for name, own in zip(called, scored.labels, strict=True) if own == label], label
                )
                for label in sorted(set(scored.labels.tolist()))
            }
    return levels
