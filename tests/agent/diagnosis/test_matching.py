"""Matching against an oracle in plain loops, and its refusals."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from agent.diagnosis.matching import Calibration, Descriptions, match, name_of
from agent.types import UNKNOWN, Match, Vector

FAULTS = ("healthy", "inner_race", "outer_race", "ball")
LOOSE = Calibration(temperature=0.1, unknown_similarity=-1.0, unknown_probability=0.0)


def described(vectors: Vector) -> Descriptions:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return Descriptions(FAULTS, unit.astype(np.float32), (True, True, True, False), {})


AXIS_ALIGNED = described(np.eye(4, dtype=np.float32))


@given(
    hnp.arrays(np.float32, 6, elements=st.floats(-100, 100, width=32)).filter(lambda v: float(np.abs(v).max()) > 1e-3),
    st.integers(0, 2**32 - 1),
    st.floats(0.02, 2.0),
)
def test_likeness_and_probability_agree_with_plain_loops(embedding: Vector, seed: int, temperature: float) -> None:
    descriptions = described(np.random.default_rng(seed).normal(size=(4, 6)).astype(np.float32))
    matches = match(embedding, descriptions, Calibration(temperature, 0.0, 0.0))

    length = math.sqrt(sum(float(x) ** 2 for x in embedding))
    expected = {
        fault: sum(float(a) * float(b) for a, b in zip(vector, embedding, strict=True)) / length
        for fault, vector in zip(FAULTS, descriptions.vectors, strict=True)
    }
    total = sum(math.exp(s / temperature) for s in expected.values())
    assert {m.fault for m in matches} == set(FAULTS)
    for m in matches:
        assert m.similarity == pytest.approx(expected[m.fault], abs=1e-5)
        assert m.probability == pytest.approx(math.exp(expected[m.fault] / temperature) / total, rel=1e-2, abs=1e-6)
    assert [m.similarity for m in matches] == sorted((m.similarity for m in matches), reverse=True)
    assert sum(m.probability for m in matches) == pytest.approx(1.0)


def test_what_a_fault_is_granted_goes_over_its_cosine() -> None:
    embedding = np.array([0.8, 0.6, 0.0, 0.0], dtype=np.float32)
    plain = {m.fault: m for m in match(embedding, AXIS_ALIGNED, LOOSE)}
    granted = match(embedding, AXIS_ALIGNED, msgspec.structs.replace(LOOSE, granted={"inner_race": 0.3, "ball": -0.1}))
    assert [m.fault for m in granted] == ["inner_race", "healthy", "outer_race", "ball"]
    assert [m.similarity for m in granted] == pytest.approx([0.9, 0.8, 0.0, -0.1], abs=1e-6)
    assert granted[0].probability > 0.5 > plain["inner_race"].probability
    assert sum(m.probability for m in granted) == pytest.approx(1.0)


def test_length_of_the_embedding_does_not_matter() -> None:
    embedding = np.array([0.5, 0.2, 0.9, 0.1], dtype=np.float32)
    for scale in (1e-12, 1e12):
        scaled = match(embedding * np.float32(scale), AXIS_ALIGNED, LOOSE)
        assert [m.fault for m in scaled] == ["outer_race", "healthy", "inner_race", "ball"]
        assert scaled[0].similarity == pytest.approx(match(embedding, AXIS_ALIGNED, LOOSE)[0].similarity, rel=1e-6)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_embedding_that_is_not_finite_matches_nothing(broken: float) -> None:
    matches = match(np.array([1.0, 0.0, broken, 0.0], dtype=np.float32), AXIS_ALIGNED, LOOSE)
    assert matches == ()
    assert name_of(matches, LOOSE) == UNKNOWN


def test_embedding_without_length_matches_nothing() -> None:
    assert match(np.zeros(4, dtype=np.float32), AXIS_ALIGNED, LOOSE) == ()


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        ({}, "ball"),
        ({"unknown_similarity": 0.61}, UNKNOWN),
        ({"unknown_similarity": 0.60}, "ball"),
        ({"unknown_probability": 0.71}, UNKNOWN),
        ({"unknown_probability": 0.70}, "ball"),
        ({"unknown_margin": 0.26}, UNKNOWN),
        ({"unknown_margin": 0.25}, "ball"),
        ({"unknown_similarity": math.nan}, UNKNOWN),  # a limit that is no number is never reached
    ],
)
def test_each_limit_alone_makes_a_match_unknown(limits: dict[str, float], name: str) -> None:
    matches = (Match("ball", 0.60, 0.70), Match("healthy", 0.35, 0.30))
    calibration = Calibration(**{"temperature": 0.1, "unknown_similarity": 0.0, "unknown_probability": 0.0} | limits)
    assert name_of(matches, calibration) == name


def test_validated_is_told_per_fault_and_true_for_what_is_no_description() -> None:
    assert AXIS_ALIGNED.is_validated("outer_race")
    assert not AXIS_ALIGNED.is_validated("ball")
    assert AXIS_ALIGNED.is_validated(UNKNOWN)


def test_a_parent_is_validated_where_any_of_its_children_is() -> None:
    def validated(*flags: bool) -> bool:
        return Descriptions(("ball", "cage"), np.eye(2, dtype=np.float32), flags, {}).is_validated("bearing")

    assert validated(True, False)
    assert not validated(False, False)
    assert AXIS_ALIGNED.is_validated("rotor")  # none of its children is described


@pytest.mark.parametrize(
    ("faults", "vectors", "flags", "message"),
    [
        (("a", "a"), np.eye(2), (True, True), "each fault once"),
        ((), np.eye(2), (), "at least one"),
        (("a", "b"), np.eye(3), (True, True), "one vector"),
        (("a", "b"), np.eye(2), (True,), "one flag"),
        (("a", "b"), 2 * np.eye(2), (True, True), "unit length"),
        (("a", "b"), np.full((2, 2), np.nan), (True, True), "finite"),
    ],
)
def test_descriptions_that_do_not_fit_together_are_refused(
    faults: tuple[str, ...], vectors: Vector, flags: tuple[bool, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Descriptions(faults, vectors.astype(np.float32), flags, {})


def test_temperature_must_be_positive() -> None:
    with pytest.raises(ValueError, match="temperature"):
        Calibration(temperature=0.0, unknown_similarity=0.0, unknown_probability=0.0)
