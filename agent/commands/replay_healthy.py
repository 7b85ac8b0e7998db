"""What `replay` says of the healthy recordings that it was given: at which speed a recording is held against them, or
why no limit of theirs holds for it. They are never left out silently."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from agent.diagnosis.baseline import Baseline
    from agent.recordings.recording import Recording
    from agent.types import Diagnosis, SpeedQuestion

NAMED = 3
"""Of the healthy files, at most."""


class Learnt(NamedTuple):
    """What healthy recordings taught, and what is asked about the speed that was given for them."""

    baselines: dict[str | None, Baseline]
    question: SpeedQuestion | None


def told_beside(
    recording: Recording, diagnoses: Sequence[Diagnosis], learnt: Learnt, healthy: Sequence[Recording]
) -> Recording:
    """The recording, with a note where it is not plainly held against the healthy ones."""
    judged = [one for one in diagnoses if one.quality is None and one.running and one.matches]
    if not healthy or not judged:
        return recording
    names = ", ".join(one.path.name for one in healthy[:NAMED]) + (", ..." if len(healthy) > NAMED else "")
    notes = (_note(names, judged, learnt),)
    return dataclasses.replace(recording, notes=(*recording.notes, *filter(None, notes)))


def _note(names: str, judged: Sequence[Diagnosis], learnt: Learnt) -> str | None:
    from agent.dsp.speed_doubts import asked_together

    asks, theirs = asked_together([one.speed for one in judged]), learnt.question
    is_held = 2 * sum(one.deviation is not None for one in judged) >= len(judged)
    if is_held and asks is None:
        return None
    if asks is not None:
        why = f"since {asks.nominal:g} rpm is given and the vibration shows {asks.seen_rpm:.0f} rpm"
        mend = "give the speed that is right (--rpm)"
        if is_held:
            return f"is compared with {names} (--healthy) whatever the speed, {why}; {mend}"
        return f"has no limit by {names} (--healthy), {why}; {mend}"
    if theirs is not None:
        return (
            f"has no limit by {names} (--healthy): {theirs.nominal:g} rpm is given for that, and its vibration shows "
            f"{theirs.seen_rpm:.0f} rpm; give its speed (--healthy-rpm)"
        )
    mine, known = _middle(one.speed.rpm for one in judged), _middle(_speeds(learnt.baselines))
    if mine is None:
        return f"has no limit by {names} (--healthy), since its own speed is not known; give it (--rpm)"
    if known is None:
        return f"has no limit by {names} (--healthy), whose speed is not given; give it (--healthy-rpm)"
    return (
        f"has no limit by {names} (--healthy): it turns at {mine:.0f} rpm, and that at {known:.0f} rpm; give a healthy "
        "recording of its speed"
    )


def _speeds(baselines: Mapping[str | None, Baseline]) -> Iterator[float | None]:
    return (cell.rpm for baseline in baselines.values() for cell in baseline.cells)


def _middle(speeds: Iterator[float | None]) -> float | None:
    """The median of those that are known, None where most are not."""
    from statistics import median

    given = list(speeds)
    known = [rpm for rpm in given if rpm is not None]
    return median(known) if known and 2 * len(known) >= len(given) else None
