"""What a window may be called: one test per row of the rule's table, and what no row may ever do."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from curves import logistic

from agent.diagnosis.grounds import BANDWIDTH, GEOMETRY, HEALTHY_STATE, LENGTH, SPEED, Grounds, Name
from agent.diagnosis.matching import Calibration, LineLimits, SignLimits
from agent.diagnosis.naming import LINES_OF_ANOTHER, SURE_OF_ROTOR, name_on
from agent.faults import ABNORMAL, BEARING, FAULTS, FAULTS_OF_BEARINGS, FAULTS_OF_DEGREE, HEALTHY, ROTOR, UNKNOWN
from agent.types import LineHeights, Match, Question, ShaftGrowth, Signs

LIMITS = SignLimits(impulses=0.3, damage=logistic(10.0, -3.0), own={"inner_race": 1.0, "outer_race": 1.0, "ball": 1.0})
BLIND = SignLimits(impulses=0.6, damage=logistic(10.0, -6.0), own={"inner_race": 2.0, "outer_race": 2.0, "ball": 2.0})
CALIBRATION = Calibration(0.1, 0.3, 0.3, signs=LIMITS, blind_signs=BLIND)

CALM = ShaftGrowth(0.0, 0.0, 0.0, 0.0, 0.0)
ALONE = ShaftGrowth(0.0, 15.0, 2.0, 1.0, 1.0)
TOGETHER = ShaftGrowth(10.0, 15.0, 14.0, 13.0, 1.0)
SECOND = ShaftGrowth(0.0, 3.0, 12.0, 1.0, 1.0)
OUTER_LINES = LineHeights(0.5, 3.0, 0.5, above_healthy=True)
NO_LINES = LineHeights(0.0, 0.0, 0.0, above_healthy=True)


def like(*faults: str, best: float = 0.9) -> tuple[Match, ...]:
    """Nearest to the first of these, by far."""
    rest = [fault for fault in (*faults[1:], "described later") if fault != faults[0]]
    return (Match(faults[0], 0.9, best), *(Match(fault, 0.2, (1 - best) / len(rest)) for fault in rest))


def shown(impulses: float = 0.0, growth: ShaftGrowth | None = CALM, *, above_healthy: bool = True) -> Signs:
    return Signs(impulses, above_healthy, growth)


WEAK_LINES = LineHeights(0.5, 1.2, 0.5, above_healthy=True)  # over healthy machines', and proof of nothing alone
OVER = Grounds(
    matches=like("outer_race", "inner_race", HEALTHY),
    knows_speed=True,
    knows_geometry=True,
    has_baseline=True,
    within_baseline=False,
    deviates=True,
    hears_bearings=True,
    heights=OUTER_LINES,
    signs=shown(0.8),
)
"""Over the limit, with impacts, and lines of the outer race."""
WITHIN = replace(OVER, within_baseline=True, deviates=False)
ALIEN = replace(
    OVER,
    has_baseline=False,
    deviates=False,
    heights=LineHeights(1.0, 4.0, 1.0, above_healthy=False),
    signs=shown(1.2, None, above_healthy=False),
)
"""The same without a healthy state."""
QUIET = replace(
    ALIEN, matches=like(HEALTHY, "outer_race"), heights=replace(NO_LINES, above_healthy=False), signs=shown(0.0, None)
)


MISTOLD = Question("geometry_told", "de", None, 3.58, 85.0, (), (), 44, 2.9, (9,))


def named(grounds: Grounds, **options: float) -> Name:
    return name_on(grounds, CALIBRATION, **options)


# -------------------------------------------------------------------------------------------------- row by row


def test_within_its_limit_a_known_machine_is_healthy_whatever_it_looks_like() -> None:
    assert (named(WITHIN).fault, named(WITHIN).reason) == (HEALTHY, "within_baseline")
    grown = named(replace(WITHIN, signs=shown(0.0, ALONE)))
    assert grown.fault == "imbalance"  # one line that doubled may be within the limit of them all


def test_where_levels_of_the_shaft_cannot_be_compared_their_healthy_state_is_missing() -> None:
    unknown = shown(0.0, None)  # within 5 % of a commissioned speed, and not within 3 %
    assert named(replace(WITHIN, signs=unknown)).missing == (HEALTHY_STATE,)
    assert named(WITHIN).missing == ()
    nothing = replace(OVER, signs=unknown, heights=NO_LINES, matches=like(HEALTHY))
    assert (named(nothing).fault, named(nothing).missing) == (ABNORMAL, (HEALTHY_STATE,))
    assert named(replace(nothing, knows_speed=False)).missing == (SPEED,)


def test_what_has_grown_at_the_shaft_s_orders_is_named_before_any_bearing() -> None:
    def rotor(growth: ShaftGrowth, *nearest: str) -> tuple[str, float, str]:
        name = named(replace(OVER, matches=like(*nearest), signs=shown(0.8, growth)))
        return name.fault, name.probability, name.reason

    assert rotor(ALONE, "outer_race") == ("imbalance", SURE_OF_ROTOR, "first_order_has_grown")
    assert rotor(TOGETHER, "imbalance", "looseness") == (ROTOR, SURE_OF_ROTOR, "shaft_orders_have_grown")
    assert rotor(TOGETHER, "looseness", "imbalance") == ("looseness", SURE_OF_ROTOR, "shaft_orders_have_grown")
    two = ShaftGrowth(0.0, 15.0, 14.0, 0.0, 1.0)
    assert rotor(two, "looseness", "imbalance")[0] == ROTOR  # two multiples are no sign of looseness


def test_impacts_lines_and_likeness_that_agree_name_the_element() -> None:
    name = named(OVER)
    assert (name.fault, name.reason, name.missing, name.looks_like) == ("outer_race", "nearest_description", (), None)
    assert name.probability == pytest.approx(LIMITS.damage.of(0.8) * 0.99)
    assert named(ALIEN).fault == "outer_race"


def test_an_element_is_as_probable_as_such_names_were_right() -> None:
    """The likeness of three elements is no probability: where lines agree, a share of .6 was right in .86."""
    torn = (Match("outer_race", 0.9, 0.63), Match("inner_race", 0.8, 0.37))
    assert named(replace(OVER, matches=torn)).probability == pytest.approx(LIMITS.damage.of(0.8) * 0.89)


@pytest.mark.parametrize(
    "changes",
    [
        {"heights": replace(OUTER_LINES, outer_race=0.9)},  # no higher than healthy machines' may stand
        {"matches": (Match("outer_race", 0.9, 0.5), Match("inner_race", 0.8, 0.4))},  # neither likelier by enough
        {"matches": like("cage", HEALTHY)},  # no own lines are known of it
    ],
)
def test_impacts_alone_are_bearing_damage(changes: dict[str, object]) -> None:
    name = named(replace(OVER, **changes))  # type: ignore[arg-type] # any field
    assert (name.fault, name.reason) == (BEARING, "impacts")
    assert name.probability == pytest.approx(LIMITS.damage.of(0.8))


def test_impacts_are_bearing_damage_even_where_it_looks_like_something_else() -> None:
    name = named(replace(OVER, matches=like("looseness", "ball"), heights=None))
    assert (name.fault, name.looks_like) == (BEARING, "looseness")


def test_over_the_limit_a_fault_of_degree_needs_its_sign_and_its_likeness() -> None:
    aligned = replace(OVER, matches=like("misalignment", HEALTHY), heights=NO_LINES)
    name = named(replace(aligned, signs=shown(0.0, SECOND)))
    assert (name.fault, name.probability, name.reason) == ("misalignment", 0.9, "nearest_description")
    for growth in (CALM, None, ShaftGrowth(0.0, None, None, None, 1.0)):
        assert named(replace(aligned, signs=shown(0.0, growth))).fault == ABNORMAL
    assert named(replace(aligned, signs=None)).fault == ABNORMAL
    assert named(replace(aligned, matches=like(HEALTHY, "misalignment"), signs=shown(0.0, SECOND))).fault == ABNORMAL


def test_a_fault_described_later_is_named_by_its_likeness_where_it_deviates() -> None:
    later = replace(OVER, matches=like("gear_mesh", HEALTHY), heights=NO_LINES, signs=shown(0.0))
    assert named(later).fault == "gear_mesh"
    assert named(replace(later, has_baseline=False, deviates=False)).fault == UNKNOWN


def test_over_the_limit_without_any_evidence_is_abnormal() -> None:
    bare = replace(OVER, heights=NO_LINES, signs=shown(0.0))
    name = named(bare)
    assert (name.fault, name.probability, name.reason) == (ABNORMAL, 0.0, "deviates_and_fits_nothing")
    assert name.looks_like == "outer_race"
    healthy = named(replace(bare, matches=like(HEALTHY, "ball")))
    assert (healthy.fault, healthy.reason, healthy.looks_like) == (ABNORMAL, "deviates_but_looks_healthy", HEALTHY)


def test_without_a_healthy_state_what_looks_healthy_is_so_where_no_impact_is_heard() -> None:
    name = named(QUIET)
    assert (name.fault, name.reason, name.missing) == (HEALTHY, "nearest_description", (HEALTHY_STATE,))
    assert named(replace(QUIET, signs=ALIEN.signs)).fault == BEARING
    assert named(replace(QUIET, hears_bearings=False, signs=None)).fault == UNKNOWN
    assert named(replace(QUIET, matches=like(HEALTHY, "ball", best=0.25))).fault == UNKNOWN  # likeness too faint


def test_lines_of_another_bearing_than_the_one_told_allow_no_element() -> None:
    name = named(replace(OVER, asks=MISTOLD))
    assert (name.fault, name.reason, name.asks) == (BEARING, LINES_OF_ANOTHER, MISTOLD)
    assert name.probability == pytest.approx(LIMITS.damage.of(0.8))
    towering = replace(OVER, signs=shown(0.0), asks=MISTOLD)  # without impacts its own lines would have named it
    assert (named(replace(towering, asks=None)).fault, named(towering).fault) == ("outer_race", ABNORMAL)


def test_lines_that_an_unknown_bearing_would_draw_ask_and_are_not_healthy() -> None:
    asked = replace(MISTOLD, about="geometry_unknown", told=None)
    unknown = replace(OVER, knows_geometry=False, heights=None, asks=asked)
    assert (named(unknown).fault, named(unknown).reason, named(unknown).asks) == (BEARING, "impacts", asked)
    quiet = replace(QUIET, knows_geometry=False, heights=None, asks=asked)
    assert (named(replace(quiet, asks=None)).fault, named(quiet).fault) == (HEALTHY, UNKNOWN)
    assert named(quiet).asks == asked


def test_nothing_is_asked_beside_a_name() -> None:
    for grounds in (WITHIN, replace(OVER, signs=shown(0.8, ALONE))):
        assert named(replace(grounds, asks=MISTOLD)).asks is None
        assert named(replace(grounds, asks=MISTOLD)).fault == named(grounds).fault


def test_what_fits_nothing_is_unknown_and_says_what_it_looks_like() -> None:
    name = named(replace(QUIET, matches=like("looseness", HEALTHY)))
    assert (name.fault, name.probability, name.reason) == (UNKNOWN, 0.0, "no_description_fits")
    assert name.looks_like == "looseness"


# --------------------------------------------------------------------------------------------- what no row may do


@pytest.mark.parametrize("lacking", ["knows_speed", "knows_geometry", "heights"])
@pytest.mark.parametrize("grounds", [OVER, ALIEN], ids=["known", "alien"])
def test_without_geometry_or_speed_no_element_is_ever_named(grounds: Grounds, lacking: str) -> None:
    gone = replace(grounds, **{lacking: None if lacking == "heights" else False})  # type: ignore[arg-type] # any field
    for fault in FAULTS:
        name = named(replace(gone, matches=like(fault, "outer_race")))
        assert name.fault not in FAULTS_OF_BEARINGS
        assert name.fault == BEARING  # impacts are there


def test_lines_at_the_places_of_a_doubted_speed_prove_nothing() -> None:
    towering = replace(ALIEN, heights=replace(OUTER_LINES, outer_race=9.0), signs=shown(0.0, None, above_healthy=False))
    assert named(towering).fault == "outer_race"
    assert named(replace(towering, knows_speed=False)).fault == UNKNOWN
    risen = replace(OVER, signs=shown(0.0, ALONE))
    assert named(risen).fault == "imbalance"
    assert named(replace(risen, knows_speed=False)).fault == ABNORMAL


@pytest.mark.parametrize("nearest", FAULTS)
@pytest.mark.parametrize("growth", [None, CALM, ALONE, TOGETHER, SECOND])
@pytest.mark.parametrize("impulses", [0.0, 0.31, 5.0])
@pytest.mark.parametrize("heights", [None, NO_LINES, OUTER_LINES])
def test_over_the_limit_is_never_healthy_nor_unknown(
    nearest: str, growth: ShaftGrowth | None, impulses: float, heights: LineHeights | None
) -> None:
    for signs in (shown(impulses, growth), None):
        grounds = replace(OVER, matches=like(nearest, "ball"), signs=signs, heights=heights)
        for deaf in (False, True):
            said = named(replace(grounds, hears_bearings=not deaf)).fault
            assert said not in (HEALTHY, UNKNOWN)
            assert not deaf or said not in (BEARING, *FAULTS_OF_BEARINGS)


@pytest.mark.parametrize("nearest", FAULTS)
@pytest.mark.parametrize("growth", [ALONE, TOGETHER, SECOND])
def test_without_a_healthy_state_no_fault_of_degree_is_named(nearest: str, growth: ShaftGrowth) -> None:
    for impulses in (0.0, 1.2):
        signs = shown(impulses, growth, above_healthy=False)
        name = named(replace(ALIEN, matches=like(nearest, HEALTHY), signs=signs))
        assert name.fault not in (ROTOR, ABNORMAL, *FAULTS_OF_DEGREE)


def test_a_name_less_probable_than_wanted_gives_way_to_its_parent_or_none() -> None:
    child = named(OVER).probability
    sure = LIMITS.damage.of(0.8)
    assert child < sure
    assert named(OVER, name_at=child - 1e-6).fault == "outer_race"
    parent = named(OVER, name_at=child + 1e-6)
    assert (parent.fault, parent.probability) == (BEARING, sure)
    assert named(OVER, name_at=sure + 1e-6).fault == ABNORMAL
    second = replace(OVER, matches=like("misalignment", HEALTHY), signs=shown(0.0, SECOND))
    assert named(second, name_at=0.89).fault == "misalignment"
    assert named(second, name_at=0.91).fault == ABNORMAL


def test_healthy_is_not_said_where_damage_is_likelier_than_wanted() -> None:
    loud = replace(QUIET, signs=shown(0.7, None, above_healthy=False))
    damage = BLIND.damage.of(0.7)
    assert named(loud).fault == BEARING
    assert named(loud, name_at=damage + 0.01).fault == UNKNOWN
    faint = replace(QUIET, signs=shown(0.5, None, above_healthy=False))
    assert named(faint).probability == pytest.approx(1 - BLIND.damage.of(0.5))
    assert named(faint, name_at=0.8).fault == UNKNOWN


def test_what_looks_healthy_and_peaks_as_no_healthy_machine_does_is_unknown() -> None:
    limits = msgspec.structs.replace(BLIND, kurtosis=0.7)
    strict = msgspec.structs.replace(CALIBRATION, blind_signs=limits)
    calm, peaky = (replace(QUIET, signs=Signs(0.0, False, None, kurtosis)) for kurtosis in (0.6, 0.8))
    assert name_on(calm, strict).fault == HEALTHY
    name = name_on(peaky, strict)
    assert (name.fault, name.reason, name.looks_like) == (UNKNOWN, "peaks_speak_against_health", HEALTHY)
    assert named(peaky).fault == HEALTHY  # a bundle without such a limit
    within = replace(WITHIN, signs=Signs(0.0, True, CALM, 0.8))
    assert name_on(within, strict).fault == HEALTHY  # as this machine always was


def test_an_objection_of_the_lines_falls_back_to_the_parent_and_is_told() -> None:
    against = Calibration(
        0.1, 0.3, 0.3, signs=LIMITS, blind_signs=BLIND, lines=LineLimits(1.0, 2.0, {"outer_race": 0.5})
    )
    name = name_on(replace(OVER, heights=LineHeights(5.0, 3.0, 0.0, above_healthy=True)), against)
    assert (name.fault, name.reason, name.looks_like) == (BEARING, "lines_contradict", "outer_race")
    assert name.objection is not None
    assert (name.objection.named, name.objection.lines) == ("outer_race", "inner_race")
    assert name.probability == pytest.approx(LIMITS.damage.of(0.8))
    missing = name_on(replace(OVER, heights=NO_LINES), against)
    assert (missing.fault, missing.reason) == (BEARING, "lines_missing")
    blind = Calibration(0.1, 0.3, 0.3, signs=LIMITS, blind_signs=BLIND, blind_lines=LineLimits(None, 2.0, {}))
    healthy = name_on(replace(QUIET, heights=LineHeights(0.0, 5.0, 0.0, above_healthy=False)), blind)
    assert (healthy.fault, healthy.reason) == (UNKNOWN, "lines_contradict")
    assert healthy.objection is not None


def test_signs_are_held_against_the_limits_of_what_they_are_above() -> None:
    between = 0.45  # impacts above healthy, none above noise alone
    weak = replace(OVER, heights=WEAK_LINES)
    assert named(replace(weak, signs=shown(between))).fault == "outer_race"
    assert named(replace(weak, signs=shown(between, None, above_healthy=False))).fault == ABNORMAL
    assert name_on(OVER, Calibration(0.1, 0.3, 0.3)).fault == ABNORMAL  # a bundle without limits bears nothing out


def test_impacts_that_healthy_machines_show_as_well_bear_nothing_out() -> None:
    """However sure the curve would be of damage by then."""
    strict = Calibration(0.1, 0.3, 0.3, signs=SignLimits(impulses=0.9, damage=logistic(10.0, -3.0), own=LIMITS.own))
    assert LIMITS.damage.of(0.8) > 0.9
    weak = replace(OVER, heights=WEAK_LINES)
    assert name_on(weak, strict).fault == ABNORMAL
    assert name_on(replace(weak, signs=shown(0.9)), strict).fault == "outer_race"


def test_lines_that_tower_over_healthy_machines_name_the_nearest_element_without_impacts() -> None:
    quiet = replace(OVER, signs=shown(0.0))
    name = named(quiet)
    assert (name.fault, name.probability, name.reason) == ("outer_race", quiet.matches[0].probability, "own_lines")
    assert named(replace(quiet, heights=WEAK_LINES)).fault == ABNORMAL
    assert named(replace(quiet, heights=LineHeights(3.5, 3.0, 0.5, above_healthy=True))).fault == ABNORMAL
    assert named(replace(quiet, heights=None)).fault == ABNORMAL
    assert named(replace(quiet, matches=like(HEALTHY, "outer_race"))).fault == ABNORMAL
    assert named(replace(quiet, matches=like("outer_race", "ball", best=0.4))).fault == ABNORMAL


def test_missing_lists_all_that_would_let_more_be_said_and_nothing_else() -> None:
    nothing = replace(ALIEN, knows_speed=False, knows_geometry=False, hears_bearings=False, heights=None, signs=None)
    assert named(nothing).missing == (SPEED, GEOMETRY, HEALTHY_STATE, BANDWIDTH)
    assert named(replace(nothing, knows_speed=True, knows_geometry=True)).missing == (HEALTHY_STATE, BANDWIDTH)
    assert named(replace(ALIEN, knows_geometry=False)).missing == (GEOMETRY,)  # a healthy state tells no element
    assert named(replace(ALIEN, knows_speed=False)).missing == (SPEED,)
    over = replace(OVER, signs=shown(0.0), heights=None)
    assert named(replace(over, knows_geometry=False)).missing == (GEOMETRY,)
    assert named(over).missing == named(OVER).missing == named(WITHIN).missing == ()


def test_nothing_to_match_names_no_element() -> None:
    assert named(replace(ALIEN, matches=())).fault == UNKNOWN
    assert named(replace(OVER, matches=())).fault == ABNORMAL


# ----------------------------------------------------------------------------------------------- pieces, not windows


def test_a_piece_too_short_may_look_healthy_and_is_not_called_so() -> None:
    """Damage hides in it."""
    assert named(QUIET).fault == HEALTHY
    name = named(replace(QUIET, too_short=True, heights=None))
    assert (name.fault, name.probability, name.looks_like) == (UNKNOWN, 0.0, HEALTHY)
    assert (name.reason, name.missing) == ("too_short_to_be_called_healthy", (HEALTHY_STATE, LENGTH))


def test_a_piece_within_the_limit_of_its_own_healthy_state_is_healthy_and_says_that_it_is_short() -> None:
    assert named(WITHIN).missing == ()
    name = named(replace(WITHIN, too_short=True, heights=None))
    assert (name.fault, name.missing) == (HEALTHY, (LENGTH,))


def test_impacts_in_a_piece_are_bearing_damage_and_no_element() -> None:
    name = named(replace(ALIEN, too_short=True, heights=None))
    assert (name.fault, name.missing) == (BEARING, (LENGTH,))
    without = named(replace(ALIEN, too_short=True, heights=None, knows_speed=False))
    assert without.missing == (SPEED, LENGTH)
