"""What was refused is told once for each sensor, topic and key, counted always, and bounded whatever comes."""

from __future__ import annotations

from agent.service.refusals import AGAIN_S, MOST, SHOWN, Refusals
from agent.types import SourceFault


def fault(kind: str = "unit", *, where: str = "plant/fan", key: str | None = "unit", samples: int = 10) -> SourceFault:
    return SourceFault(kind, "'mm/s' is no unit", "fan_de", samples, where=where, key=key)


def test_the_first_of_a_kind_place_and_key_is_told_with_all_of_them() -> None:
    refusals = Refusals("plant")
    said = refusals.feed(fault(), now_s=0.0)
    assert said is not None
    assert "source plant refused input on plant/fan, for fan_de, key unit: unit: 'mm/s' is no unit; check" in said
    assert refusals.feed(fault(), now_s=1.0) is None
    assert refusals.feed(fault(where="plant/pump"), now_s=2.0) is not None
    assert refusals.feed(fault(key="x"), now_s=3.0) is not None
    assert refusals.feed(fault("rate"), now_s=4.0) is not None
    assert refusals.counts == {"unit": 4, "rate": 1}


def test_it_is_told_again_after_an_hour_with_what_came_meanwhile() -> None:
    refusals = Refusals("plant")
    for second in range(10):
        refusals.feed(fault(), now_s=float(second))
    said = refusals.feed(fault(), now_s=AGAIN_S + 1)
    assert said is not None
    assert "(10 since this was last told)" in said


def test_health_names_sensor_topic_key_count_and_samples_commonest_first() -> None:
    refusals = Refusals("plant")
    refusals.feed(fault("rate"), now_s=0.0)
    for _ in range(3):
        refusals.feed(fault(), now_s=0.0)
    first, second = refusals.report()
    assert (first.kind, first.sensor, first.where, first.key) == ("unit", "fan_de", "plant/fan", "unit")
    assert (first.count, first.samples, second.count) == (3, 30, 1)
    assert first.first <= first.last
    assert first.detail == "'mm/s' is no unit"


def test_senders_can_neither_flood_it_nor_forge_lines() -> None:
    refusals = Refusals("plant")
    said = [refusals.feed(fault(where=f"t/{n}\n\x1b[2J"), now_s=0.0) for n in range(1000)]
    lines = [line for line in said if line is not None]
    assert len(lines) == MOST
    assert all(line.isprintable() for line in lines)
    assert refusals.counts["unit"] == 1000
    assert len(refusals.report()) == SHOWN
