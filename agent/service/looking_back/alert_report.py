"""The report of an alert, put together from what is kept: its history, the windows around it, and the days before.

Nothing is judged again and nothing is asked of a running agent: the report tells what was said then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from agent.bundle.load import Bundle
from agent.bundle.manifest import identity_of
from agent.diagnosis.matching import Descriptions
from agent.errors import RecordingError
from agent.faults import FAULTS
from agent.machine import Machine, SensorSetup
from agent.messages.alert_answer import answer_of_alert
from agent.messages.finding_text import found_in_words
from agent.messages.wording import text_of
from agent.messages.words import Language, say, words_for
from agent.recordings.asked import Asked
from agent.recordings.kept import Kept, read, read_kept
from agent.report.alert_page import AlertSection, Change, alert_page_of
from agent.report.section import Judge, SourceFile, file_of, section_of
from agent.service.looking_back.past import Event, Past, published_word
from agent.service.looking_back.sensor_days import days_around
from agent.service.watching.confirmed import Confirmed, confirmed_in
from agent.service.watching.ring import WAIT_S
from agent.service.watching.ring_folder import FOLDER, File, files_of
from agent.types import Alert


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows around an alert as they lie in the ring; `missing`: the code of why there are none."""

    kept: Kept | None = None
    path: Path | None = None
    file: SourceFile | None = None
    missing: str | None = None


def report_of(past: Past, state_dir: Path, *, bundle: Bundle, language: Language) -> str:
    """The page; `bundle` as `bundle_for` finds it."""
    made = datetime.now(UTC).astimezone()
    return alert_page_of(_section_of(past, state_dir, bundle=bundle, language=language), made=made)


def _section_of(past: Past, state_dir: Path, *, bundle: Bundle, language: Language) -> AlertSection:
    raised, windows = past.raised, windows_of(past, state_dir, bundle)
    setup = _setup_of(past, windows)
    kept = windows.kept
    diagnoses = () if kept is None else [d for w in kept.windows for d in w.diagnoses if d.bearing == raised.bearing]
    recording = None if kept is None or windows.path is None else read(windows.path, Asked())
    answer = answer_of_alert(
        raised,
        recording=None if recording is None else replace(recording, notes=_remarks(past, bundle)),
        diagnoses=diagnoses,
        calibration=bundle.calibration,
        descriptions=bundle.descriptions,
        language=language,
    )
    section = section_of(
        answer,
        setup=setup,
        windows=() if kept is None else [one.window for one in kept.windows],
        bundle=bundle,
        files=() if windows.file is None else (windows.file,),
        healthy=None,
        judge=Judge(past.whence.version, past.whence.bundle, past.whence.bundle_sha256),
        days=days_around(state_dir, setup, bearing=raised.bearing, rpm=raised.diagnosis.speed.rpm),
    )
    return AlertSection(
        alert=past.last,
        last=answer_of_alert(
            past.last,
            recording=None,
            calibration=bundle.calibration,
            descriptions=bundle.descriptions,
            language=language,
        ),
        raised=section,
        place=place_in_words(past, language),
        since=_when(past.last.opened_wall_s),
        until=None if past.end is None else _when(past.end.wall_s),
        is_open=not past.closed,
        changes=tuple(_changes(past, bundle.descriptions, language)),
        no_windows=windows.missing,
        was=_title_of_finding(past, state_dir, bundle.descriptions, language),
    )


def found_to_be(past: Past, words: Mapping[str, Confirmed]) -> str | None:
    """What somebody has said that the alert was, as in the ring's `words`, which are the latest, else in its events."""
    word = words.get(past.last.id)
    return word.was if word is not None else published_word(past)


def _title_of_finding(past: Past, state_dir: Path, descriptions: Descriptions, language: Language) -> str | None:
    """What somebody has said that the alert was, the latest word, as a title where it is a fault of the bundle's."""
    was = found_to_be(past, confirmed_in(state_dir / FOLDER))
    return None if was is None else title_of_word(was, descriptions, language)


def title_of_word(was: str, descriptions: Descriptions, language: Language) -> str:
    """Of what somebody found an alert to be, where it is a fault of the bundle's; else the name as it is."""
    return text_of(was, descriptions=descriptions, language=language).title if was in FAULTS else was


def windows_of(past: Past, state_dir: Path, bundle: Bundle) -> Windows:
    """What the ring holds of an alert, or why it holds nothing that can be shown."""
    try:
        files = files_of(state_dir / FOLDER)
        found = next((file for file in files if file.alert == past.last.id), None)
        if found is None:
            return Windows(missing=_why_missing(past, files))
        features = len(bundle.manifest.deviation.typical_sd)
        return Windows(read_kept(found.path, features=features), found.path, file_of(found.path))
    except FileNotFoundError:
        return Windows(missing="overwritten")  # while it was looked for
    except (OSError, RecordingError):
        is_its_own = identity_of(bundle.manifest) == past.whence.bundle_sha256
        return Windows(missing="damaged" if is_its_own else "other_bundle")


def _why_missing(past: Past, files: list[File]) -> str:
    number = _number_of(past.raised)
    if number is None:
        return "never"
    if past.raised.wall_s is not None and 0 <= time.time() - past.raised.wall_s < 2 * WAIT_S:
        return "not_yet"
    return "never" if any(file.number < number for file in files) else "overwritten"


def _number_of(alert: Alert) -> int | None:
    """Of the file that was to be written of it."""
    number = Path(alert.recording or "").name.partition("-")[0]
    return int(number) if number.isdecimal() else None


def _setup_of(past: Past, windows: Windows) -> SensorSetup:
    """The sensor as it was, with the one bearing that the alert is on."""
    if windows.kept is not None:
        setup = windows.kept.setup
    elif past.whence.setup is not None:
        setup = past.whence.setup.setup
    else:
        setup = SensorSetup(past.last.sensor, Machine("-"), ())
    return replace(setup, bearings=tuple(one for one in setup.bearings if one.id == past.last.bearing))


def place_in_words(past: Past, language: Language) -> tuple[str, ...]:
    """Machine, position, sensor and bearing by their names."""
    setup, alert = past.whence.setup, past.last
    machine = None if setup is None else setup.machine.name or setup.machine.id
    bearing = None if alert.bearing is None else say("report.bearing_of", language, bearing=alert.bearing)
    named = (past.whence.site, machine, None if setup is None else setup.position, alert.sensor, bearing)
    return tuple(name for name in named if name)


def _remarks(past: Past, bundle: Bundle) -> tuple[str, ...]:
    if identity_of(bundle.manifest) == past.whence.bundle_sha256:
        return ()
    return (f"worded with another bundle than it was judged with; that one was {past.whence.bundle}",)


def _changes(past: Past, descriptions: Descriptions, language: Language) -> Iterator[Change]:
    words = changes_in_words(past, descriptions, language)
    for event, what in zip(past.events, words, strict=True):
        yield Change(_when(event.wall_s), what, event.by)


def changes_in_words(past: Past, descriptions: Descriptions, language: Language) -> Iterator[str]:
    """What each event says that became of the alert, and what somebody found it to be where he says something else."""
    before = None
    for event in past.events:
        told = [_change_in_words(event, descriptions, language)]
        if event.was not in (None, before):
            title = title_of_word(str(event.was), descriptions, language)
            last = None if before is None else title_of_word(before, descriptions, language)
            told.append(found_in_words(title, last, language))
            before = event.was
        yield " ".join(filter(None, told))


def _change_in_words(event: Event, descriptions: Descriptions, language: Language) -> str:
    because = "" if event.reason is None else words_for("because", event.reason, language)
    if event.event == "cleared" and event.reason != "judged":
        return say("report.cleared", language, because=because).strip()
    if event.shelved_until_s is not None and event.reason == "shelved":
        until = datetime.fromtimestamp(event.shelved_until_s).strftime("%Y-%m-%d %H:%M")
        return say("report.shelved_to", language, because=because, until=until)
    if because:
        return because
    title = text_of(event.fault or "unknown", descriptions=descriptions, language=language).title
    severity = say(f"page.severity_{event.severity or 'warning'}", language)
    return say(
        "report.raised" if event.event == "raised" else "report.updated", language, title=title, severity=severity
    )


def _when(wall_s: float | None) -> datetime | None:
    return None if wall_s is None else datetime.fromtimestamp(wall_s, UTC).astimezone()
