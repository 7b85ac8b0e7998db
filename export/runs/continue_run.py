"""A finished run goes on with recordings of new machines or new faults, into a run folder of its own.

Of what it has heard its table is all that is needed; the recordings may be gone. A bounded part of that table is heard
again and carried on. Limits of deviation and of signs are taken over, so that healthy states which agents have learnt
stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from agent.errors import ConfigError, RecordingError
from agent.types import FAULTS
from export.calibration.sign_limits import FittedSigns
from export.calibration.temperature import held_out_similarities
from export.data import trained_files
from export.data.manifest import ManifestRow
from export.data.store import kept_rows
from export.data.table import Table, join
from export.data.windows import recording_name, table_of
from export.runs.figures import Outcome
from export.runs.folder import Continued, ForgetsOfRun, Run, load_trained, read_descriptions
from export.runs.kept_start import keep_start, start_in, unlabelled_in
from export.runs.order import begin, digest_of, end, is_finished, order_of, rows_digest
from export.runs.remembering import Lineage, forgets_of_heard
from export.runs.suitability import lacks_of, survey
from export.runs.train_run import FOLDS, FOLDS_FOLDER, finish
from export.text.tower import sha256
from export.training.continuing import ContinueConfig, go_on
from export.training.start import Start

Tell = Callable[[str], None]


def run_continuation(
    run: Run,
    rows: Sequence[ManifestRow],
    config: ContinueConfig,
    *,
    folder: Path,
    cache: Path,
    adopted: Sequence[Table] = (),
    adopted_files: frozenset[int] | None = frozenset(),
    replace: bool = False,
    tell: Tell = lambda line: None,
) -> None:
    """Train the network of `run` on with the recordings `rows` and with what was `adopted` from agents.

    `adopted_files` are hashes of the files that the rows adopted are from, None where these do not say. `tell` hears
    what the recordings lack, which of them it knows already, and which faults it cannot learn.

    It is calibrated by groups, old and new, that neither a fold's network nor what became of it has heard.
    What lies in `folder` is treated as `export.runs.order` says; `replace` writes over it.
    """
    if folder.resolve() == run.folder.resolve():
        raise ConfigError(f"--out {folder}: is the folder of the run that goes on; name another one")
    if run.config.distilled:
        raise ConfigError(
            f"{run.folder}: is a distilled student; continue the run that it learnt from, and distil that again"
        )
    run_sha256 = sha256((run.folder / "trained.pt").read_bytes())
    told = [digest_of(table.values, table.labels, table.recordings) for table in adopted]
    asked = {"continue": config, "run": run_sha256, "manifest": rows_digest(rows), "adopted": " ".join(sorted(told))}
    order = order_of("continue", asked, files=[row.path for row in rows])
    if is_finished(folder, order, replace=replace, tell=tell):
        return
    texts, spec, recipe = read_descriptions(run), run.config.spec, run.config.train
    recorded, used = _new_windows(run, rows, cache=cache, tell=tell) if rows else (None, [])
    new = _with_adopted(run, recorded, adopted, tell)
    heard = run.table.take(kept_rows(run.table, config.keep))
    files = trained_files.hashes_of([row.path for row in used]) | (adopted_files or frozenset())
    start = _start_of_folds(run, files, tell, all_known=adopted_files is not None)
    begin(folder, order)
    keep_start(folder, start, unlabelled_in(run) - files)
    (folder / trained_files.FILE).write_bytes(trained_files.stored_with(run.folder, files))

    before = load_trained(run, texts.encoder)
    trained = go_on(before, heard, new, config, recipe=recipe, spec=spec, texts=texts.texts, folder=folder)
    table = join([heard, new])
    lineage = Lineage(run, texts, config, len(heard), folder / FOLDS_FOLDER, start)
    held_out = held_out_similarities(
        table, lineage.learner(table), spec=spec, texts=texts.texts, count=FOLDS, seed=recipe.seed
    )
    source = Continued(config, recordings=len(used), run_sha256=run_sha256)
    begun = run.config.begun
    run_config = msgspec.structs.replace(
        run.config,
        recordings=run.config.recordings + len(used),
        continued=(*run.config.continued, source),
        begun=None if begun is None else msgspec.structs.replace(begun, folds=start is not None),
    )
    forgets = ForgetsOfRun(
        left_out_groups=lineage.forgets(table, seed=recipe.seed),
        heard_windows=forgets_of_heard(heard, run.graph, trained, texts),
    )
    outcome = Outcome(trained, table, held_out, texts.texts, texts.encoder)
    signs = FittedSigns(run.calibration.signs, run.calibration.blind_signs)
    finish(folder, run_config, outcome, deviation=run.deviation, signs=signs, beside={"forgets": forgets}, tell=tell)
    end(folder, order)


def _start_of_folds(run: Run, files: frozenset[int], tell: Tell, *, all_known: bool) -> Start | None:
    """What the run's folds began with, if that has heard none of the new `files`; else None, and `tell` hears why."""
    start = start_in(run)
    if start is None:
        return None
    if known := len(files & unlabelled_in(run)):
        tell(f"folds start from chance: {known} of the new files were heard without labels before")
        return None
    if not all_known:
        tell(
            "folds start from chance: the rows adopted do not say which files they are from, and some may have been "
            "heard without labels before; adopt the alerts again to have it known"
        )
        return None
    return start


def _new_windows(
    run: Run, rows: Sequence[ManifestRow], *, cache: Path, tell: Tell
) -> tuple[Table, Sequence[ManifestRow]]:
    """Windows of the recordings that the run has not heard, and these; RecordingError where none is left."""
    spec, hop_s = run.config.spec, run.config.hop_s
    learnt = (trained_files.read(run.folder) or frozenset()) - unlabelled_in(run)
    known = trained_files.known_among([row.path for row in rows], learnt)
    for path in sorted(known):
        tell(f"left out: {path}: this run was trained on it already")
    surveyed = survey([row for row in rows if row.path not in known], spec, hop_s=hop_s)
    if not surveyed:
        raise RecordingError("every recording is one that this run was trained on already; name new ones")
    machines = run.config.machines_simulated or 1  # what is heard again teaches the faults that are missing here
    for lack in lacks_of(surveyed, spec, hop_s=hop_s, machines=machines):
        tell(f"lacking: {lack}")
    used = [one.row for one in surveyed if one.problem is None]
    table, notes = table_of(used, spec, cache=cache, hop_s=hop_s)
    for note in notes:
        tell(f"left out: {note}")
    if not len(table):
        raise RecordingError("no window of any recording can be judged: each one's signal is dead, stuck or clipped")
    names = set(table.recordings.tolist())
    return table, [row for row in used if recording_name(row) in names]


def _with_adopted(run: Run, recorded: Table | None, adopted: Sequence[Table], tell: Tell) -> Table:
    """All new windows of faults that an encoder knows; RecordingError where there are none."""
    tables = [] if recorded is None else [recorded]
    for table in adopted:
        known = np.isin(table.labels, FAULTS)
        for label in sorted(set(table.labels[~known].tolist())):
            tell(
                f"left out: {label}: no fault that an encoder is trained on; `describe` adds it to a bundle by words, "
                "and by these examples of it (--examples)"
            )
        tables.append(table.take(known))
    table = join(tables)
    if table.baseline.all():
        raise RecordingError("nothing new is left to learn from; name recordings (--manifest) or rows (--adopted)")
    if shared := sorted(set(table.recordings.tolist()) & set(run.table.recordings.tolist())):
        raise ConfigError(
            f"{shared[0]}: the run has heard a recording of that name; leave it out, or rename its file or folder "
            "where it is another one"
        )
    return table
