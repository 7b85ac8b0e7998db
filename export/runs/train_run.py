"""One training from recordings to a run folder: features, student and tower, calibration, honest figures, curves."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from agent.bundle.load import load_bundle
from agent.diagnosis.baseline import DeviationScale
from agent.dsp.spectra import FeatureSpec
from agent.errors import ConfigError, RecordingError
from export.calibration.deviation import TooShortError, fit_deviation
from export.calibration.head_start import heard_windows
from export.calibration.near_limit import fit_limit
from export.calibration.sign_limits import FittedSigns, fit_signs
from export.calibration.temperature import (
    fit_calibration,
    held_out_similarities,
    training,
)
from export.data import trained_files
from export.data.dressed import dressed_table
from export.data.foreign import foreign_windows
from export.data.manifest import ManifestRow
from export.data.simulated import simulated_table
from export.data.table import Table, join
from export.data.windows import recording_name, table_of
from export.progress import busy
from export.runs.curves import draw_curves
from export.runs.figures import Outcome, metrics_of
from export.runs.folder import BegunWith, RunConfig, save_run, write_json
from export.runs.kept_start import keep_start
from export.runs.order import begin, end, is_finished, order_of, rows_digest
from export.runs.pretrained import Begun, start_of_folds
from export.runs.suitability import lacks_of, survey
from export.scoring.doubts import doubts_of, warnings_of
from export.text.encoders import EncodedSentences, text_encoder
from export.text.no_fault import training_sentences, wordings_digest
from export.training.recipe import TrainConfig
from export.training.train import train

HOP_S = 0.5  # denser than the agent's own hop: more windows from the same recordings
FOLDS = 5
FOLDS_FOLDER = "folds"  # their checkpoints, until the run is finished
FOLD_STEPS = 0.5  # of the full training: enough to calibrate by
FIRST_SIMULATED = 1000


def run_experiment(
    rows: Sequence[ManifestRow],
    config: TrainConfig,
    *,
    folder: Path,
    cache: Path,
    machines: int,
    spec: FeatureSpec | None = None,
    hop_s: float = HOP_S,
    begun: Begun | None = None,
    replace: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> None:
    """Train on `rows` and on `machines` simulated machines; `tell` hears, before it, what the recordings lack.

    What lies in `folder` is treated as `export.runs.order` says; `replace` writes over it.

    Where the student was `begun` without labels, those of the folds are too if it has heard none of the recordings.
    """
    if begun is not None and folder.resolve() == begun.folder.resolve():
        raise ConfigError(f"--out {folder}: is the folder that the training starts from; name another one")
    spec = spec or FeatureSpec()
    encoder = text_encoder(config.text)
    asked = {"recipe": config, "spec": spec, "machines": machines, "hop_s": hop_s, "wordings": wordings_digest()}
    asked |= {"manifest": rows_digest(rows), "from": "chance" if begun is None else begun.sha256}
    order = order_of("train", asked, files=[row.path for row in rows])
    if is_finished(folder, order, replace=replace, tell=tell):
        return
    surveyed = survey(rows, spec, hop_s=hop_s)
    for lack in lacks_of(surveyed, spec, hop_s=hop_s, machines=machines):
        tell(f"lacking: {lack}")
    rows = [one.row for one in surveyed if one.problem is None]
    real, notes = table_of(rows, spec, cache=cache, hop_s=hop_s)
    for note in notes:
        tell(f"left out: {note}")
    if not len(real):
        raise RecordingError("no window of any recording can be judged: each one's signal is dead, stuck or clipped")
    with busy("limits of deviation"):
        deviation, borrowed = deviation_of(real, spec)
    seeds = range(FIRST_SIMULATED, FIRST_SIMULATED + machines)
    table = join([real, simulated_table(seeds, spec, cache=cache)]) if machines else real
    dressed = dressed_table(rows, spec, cache=cache)
    learnt = table
    if config.foreign_share > 0:
        learnt = join([table, foreign_windows(rows, spec, cache=cache)])
    with busy("limits of signs"):
        signs = fit_signs(table, dressed, spec)
    heard = [row.path for row in rows if recording_name(row) in set(real.recordings.tolist())]
    begin(folder, order)
    (folder / trained_files.FILE).write_bytes(
        trained_files.stored(heard) if begun is None else trained_files.stored_beside(begun.folder, heard)
    )
    with busy("sentences of the training"):
        sentences = training_sentences()
        texts = EncodedSentences(sentences, encoder.encode(sentences.texts))

    trained = train(learnt, config, spec=spec, texts=texts, folder=folder, start=None if begun is None else begun.start)
    trained.tower.near.fill_(fit_limit(sentences, texts.vectors, config))
    steps = fold_steps(config.steps)
    folds = folder / FOLDS_FOLDER
    start = None if begun is None else start_of_folds(begun, heard, tell)
    learn = training(config, steps=steps, spec=spec, texts=texts, folder=folds, start=start)
    held_out = held_out_similarities(learnt, learn, spec=spec, texts=texts, count=FOLDS, seed=config.seed)
    keep_start(folder, start, () if begun is None else begun.heard.difference(trained_files.hashes_of(heard)))
    run_config = RunConfig(
        train=config,
        spec=spec,
        recordings=len(rows) - len(notes),
        machines_simulated=machines,
        hop_s=hop_s,
        text_encoder=encoder.name,
        wordings_sha256=wordings_digest(),
        deviation_of=borrowed,
        begun=None if begun is None else BegunWith(begun.objective, begun.sha256, folds=start is not None),
    )
    outcome = Outcome(trained, learnt, held_out, texts, encoder)
    finish(folder, run_config, outcome, deviation=deviation, signs=signs, tell=tell)
    end(folder, order)


def deviation_of(real: Table, spec: FeatureSpec) -> tuple[DeviationScale, str | None]:
    """How healthy windows of the recordings scatter; where they are too short, as of the bundle that is named, too."""
    try:
        return fit_deviation(real, spec), None
    except TooShortError as error:
        shipped = load_bundle("default").manifest
        if shipped.spec != spec:
            raise RecordingError(f"{error}, and the shipped bundle has none for these windows") from error
        return shipped.deviation, f"{shipped.name} {shipped.version}"


def finish(
    folder: Path,
    config: RunConfig,
    outcome: Outcome,
    *,
    deviation: DeviationScale,
    signs: FittedSigns,
    beside: Mapping[str, object] = MappingProxyType({}),
    tell: Callable[[str], None] = lambda line: None,
) -> None:
    """Calibrate and write the whole run folder, `beside` among its metrics; the folds' checkpoints go.

    `tell` hears what the run's own figures say against it.
    """
    trained, table, recipe = outcome.trained, outcome.table, config.train
    with busy("probabilities and limits"):
        likeness = fit_calibration(outcome.held_out, table, real_share=recipe.real_share)
    calibration = msgspec.structs.replace(likeness, signs=signs.above, blind_signs=signs.blind)
    save_run(
        folder,
        config=config,
        table=table,
        sentences=outcome.texts.sentences,
        trained=trained,
        calibration=calibration,
        deviation=deviation,
        heard=heard_windows(trained, table, real_share=recipe.real_share, seed=recipe.seed),
    )
    with busy("figures of the run"):
        metrics = metrics_of(outcome, calibration, real_share=recipe.real_share)
    doubts = doubts_of(metrics["held_out_groups"], table)
    write_json(folder / "metrics.json", {**metrics, "doubts": doubts, **beside})
    draw_curves(folder / "curves.png", trained.losses, outcome.held_out, table)
    shutil.rmtree(folder / FOLDS_FOLDER)
    for line in warnings_of(doubts):
        tell(line)


def fold_steps(steps: int) -> int:
    """Steps of each fold's training beside one of `steps`."""
    return max(1, round(steps * FOLD_STEPS))
