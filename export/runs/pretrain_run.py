"""One pre-training from what nobody has labelled to a folder that `train --from` starts from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from dataclasses import replace as changed
from pathlib import Path

import numpy as np

from agent.dsp.features import VERSION
from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from agent.recordings import format_of
from agent.service.watching.ring_folder import files_of
from export.data import trained_files
from export.data.manifest import ManifestRow
from export.data.partners import states_of
from export.data.sampling import simulated_rows
from export.data.simulated import simulated_table
from export.data.unlabelled import (
    Facts,
    Unlabelled,
    as_heard,
    recordings_below,
    ring_in,
    ring_windows,
    together,
    unlabelled,
)
from export.data.viewed import views_of
from export.data.windows import recording_name, table_of
from export.runs.curves import draw_looks
from export.runs.folder import write_json
from export.runs.order import begin, end, is_finished, order_of, rows_digest
from export.runs.pretrained import PretrainedConfig, save_pretrained
from export.runs.suitability import survey
from export.runs.train_run import FIRST_SIMULATED, HOP_S
from export.training.recipe import TrainConfig
from export.training.selfsupervised.pretraining import PretrainConfig, Pretrained, pretrain
from export.training.selfsupervised.watch import verdict_of

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Found:
    """Windows without labels of all sources, and the files that they are from."""

    heard: Unlabelled
    files: tuple[Path, ...]


def run_pretraining(
    sources: Sequence[Path],
    rows: Sequence[ManifestRow],
    config: PretrainConfig,
    recipe: TrainConfig,
    *,
    facts: Facts,
    folder: Path,
    cache: Path,
    machines: int,
    replace: bool = False,
    tell: Tell = lambda line: None,
) -> None:
    """Learn from `sources`, from the recordings `rows` of manifests, and from `machines` simulated ones.

    `tell` hears of every file that is left out, of what is not known, and in the end whether embeddings collapsed.
    What lies in `folder` is treated as `export.runs.order` says; `replace` writes over it.
    """
    spec = FeatureSpec()
    asked = {"pretrain": config, "recipe": recipe, "spec": spec, "machines": machines, "facts": asdict(facts)}
    order = order_of("pretrain", {**asked, "manifest": rows_digest(rows)}, files=_files_of(sources, rows))
    if is_finished(folder, order, replace=replace, tell=tell):
        return
    found = heard_in(sources, rows, spec, facts=facts, views=config.views, cache=cache, tell=tell)
    heard = found.heard
    if machines:
        seeds = range(FIRST_SIMULATED, FIRST_SIMULATED + machines)
        heard = together([heard, as_heard(simulated_table(seeds, spec, cache=cache), config.views)])
    for lack in lacks_of(found.heard, machines=machines):
        tell(f"lacking: {lack}")
    tell(
        f"learning from {len(found.heard)} windows of {len(found.files)} files and {machines} simulated machines: "
        f"{len(np.unique(states_of(heard.table)))} states, {config.steps} steps"
    )
    begin(folder, order)
    (folder / trained_files.FILE).write_bytes(trained_files.stored(found.files))
    made = pretrain(heard, config, recipe=recipe, spec=spec, folder=folder)
    said = PretrainedConfig(config, recipe, spec, VERSION, recordings=len(found.files), windows=len(found.heard))
    save_pretrained(folder, said, made.start)
    _, verdict = verdict_of(list(made.looks))
    write_json(folder / "metrics.json", metrics_of(heard, made))
    draw_looks(folder / "curves.png", made.losses, made.looks, verdict.partition(":")[0])
    end(folder, order)
    tell(verdict)


def _files_of(sources: Sequence[Path], rows: Sequence[ManifestRow]) -> Iterator[Path]:
    """All files that are read; none of what is not there, and none beside them that no format reads."""
    yield from (row.path for row in rows)
    for source in sources:
        if (ring := ring_in(source)) is not None:
            yield from (file.path for file in files_of(ring))
        else:
            below = [source] if source.is_file() else source.rglob("*")
            yield from (path for path in below if format_of(path) is not None)


def heard_in(
    sources: Sequence[Path],
    rows: Sequence[ManifestRow],
    spec: FeatureSpec,
    *,
    facts: Facts,
    views: int,
    cache: Path,
    tell: Tell,
) -> Found:
    """All windows that can be judged; RecordingError where there are none, with each file's reason."""
    parts, files, notes = [], [], []
    recorded = {row.path.resolve(): row for row in rows}
    for source in sources:
        if (ring := ring_in(source)) is not None:
            part, lost = ring_windows(ring, spec, views=views)
            parts += [] if part is None else [part]
            files += [file.path for file in files_of(ring)]
        else:
            below, lost = recordings_below(source, facts)
            recorded = {row.path.resolve(): row for row in below} | recorded
        notes += lost
    if recorded:
        part, lost, used = _recordings(list(recorded.values()), spec, views=views, cache=cache)
        parts += [] if part is None else [part]
        files += used
        notes += lost
    for note in notes:
        tell(f"left out: {' '.join(note.split())}")
    if not parts or not sum(len(part) for part in parts):
        raise RecordingError("nothing to learn from: no window of any source can be judged; each reason is said above")
    return Found(together(parts), tuple(files))


def _recordings(
    rows: Sequence[ManifestRow], spec: FeatureSpec, *, views: int, cache: Path
) -> tuple[Unlabelled | None, list[str], list[Path]]:
    surveyed = survey(rows, spec, hop_s=HOP_S)
    notes = [one.problem for one in surveyed if one.problem is not None]
    used = [changed(one.row, rpm=one.row.rpm or one.own_rpm) for one in surveyed if one.problem is None]
    if not used:
        return None, notes, []
    table, unjudged = table_of(used, spec, cache=cache, hop_s=HOP_S)
    part = Unlabelled(unlabelled(table), views_of(used, spec, cache=cache, count=views, hop_s=HOP_S))
    names = set(table.recordings.tolist())
    return part, notes + unjudged, [row.path for row in used if recording_name(row) in names]


def lacks_of(heard: Unlabelled, *, machines: int) -> list[str]:
    """One line for each thing that is not known of the windows; RecordingError where all are of one state."""
    table, lacks = heard.table, []
    if len(np.unique(states_of(table))) < 2 and not machines:
        raise RecordingError(
            "all windows are of one recording at one speed and no machine is simulated: there is nothing to tell "
            "apart; add recordings, or leave out --machines 0"
        )
    if silent := int(np.isnan(table.rpm).sum()):
        lacks.append(
            f"no speed for {silent} of {len(table)} windows: no orders are learnt from them; way out: --rpm, or a "
            "manifest with column rpm"
        )
    if not table.baseline.any() and not (table.labels == "healthy").any():
        lacks.append(
            "no healthy state of any machine: what is learnt of differences from it comes from simulated machines; "
            "way out: a manifest whose healthy recordings say so in column label or role"
        )
    return lacks


def metrics_of(heard: Unlabelled, made: Pretrained) -> dict[str, object]:
    """What every folder of a pre-training says of it."""
    collapsed, verdict = verdict_of(list(made.looks))
    simulated = int(simulated_rows(heard.table).sum())
    return {
        "windows": {"unlabelled": len(heard) - simulated, "simulated": simulated},
        "states": len(np.unique(states_of(heard.table))),
        "final_loss": float(np.mean(made.losses[-100:])),
        "collapsed": collapsed,
        "verdict": verdict,
        "looks": made.looks,
    }
