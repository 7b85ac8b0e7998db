"""Where a section comes from: files with their hashes, what was told beside them, and who judged it."""

from __future__ import annotations

from agent.machine import BallCount
from agent.messages.answer import what_was_read
from agent.messages.words import Language, say
from agent.report.markup import Markup, element, joined
from agent.report.section import Judge, Section, SourceFile
from agent.report.tables import foreign, listed, table

Rows = list[tuple[str, str]]


def origin(section: Section) -> Markup:
    """The table."""
    answer, language = section.answer, section.answer.language
    rows = [
        (say("report.file", language), listed(_file(file, section) for file in section.files)),
        (say("report.read_as", language), listed([what_was_read(answer), _samples(section)])),
        (say("report.told_speed", language), told_speed(section)),
        (say("report.told_bearing", language), told_bearing(section)),
        (say("report.healthy_file", language), _healthy(section)),
        *judged_by(section.judge, language),
    ]
    return table(rows, class_="facts")


def judged_by(judge: Judge, language: Language) -> Rows:
    """The rows of agent and bundle."""
    bundle = [judge.bundle, element("div", f"SHA-256 {judge.bundle_sha256}", class_="hash")]
    return [
        (say("report.agent", language), say("report.agent_version", language, version=judge.agent)),
        (say("report.bundle", language), listed(bundle)),
    ]


def _healthy(section: Section) -> str:
    language = section.answer.language
    if section.healthy is None and section.answer.verdict.deviation is not None:
        return say("report.healthy_kept", language)
    healthy = [_file(file, section) for file in section.healthy or ()]
    return listed(healthy) if healthy else say("report.no_healthy_file", language)


def _samples(section: Section) -> str:
    recording, language = section.answer.recording, section.answer.language
    pieces = len({(piece.session, piece.start - piece.row) for piece in recording.pieces})
    code = "report.samples_whole" if pieces == 1 else "report.samples"
    return say(code, language, samples=len(recording.samples), pieces=pieces)


def told_speed(section: Section) -> str:
    answer, language = section.answer, section.answer.language
    told = section.machine
    if answer.shown is None and told.rpm is not None:  # nothing was measured at the speed that was told
        came_from = say(f"origin.{told.speed_source}", language)
        return say("shown.rpm", language, rpm=f"{told.rpm:.1f}", origin=came_from)
    rpm = None if answer.shown is None else answer.shown.speed.rpm
    came_from = say(f"origin.{answer.speed_from}", language)
    return came_from if rpm is None else say("shown.rpm", language, rpm=f"{rpm:.1f}", origin=came_from)


def told_bearing(section: Section) -> str:
    """What was told of the bearing."""
    bearing, language = section.bearing, section.answer.language
    if bearing is None or bearing.geometry is None:
        return say("report.told_nothing", language)
    if isinstance(bearing.geometry, BallCount):
        inside = say("report.balls_of", language, balls=bearing.geometry.balls)
    else:
        figures = {name: f"{getattr(bearing.orders, name):.4f}" for name in ("bpfo", "bpfi", "bsf", "ftf")}
        inside = say("report.orders_of", language, **figures)
    return listed([foreign(bearing.id), inside])


def _file(file: SourceFile, section: Section) -> Markup:
    size = say("report.bytes", section.answer.language, bytes=f"{file.bytes:,}")
    return joined(foreign(file.name), ", ", size, element("div", file.sha256, class_="hash"))
