"""A machine that training never heard, commissioned and then listened to: false alarms, and how soon faults are raised.

Its healthy recordings are played through the agent with its decision logic, after a commissioning at its other speeds
alone or at this speed too; then each of its faulty ones. What teaches is never scored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from agent.alerting.window_rules import DecisionConfig
from agent.diagnosis.baseline import MIN_WINDOWS, SAME_SPEED
from agent.dsp.spectra import FeatureSpec
from agent.machine import Bearing, Machine, SensorSetup
from agent.recordings.recording import Recording
from agent.types import HEALTHY
from export.data.manifest import ManifestRow, read_row
from export.progress import track
from export.scoring.statistics import Rate, Share, rate_of, share_of_count
from export.studies.columns.splits import FAMILIES, machine_column
from export.studies.columns.training_cache import Material, kept
from export.studies.field.edge import Edge, healthy_at_length, trained_edge
from export.studies.field.playing import Baselines, Playback, Player, commission, cut
from export.training.recipe import TrainConfig

SENSOR, BEARING = "sensor", "bearing"
ELSEWHERE, HERE = "other speeds", "this speed too"
SETTINGS = (ELSEWHERE, HERE)
"""What the machine was commissioned at. Here: the first half of the healthy recording teaches, the second is scored."""
MODES = {"default": DecisionConfig(), "described": DecisionConfig(alert_uncommissioned=True)}
"""The decision as it ships, and one that lets descriptions alone raise where no baseline covers the speed."""


RAISE_WITHIN_S = 60.0


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One recording played after one commissioning."""

    machine: str
    label: str
    recording: str
    rpm: float
    setting: str
    mode: str
    seconds: float
    judged: int  # windows
    high: int  # that counted towards an alert
    named: int  # that were called a fault, alert or not
    covered: int  # for which a baseline set a limit
    raised: int
    delay_s: float | None  # of the first alert, from the first faulty sample
    name: str | None  # what it called the fault


class CommissionedCell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All scenes of one machine, with an encoder that never heard it."""

    scenes: tuple[Scene, ...]
    skipped: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Played:
    """A row and its samples."""

    row: ManifestRow
    recording: Recording
    rpm: float


def run_commissioned(
    material: Material,
    rows: Sequence[ManifestRow],
    config: TrainConfig,
    *,
    folder: Path,
    tell: Callable[[str], None] = lambda line: None,
) -> tuple[CommissionedCell, ...]:
    """A cell for every rig that `rows` name."""
    cells = []
    for family in track(FAMILIES, "rig"):
        mine = [row for row in rows if row.machine.startswith(family) and row.rpm is not None]
        if not any(row.label == HEALTHY for row in mine):
            continue
        cell = kept(folder / f"{family}.json", CommissionedCell, partial(cell_of, material, family, mine, config))
        cells.append(cell)
        tell(f"{family}: {len(cell.scenes)} scenes, {cell.seconds:.0f} s")
    return tuple(cells)


def cell_of(material: Material, family: str, rows: Sequence[ManifestRow], config: TrainConfig) -> CommissionedCell:
    """Train on the other rigs, then play every recording of this one in every setting and mode."""
    start = time.monotonic()
    column = machine_column(material.recorded, family)
    taught = replace(material, recorded=material.recorded.take(column.trained))
    edge = trained_edge(taught, config)
    played = [Played(row, read_row(row), row.rpm) for row in rows if row.rpm is not None]
    skipped: list[str] = []
    if healthy_at_length(taught) is not taught.recorded:
        skipped.append(
            f"{family}: no other rig was recorded healthy long enough; its limit comes from simulated machines"
        )
    scenes = tuple(scenes_of(edge, played, skipped.append))
    return CommissionedCell(scenes, tuple(dict.fromkeys(skipped)), time.monotonic() - start)


def scenes_of(edge: Edge, played: Sequence[Played], skip: Callable[[str], None]) -> Iterator[Scene]:
    """Every recording after every commissioning that the machine's healthy recordings allow."""
    healthy = [one for one in played if one.row.label == HEALTHY]
    for setting in SETTINGS:
        for here in healthy:
            others = [one for one in healthy if not is_same_speed(one.rpm, here.rpm)]
            if setting == ELSEWHERE and not others:
                skip(f"{here.row.machine}: healthy at no other speed than {here.rpm:g} rpm")
                continue
            baselines = taught_by(edge, others)
            scored: Recording | None = here.recording
            if setting == HERE:
                teaching, scored = halves_of(here.recording, edge.bundle.spec)
                baselines = commission(edge, setup_of(here), [teaching], baselines)
                if scored is None:
                    skip(f"{here.row.path.name}: too short to teach and be scored; it teaches its speed alone")
            after = [one for one in played if one.row.label != HEALTHY and is_same_speed(one.rpm, here.rpm)]
            for mode, config in MODES.items():
                if scored is not None:
                    player = Player(edge, setup_of(here), config, baselines)
                    yield _scene(here, player.play(scored), setting, mode)
                for one in after:
                    player = Player(edge, setup_of(one), config, baselines)
                    if scored is not None:
                        player.play(scored)
                    yield _scene(one, player.play(one.recording), setting, mode)


def halves_of(recording: Recording, spec: FeatureSpec) -> tuple[Recording, Recording | None]:
    """What teaches of a healthy recording, and what is left to score: all and nothing where halves are too short."""
    assert recording.rate_hz is not None
    needed_s = spec.window_s + (MIN_WINDOWS - 1) * spec.hop_s
    if len(recording.samples) / 2 < (needed_s + spec.hop_s) * recording.rate_hz:
        return recording, None
    return cut(recording, 0.0, 0.5), cut(recording, 0.5, 1.0)


def taught_by(edge: Edge, healthy: Sequence[Played]) -> Baselines:
    """The baselines of whole healthy recordings, each at its own speed."""
    baselines: Baselines = {}
    for one in healthy:
        baselines = commission(edge, setup_of(one), [one.recording], baselines)
    return baselines


def setup_of(one: Played) -> SensorSetup:
    """The sensor as the manifest describes it; the speed is nominal."""
    machine = Machine(one.row.machine, rpm=one.rpm, rpm_tolerance=one.row.tolerance, speed_source="config")
    return SensorSetup(SENSOR, machine, bearings=(Bearing(BEARING, one.row.geometry),))


def is_same_speed(one: float, other: float) -> bool:
    return abs(float(np.log(one / other))) <= SAME_SPEED


def _scene(one: Played, heard: Playback, setting: str, mode: str) -> Scene:
    return Scene(
        machine=one.row.machine,
        label=one.row.label,
        recording=one.row.path.name,
        rpm=one.rpm,
        setting=setting,
        mode=mode,
        seconds=heard.seconds,
        judged=heard.judged,
        high=heard.high,
        named=heard.named,
        covered=int(np.isfinite(heard.deviation).sum()),
        raised=len(heard.raised_s),
        delay_s=heard.raised_s[0] if heard.raised_s else None,
        name=heard.names[0] if heard.names else None,
    )


# ---------------------------------------------------------------------------------------------- what it comes to


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One machine, setting and mode; the bounds of shares are of windows that do not overlap."""

    machine: str
    setting: str
    mode: str
    healthy_seconds: float
    false_alarms: Share | None  # healthy windows that counted towards an alert
    named_healthy: Share | None  # healthy windows that were called a fault, alert or not
    covered: bool  # a baseline set a limit
    false_alerts: Rate | None  # per scored hour
    faults: int  # faulty recordings
    raised: int  # of them within RAISE_WITHIN_S
    rightly_named: int  # of the raised ones
    longest_delay_s: float | None
    median_delay_s: float | None
    fault_seconds: float  # of the shortest faulty recording: none can be raised later


def watches_of(cells: Sequence[CommissionedCell], *, overlap: float) -> list[Watch]:
    """Every machine, setting and mode that was played; `overlap` is window over hop."""
    scenes = [scene for cell in cells for scene in cell.scenes]
    keys = dict.fromkeys((scene.machine, scene.setting, scene.mode) for scene in scenes)
    return [_watch([s for s in scenes if (s.machine, s.setting, s.mode) == key], overlap) for key in keys]


def _watch(scenes: Sequence[Scene], overlap: float) -> Watch:
    healthy = [scene for scene in scenes if scene.label == HEALTHY]
    faulty = [scene for scene in scenes if scene.label != HEALTHY]
    delays = [scene.delay_s for scene in faulty if scene.delay_s is not None and scene.delay_s <= RAISE_WITHIN_S]
    windows, seconds = sum(scene.judged for scene in healthy), sum(scene.seconds for scene in healthy)
    return Watch(
        machine=scenes[0].machine,
        setting=scenes[0].setting,
        mode=scenes[0].mode,
        healthy_seconds=seconds,
        false_alarms=share_of_count(sum(scene.high for scene in healthy), windows, overlap=overlap),
        named_healthy=share_of_count(sum(scene.named for scene in healthy), windows, overlap=overlap),
        covered=any(scene.covered for scene in scenes),
        false_alerts=rate_of(sum(scene.raised for scene in healthy), seconds / 3600),
        faults=len(faulty),
        raised=len(delays),
        rightly_named=sum(scene.delay_s in delays and scene.name == scene.label for scene in faulty),
        longest_delay_s=max(delays, default=None),
        median_delay_s=float(np.median(delays)) if delays else None,
        fault_seconds=min((scene.seconds for scene in faulty), default=0.0),
    )
