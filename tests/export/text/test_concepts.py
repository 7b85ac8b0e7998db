"""Which concepts tell a fault is counted over training sentences, and is what a reader would say."""

from __future__ import annotations

from agent.types import FAULTS, HEALTHY
from export.text.concepts import PARTS, told_by
from export.text.glossary import GlossaryEncoder


def test_every_fault_is_told_by_concepts_of_its_own() -> None:
    told = told_by()
    assert set(told) == set(FAULTS) - {HEALTHY}
    own = {"inner_race": "inner", "outer_race": "outer", "ball": "ball", "cage": "cage", "looseness": "loose"}
    own |= {"imbalance": "unbalance", "misalignment": "misalignment"}
    for fault, concept in own.items():
        assert concept in told[fault]
        assert not any(concept in told[other] for other in told if other != fault)
    assert "damage" not in frozenset().union(*told.values())
    assert set(PARTS) <= set(GlossaryEncoder().concepts)
