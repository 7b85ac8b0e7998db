"""What a page is answered, in the language of who looks: all sensors at a glance, and one as it was judged last.

Words are put where they are; samples, spectra and what is drawn of them are not computed here but handed over.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from agent.diagnosis.evidence import ISO_20816_3_MM_S
from agent.errors import ConfigError
from agent.machine import SensorSetup
from agent.messages.commissioning_text import outcome_in_words
from agent.messages.notices import in_language
from agent.messages.payloads import encode
from agent.messages.words import Language
from agent.recordings.kept_writer import setup_row
from agent.service.control import Answer
from agent.service.health import Everything
from agent.service.sensor import SensorDesk
from agent.types import Window

NO_PAGE = "the config has no [web] table, so nothing is kept to be looked at; add it and restart the agent"


def spoken(seen: Everything, language: Language | None) -> Everything:
    """The same, in another language than the agent's own."""
    parts = seen.parts
    if language is None or language == parts.config.agent.language:
        return seen
    config = msgspec.structs.replace(parts.config, agent=msgspec.structs.replace(parts.config.agent, language=language))
    return replace(seen, parts=replace(parts, config=config, speaker=replace(parts.speaker, language=language)))


def whole_survey(seen: Everything) -> Answer:
    """By sensor what a page shows beside `status`: severity, how its commissioning ended, its machine; and
    by fault what the bundle calls it."""
    language, desks, speaker = seen.parts.config.agent.language, seen.desks, seen.parts.speaker
    return {
        "titles": {fault: speaker.title(fault) for fault in speaker.descriptions.faults},
        "severity": {sensor: _severity(seen, desk) for sensor, desk in desks.items()},
        "ended": {
            sensor: [in_language(line, language) for line in outcome_in_words(desk.pipeline.healthy.latest)]
            for sensor, desk in desks.items()
            if desk.pipeline.healthy.latest is not None
        },
        "machines": {sensor: _machine(desk.pipeline.setup) for sensor, desk in desks.items()},
    }


def look_of(seen: Everything, desk: SensorDesk, *, after: int) -> Answer:
    """The latest window, samples as little-endian float32 (n, axes); None where it is not newer or not held yet."""
    if seen.looking is None:
        raise ConfigError(NO_PAGE)
    sight, speaker = seen.looking.look(desk.sensor), seen.parts.speaker
    window = sight.window if sight.number > after else None
    titles = {fault: speaker.title(fault) for course in sight.courses.values() for fault in course.faults}
    return {
        "number": sight.number,
        "setup": msgspec.to_builtins(setup_row(desk.pipeline.setup)),
        "spec": msgspec.to_builtins(seen.parts.bundle.spec),
        "window": None if window is None else _window(window),
        "diagnoses": msgspec.msgpack.encode(() if window is None else sight.diagnoses),  # it keeps what is no number
        "said": [] if window is None else [_plain(encode(speaker.diagnosis(one))) for one in sight.diagnoses],
        "courses": [
            {"bearing": bearing, "faults": course.faults, "rows": course.since(after)}
            for bearing, course in sight.courses.items()
        ],
        "titles": titles,
    }


def _window(window: Window) -> Answer:
    told = {"start": window.start, "wall_s": window.wall_s, "arrival_s": window.arrival_s, "clipped": window.clipped}
    stream, rate = msgspec.to_builtins(window.stream), msgspec.to_builtins(window.rate)
    return {**told, "stream": stream, "rate": rate, "samples": window.samples.astype("<f4", copy=False).tobytes()}


def alerts_of(seen: Everything, desk: SensorDesk) -> list[Any]:
    """Open alerts as they would be said now."""
    return [_plain(encode(seen.parts.speaker.alert(alert))) for alert in desk.pipeline.decision.open_alerts]


def _severity(seen: Everything, desk: SensorDesk) -> Answer:
    """Velocity and its zone by the latest window; what there is none of has a reason in words."""
    last = desk.last
    evidence = None if last is None else last.evidence
    if evidence is None:
        return {"velocity_mm_s": None, "zone": None, "reason": None}
    velocity, reason = evidence.velocity_rms, evidence.velocity_rms.reason or evidence.iso_reason
    return {
        "velocity_mm_s": velocity.value,
        "zone": evidence.iso_zone,
        "reason": seen.parts.speaker.reason(reason),
    }


def _machine(setup: SensorSetup) -> Answer:
    machine, mounting = setup.machine, setup.machine.mounting
    limits = None
    if mounting.group is not None and mounting.foundation is not None:
        limits = ISO_20816_3_MM_S[mounting.group, mounting.foundation]
    return {
        "id": machine.id,
        "name": machine.name,
        "position": setup.position,
        "bearings": [bearing.id for bearing in setup.bearings],
        "zone_limits_mm_s": limits,
    }


def _plain(payload: bytes) -> Any:
    return msgspec.json.decode(payload)
