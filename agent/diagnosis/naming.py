"""What a window, or a whole recording, may be called on what is known of it: the one place where a name is decided.

What is known selects what may be named at all; a physical sign must bear a name out; the encoder says which of the
candidates it is nearest to. Where sign and likeness do not meet, the parent is said, or no name. `run`, `replay` and
`evaluate` ask alike.

    1 x has grown alone / with its multiples -> imbalance / rotor
    known healthy, within its limit          -> healthy
    impacts                                  -> the bearing element that likeness and own lines agree on, else bearing
    lines that tower over healthy machines'  -> the bearing element that is nearest of all
    over the limit                           -> the fault of degree that likeness and sign agree on, else abnormal
    else                                     -> healthy where it looks so and no impact speaks against it, else unknown

Lines that another bearing would explain, and the one told does not, allow no element (see `asking`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from agent.diagnosis.grounds import BANDWIDTH, GEOMETRY, HEALTHY_STATE, LENGTH, SPEED, SURE_SPEED, Grounds, Name
from agent.diagnosis.line_check import objection_to
from agent.diagnosis.matching import Calibration, Curve, SignLimits, name_of
from agent.diagnosis.signs import has_risen, shows_imbalance, shows_looseness, shows_misalignment
from agent.faults import ABNORMAL, BEARING, FAULTS, FAULTS_OF_BEARINGS, HEALTHY, ROTOR, UNKNOWN, children_of
from agent.types import Match, ShaftGrowth

LINES_OF_ANOTHER = "lines_of_another_bearing"
"""Reason of a parent: lines stand that the bearing told would not draw, and another would."""

NAME_AT = 0.5
"""Likelier right than not; `decision.name_at` where an operator wants it otherwise."""

SURE_OF_ROTOR = 0.9
"""Probability of a name that rests on the shaft's orders. Not fitted: too few real rotors are recorded for that. On
simulated machines (docs/results.md) nearly all windows in which 1 x had risen so were of a rotor out of balance or
loose."""

ELEMENT_RIGHT = Curve(at=(0.6, 0.65, 0.7, 0.75), probability=(0.86, 0.91, 0.97, 0.99))
"""Of a damaged bearing's elements the one that lines and likeness agree on, by its share of the likeness: how often it
is the damaged one, on rigs left out (`export knowledge`; each label of each rig weighs the same, isotonic)."""

TOWERING = 1.3
"""Of the height that healthy machines' lines reach: from there on lines prove damage without impacts. On rigs left out
it named none of their healthy windows, and 1 % of healthy recordings dressed as other machines."""

SHAFT_SIGNS: Mapping[str, Callable[[ShaftGrowth | None], bool]] = {
    "misalignment": shows_misalignment,
    "looseness": shows_looseness,
}
"""Faults of degree that likeness may name, and the sign that each needs beside it."""


def name_on(grounds: Grounds, calibration: Calibration, *, name_at: float = NAME_AT) -> Name:
    """The name that all grounds together bear out; see the module's table, whose rows are asked in order.

    A name less probable than `name_at` is not given: its parent is, or none.
    """
    name = (
        _rotor(grounds)
        or _within_the_limit(grounds, calibration)
        or _bearing(grounds, calibration, name_at)
        or _of_degree(grounds, name_at)
        or _over_the_limit(grounds)
        or _looks_healthy(grounds, calibration, name_at)
        or Name(UNKNOWN, missing=_missing(grounds), looks_like=_looks_like(grounds, UNKNOWN))
    )
    return replace(name, asks=grounds.asks) if name.fault in (BEARING, ABNORMAL, UNKNOWN) else name


def _rotor(grounds: Grounds) -> Name | None:
    """Asked first: strong imbalance looks impulsive, and one line that doubled may be within the limit of them all."""
    if not grounds.has_baseline or not has_risen(grounds.growth):
        return None
    if shows_imbalance(grounds.growth):
        return Name("imbalance", SURE_OF_ROTOR, "first_order_has_grown")
    likeliest = _likeliest(grounds, children_of(ROTOR))
    loose = likeliest is not None and likeliest.fault == "looseness" and shows_looseness(grounds.growth)
    return Name("looseness" if loose else ROTOR, SURE_OF_ROTOR, "shaft_orders_have_grown")


def _within_the_limit(grounds: Grounds, calibration: Calibration) -> Name | None:
    """What the machine's own healthy state at this speed allows, its impacts included."""
    if not grounds.within_baseline:
        return None
    lacking = {HEALTHY_STATE: not _knows_shaft(grounds), LENGTH: grounds.too_short}
    missing = tuple(what for what, lacks in lacking.items() if lacks)
    return Name(HEALTHY, 1 - _damage(grounds, calibration), "within_baseline", missing=missing)


def _bearing(grounds: Grounds, calibration: Calibration, name_at: float) -> Name | None:
    """By impacts that healthy machines do not show, else by lines alone."""
    limits = _limits(grounds, calibration)
    if limits is None or grounds.impulses is None:
        return None
    damage = limits.damage.of(grounds.impulses)
    if grounds.impulses < limits.impulses or damage < name_at:
        return _by_lines(grounds, calibration, limits, name_at=name_at)
    return _by_impacts(grounds, calibration, limits, damage=damage, name_at=name_at)


def _by_impacts(
    grounds: Grounds, calibration: Calibration, limits: SignLimits, *, damage: float, name_at: float
) -> Name | None:
    """The element that likeness and its own lines agree on, else that a bearing is damaged."""
    likeliest = _likeliest(grounds, FAULTS_OF_BEARINGS)
    if likeliest is None:
        return None
    missing = tuple(what for what in _missing(grounds) if what in (SPEED, SURE_SPEED, GEOMETRY, LENGTH))
    parent = Name(BEARING, damage, "impacts", missing=missing, looks_like=_looks_like(grounds, BEARING))
    if not (grounds.knows_speed and grounds.knows_geometry) or grounds.heights is None:
        return parent
    if grounds.is_mistold:
        return replace(parent, reason=LINES_OF_ANOTHER)
    objection = objection_to(likeliest.fault, grounds.heights, calibration)
    if objection is not None:
        return Name(BEARING, damage, objection.reason, objection, missing, likeliest.fault)
    own, share = limits.own.get(likeliest.fault), share_of(grounds, likeliest)
    agrees = own is not None and getattr(grounds.heights, likeliest.fault) >= own and share >= limits.share
    probability = damage * ELEMENT_RIGHT.of(share)
    if not agrees or probability < name_at:
        return parent
    return Name(likeliest.fault, probability, "nearest_description")


def _by_lines(grounds: Grounds, calibration: Calibration, limits: SignLimits, *, name_at: float) -> Name | None:
    """The nearest of all descriptions, where that element's own lines tower over those of healthy machines and others.

    A sensor that hears little of the impacts may hear their rhythm well.
    """
    nearest, heights = grounds.matches[0] if grounds.matches else None, grounds.heights
    if not grounds.knows_speed or grounds.is_mistold or nearest is None or heights is None:
        return None
    if nearest.fault not in limits.own or nearest.probability < name_at:
        return None
    height = getattr(heights, nearest.fault)
    leads = height >= max(getattr(heights, fault) for fault in limits.own)
    if not leads or height < TOWERING * limits.own[nearest.fault] or share_of(grounds, nearest) < limits.share:
        return None
    if objection_to(nearest.fault, heights, calibration) is not None:
        return None
    return Name(nearest.fault, nearest.probability, "own_lines")


def share_of(grounds: Grounds, match: Match) -> float:
    """Of the likeness of all bearing elements."""
    return match.probability / sum(m.probability for m in grounds.matches if m.fault in FAULTS_OF_BEARINGS)


def _of_degree(grounds: Grounds, name_at: float) -> Name | None:
    """A fault of degree by its shaft lines; of a fault that was described later no sign is known, so none is asked."""
    nearest = next((m for m in grounds.matches if m.fault not in (HEALTHY, *FAULTS_OF_BEARINGS)), None)
    if not grounds.deviates or nearest is None or nearest.probability < name_at:
        return None
    shows = SHAFT_SIGNS[nearest.fault](grounds.growth) if nearest.fault in SHAFT_SIGNS else nearest.fault not in FAULTS
    return Name(nearest.fault, nearest.probability, "nearest_description") if shows else None


def _over_the_limit(grounds: Grounds) -> Name | None:
    """Over the limit is never healthy, whatever it looks like."""
    if not grounds.has_baseline:
        return None
    looks_like = _looks_like(grounds, ABNORMAL)
    reason = "deviates_but_looks_healthy" if looks_like == HEALTHY else "deviates_and_fits_nothing"
    return Name(ABNORMAL, reason=reason, missing=_missing(grounds), looks_like=looks_like)


def _looks_healthy(grounds: Grounds, calibration: Calibration, name_at: float) -> Name | None:
    """Without a healthy state of this speed: nearest to health, by a sensor that would hear impacts, and none heard."""
    if not grounds.hears_bearings or name_of(grounds.matches, calibration) != HEALTHY:
        return None
    objection = objection_to(HEALTHY, grounds.heights, calibration)
    if objection is not None:
        return Name(UNKNOWN, 0.0, objection.reason, objection, _missing(grounds), HEALTHY)
    if _is_peaky(grounds, calibration):
        return Name(UNKNOWN, 0.0, "peaks_speak_against_health", None, _missing(grounds), HEALTHY)
    health = 1 - _damage(grounds, calibration)
    if health < name_at or grounds.asks is not None:
        return None
    if grounds.too_short:
        return Name(UNKNOWN, 0.0, "too_short_to_be_called_healthy", missing=_missing(grounds), looks_like=HEALTHY)
    missing = tuple(what for what in _missing(grounds) if what == HEALTHY_STATE)
    return Name(HEALTHY, health, "nearest_description", missing=missing)


def _is_peaky(grounds: Grounds, calibration: Calibration) -> bool:
    """More than healthy machines are. Impacts may ring in no band that is listened to, or in one that tones fill."""
    limits = _limits(grounds, calibration)
    if limits is None or limits.kurtosis is None or grounds.signs is None or grounds.signs.kurtosis is None:
        return False
    return grounds.signs.kurtosis >= limits.kurtosis


def _limits(grounds: Grounds, calibration: Calibration) -> SignLimits | None:
    """Those that the signs are held against; None where no impact could be heard, or the bundle has none."""
    if not grounds.hears_bearings or grounds.signs is None:
        return None
    return calibration.signs if grounds.signs.above_healthy else calibration.blind_signs


def _damage(grounds: Grounds, calibration: Calibration) -> float:
    """Probability of bearing damage; 0 where nothing is known of it."""
    limits = _limits(grounds, calibration)
    return 0.0 if limits is None or grounds.impulses is None else limits.damage.of(grounds.impulses)


def _likeliest(grounds: Grounds, among: tuple[str, ...]) -> Match | None:
    return next((match for match in grounds.matches if match.fault in among), None)


def _looks_like(grounds: Grounds, name: str) -> str | None:
    """The nearest description, where that is neither the name nor one of its children."""
    nearest = grounds.matches[0].fault if grounds.matches else None
    return None if nearest is None or nearest == name or nearest in children_of(name) else nearest


def _knows_shaft(grounds: Grounds) -> bool:
    """Whether the growth of the shaft's orders is known: within 5 % of a speed there is a limit, within 3 % levels are.

    Where the speed itself is unknown, that is what is missing.
    """
    return grounds.growth is not None or not grounds.knows_speed


def _missing(grounds: Grounds) -> tuple[str, ...]:
    """What would have to be given to say more."""
    given = {
        SURE_SPEED if grounds.contradicts_speed else SPEED: grounds.knows_speed,
        GEOMETRY: grounds.knows_geometry,
        HEALTHY_STATE: grounds.has_baseline and _knows_shaft(grounds),
        BANDWIDTH: grounds.hears_bearings,
        LENGTH: not grounds.too_short,
    }
    return tuple(what for what, known in given.items() if not known)
