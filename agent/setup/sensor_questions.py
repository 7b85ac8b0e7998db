"""What is asked of each sensor: which one it is, of what machine, how fast that turns, and which bearing is inside."""

from __future__ import annotations

from collections.abc import Callable

from agent.setup.draft import default_id, machine_of, machines_before, sensors_before, speeds_of
from agent.setup.interview import NO, UNKNOWN, YES, Spot
from agent.setup.question import Question, first, just, nothing, when


def _watchable(spot: Spot) -> tuple[str, ...]:
    return tuple(one.what for one in spot.left)


def _only_one(spot: Spot) -> str | None:
    """Where one thing alone sends samples, that."""
    samples = [one.what for one in spot.left if one.carries == "samples"]
    return samples[0] if len(samples) == 1 else None


def _measured_rate(spot: Spot) -> str | None:
    rate_hz = None if spot.found is None else spot.found.finding.rate_hz
    return None if rate_hz is None else f"{rate_hz:g}"


def _is_new_machine(spot: Spot) -> bool:
    return machine_of(spot) not in machines_before(spot)


def _sends_samples(spot: Spot) -> bool:
    return spot.found is not None and spot.found.carries == "samples"


def _is_new_bearing(spot: Spot) -> bool:
    known = machines_before(spot).get(machine_of(spot), {})
    return _sends_samples(spot) and spot.of("end") not in known.get("bearings", {})


def _sensor_place(spot: Spot) -> str:
    return f"sensors.{spot.of('sensor') or default_id(spot)}"


def _of_sensor(*keys: str) -> Callable[[Spot], tuple[str, ...]]:
    return lambda spot: tuple(f"{_sensor_place(spot)}{key}" for key in keys)


def _of_machine(key: str) -> Callable[[Spot], tuple[str, ...]]:
    return lambda spot: (f"machines.{machine_of(spot)}{key}",)


def _known_machines(spot: Spot) -> tuple[str, ...]:
    return tuple(str(machine.get("name") or name) for name, machine in machines_before(spot).items())


def _speeds(spot: Spot) -> tuple[str, ...]:
    return ("fixed", "range", *(["topic"] if [*speeds_of(spot.interview.found)] else []), UNKNOWN)


def _more_left(spot: Spot) -> bool:
    return bool([one for one in spot.left if one.what != spot.of("watch")])


OF_A_SENSOR = (
    Question("watch", "choice", choices=_watchable, default=_only_one),
    Question(
        "quantity",
        "choice",
        is_asked=lambda spot: spot.found is not None and spot.found.wants_quantity,
        choices=just("velocity_rms_mm_s", "acceleration_rms_g", "temperature_c"),
        default=nothing,
    ),
    Question(
        "rate_hz",
        "number",
        is_asked=lambda spot: spot.found is not None and spot.found.wants_rate,
        default=_measured_rate,
        places=_of_sensor(".rate_hz"),
    ),
    Question(
        "unit",
        "choice",
        is_asked=lambda spot: spot.found is not None and spot.found.wants_unit,
        choices=just("g", "m/s2", UNKNOWN),
        default=first(UNKNOWN),
        places=_of_sensor(".unit"),
    ),
    Question("machine", choices=_known_machines, default=nothing, places=_of_machine(":")),
    Question("end", "choice", is_asked=_sends_samples, choices=just("de", "nde"), default=first("de")),
    Question(
        "sensor",
        default=default_id,
        places=_of_sensor(""),
        is_taken=lambda spot, text: text in sensors_before(spot),
    ),
    Question("speed", "choice", is_asked=_is_new_machine, choices=_speeds, default=first(UNKNOWN)),
    Question("rpm", "number", is_asked=when("speed", "fixed"), default=nothing, places=_of_machine(".speed")),
    Question("rpm_low", "number", is_asked=when("speed", "range"), default=nothing, places=_of_machine(".speed")),
    Question("rpm_high", "number", is_asked=when("speed", "range"), default=nothing, places=_of_machine(".speed")),
    Question(
        "which_speed_topic",
        "choice",
        is_asked=when("speed", "topic"),
        choices=lambda spot: tuple(one.what for one in speeds_of(spot.interview.found)),
        default=lambda spot: next((one.what for one in speeds_of(spot.interview.found)), None),
        places=_of_machine(".speed"),
    ),
    Question("bearing", is_asked=_is_new_bearing, default=first(UNKNOWN), places=_of_machine(".bearings")),
    Question("iso_group", "choice", is_asked=_is_new_machine, choices=just("2", "1", UNKNOWN), default=first(UNKNOWN)),
    Question(
        "foundation",
        "choice",
        is_asked=when("iso_group", "1", "2"),
        choices=just("rigid", "flexible", UNKNOWN),
        default=first(UNKNOWN),
    ),
    Question("more", "choice", is_asked=_more_left, choices=just(YES, NO), default=first(NO)),
)
