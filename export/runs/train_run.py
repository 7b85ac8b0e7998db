"""One training from recordings to a run folder: features, student and tower, calibration, honest figures, curves."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import msgspec
import numpy as np

from agent.bundle.load import load_bundle
from agent.diagnosis.baseline import DeviationScale
from agent.diagnosis.matching import Calibration
from agent.dsp.spectra import FeatureSpec
from agent.errors import RecordingError
from agent.types import FAULTS
from export.calibration.deviation import TooShortError, fit_deviation
from export.calibration.head_start import heard_windows
from export.calibration.near_limit import fit_limit
from export.calibration.reliability import reliability_of
from export.calibration.sign_limits import FittedSigns, fit_signs
from export.calibration.temperature import (
    HeldOut,
    fit_calibration,
    held_out_similarities,
    softmax,
    training,
)
from export.data import trained_files
from export.data.dressed import dressed_table
from export.data.foreign import foreign_windows
from export.data.manifest import ManifestRow
from export.data.sampling import foreign_rows, recorded_rows, sampling_weights
from export.data.simulated import simulated_table
from export.data.table import Table, join
from export.data.windows import recording_name, table_of
from export.network.graph import Floats
from export.progress import busy
from export.runs.curves import draw_curves
from export.runs.folder import BegunWith, RunConfig, save_run, write_json
from export.runs.pretrained import Begun, start_of_folds
from export.runs.suitability import lacks_of, survey
from export.scoring.score import (
    REFERENCES,
    balanced_accuracy,
    by_family,
    embeddings,
    encoder_inputs,
    nearest,
    recall_per_label,
)
from export.scoring.spread import Spread, spread_of
from export.text.encoders import FOLDER, EncodedSentences, TextEncoder, read_wordings, sentences_of, text_encoder
from export.text.no_fault import training_sentences, wordings_digest
from export.text.tower import describe, describe_faults, fault_centres, nearest_fault_share, whole
from export.training.recipe import TrainConfig
from export.training.train import Trained, train

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
    tell: Callable[[str], None] = lambda line: None,
) -> None:
    """Train on `rows` and on `machines` simulated machines; `tell` hears, before it, what the recordings lack.

    Where the student was `begun` without labels, those of the folds are too if it has heard none of the recordings.
    """
    spec = spec or FeatureSpec()
    encoder = text_encoder(config.text)
    surveyed = survey(rows, spec, hop_s=hop_s)
    for lack in lacks_of(surveyed, spec, hop_s=hop_s, machines=machines):
        tell(f"lacking: {lack}")
    rows = [one.row for one in surveyed if one.problem is None]
    folder.mkdir(parents=True, exist_ok=True)
    real, notes = table_of(rows, spec, cache=cache, hop_s=hop_s)
    for note in notes:
        tell(f"left out: {note}")
    if not len(real):
        raise RecordingError("no window of any recording can be judged: each one's signal is dead, stuck or clipped")
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
    (folder / trained_files.FILE).write_bytes(
        trained_files.stored(heard) if begun is None else trained_files.stored_beside(begun.folder, heard)
    )
    sentences = training_sentences()
    texts = EncodedSentences(sentences, encoder.encode(sentences.texts))

    trained = train(learnt, config, spec=spec, texts=texts, folder=folder, start=None if begun is None else begun.start)
    trained.tower.near.fill_(fit_limit(sentences, texts.vectors, config))
    steps = fold_steps(config.steps)
    folds = folder / FOLDS_FOLDER
    start = None if begun is None else start_of_folds(begun, heard, tell)
    learn = training(config, steps=steps, spec=spec, texts=texts, folder=folds, start=start)
    held_out = held_out_similarities(learnt, learn, spec=spec, texts=texts, count=FOLDS, seed=config.seed)
    run_config = RunConfig(
        train=config,
        spec=spec,
        recordings=len(rows) - len(notes),
        machines_simulated=machines,
        hop_s=hop_s,
        text_encoder=encoder.name,
        wordings_sha256=wordings_digest(),
        deviation_of=borrowed,
        begun=None if begun is None else BegunWith(begun.objective, begun.sha256),
    )
    outcome = Outcome(trained, learnt, held_out, texts, encoder)
    finish(folder, run_config, outcome, deviation=deviation, signs=signs)


def deviation_of(real: Table, spec: FeatureSpec) -> tuple[DeviationScale, str | None]:
    """How healthy windows of the recordings scatter; where they are too short, as of the bundle that is named, too."""
    try:
        return fit_deviation(real, spec), None
    except TooShortError as error:
        shipped = load_bundle("default").manifest
        if shipped.spec != spec:
            raise RecordingError(f"{error}, and the shipped bundle has none for these windows") from error
        return shipped.deviation, f"{shipped.name} {shipped.version}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one training made, and what its folds said of windows that they had not learnt from."""

    trained: Trained
    table: Table
    held_out: HeldOut
    texts: EncodedSentences
    encoder: TextEncoder


def finish(
    folder: Path,
    config: RunConfig,
    outcome: Outcome,
    *,
    deviation: DeviationScale,
    signs: FittedSigns,
    beside: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """Calibrate and write the whole run folder, `beside` among its metrics; the folds' checkpoints go."""
    trained, table, recipe = outcome.trained, outcome.table, config.train
    with busy("probabilities and limits"):
        likeness = fit_calibration(outcome.held_out, table, real_share=recipe.real_share)
    calibration = msgspec.structs.replace(likeness, signs=signs.above, blind_signs=signs.blind)
    save_run(
        folder,
        config=config,
        table=table,
        trained=trained,
        calibration=calibration,
        deviation=deviation,
        heard=heard_windows(trained, table, real_share=recipe.real_share, seed=recipe.seed),
    )
    with busy("figures of the run"):
        metrics = metrics_of(outcome, calibration, real_share=recipe.real_share)
    write_json(folder / "metrics.json", {**metrics, **beside})
    shutil.rmtree(folder / FOLDS_FOLDER)
    draw_curves(folder / "curves.png", trained.losses, outcome.held_out, table)


def fold_steps(steps: int) -> int:
    """Steps of each fold's training beside one of `steps`."""
    return max(1, round(steps * FOLD_STEPS))


def metrics_of(outcome: Outcome, calibration: Calibration, *, real_share: float) -> dict[str, object]:
    """What every run folder says of its student."""
    trained, table, texts = outcome.trained, outcome.table, outcome.texts
    real, foreign = int(recorded_rows(table).sum()), int(foreign_rows(table).sum())
    centres = fault_centres(trained.tower, texts)
    return {
        "windows": {"real": real, "simulated": len(table) - real - foreign, "foreign": foreign},
        "final_loss": float(np.mean(trained.losses[-100:])),
        "held_out_groups": held_out_metrics(outcome.held_out, table, calibration.temperature, real_share),
        "training_windows": training_metrics(trained, table, centres),
        "embedding": embedding_metrics(trained, table, centres),
        "text": text_metrics(trained, table, centres, outcome.encoder),
    }


def held_out_metrics(held_out: HeldOut, table: Table, temperature: float, real_share: float) -> dict[str, object]:
    """What students say of bearings and machines that they were not trained on (the other bearings of a rig were)."""
    part = table.take(held_out.rows)
    predicted = nearest(held_out.similarity, FAULTS)
    probability = softmax(held_out.similarity.astype(np.float64) / temperature).max(axis=1)
    weights = sampling_weights(table, held_out.rows, real_share)
    return {
        "balanced_accuracy_by_family": by_family(predicted, part),
        "recall_per_label": recall_per_label(predicted, part.labels),
        "calibration_error": reliability_of(probability, predicted == part.labels, weights).error,
    }


def training_metrics(trained: Trained, table: Table, centres: Floats) -> dict[str, object]:
    """How well the training windows themselves are fitted; says nothing about other machines."""
    scored = np.flatnonzero(~table.baseline)
    part = table.take(scored)
    result: dict[str, object] = {}
    for name, with_reference in REFERENCES:
        inputs = encoder_inputs(table, trained.scaling, with_reference=with_reference)[scored]
        predicted = nearest(embeddings(trained.student, inputs) @ centres.T, FAULTS)
        result[name] = by_family(predicted, part)
    return result


def embedding_metrics(trained: Trained, table: Table, centres: Floats) -> Spread:
    """How the training windows use the space: dimensions in use, distance to their own description, spread."""
    scored = np.flatnonzero(~table.baseline)
    embedded = embeddings(trained.student, encoder_inputs(table, trained.scaling)[scored])
    own = centres[[FAULTS.index(label) for label in table.labels[scored]]]
    return spread_of(embedded, own)


def text_metrics(trained: Trained, table: Table, centres: Floats, encoder: TextEncoder) -> dict[str, object]:
    """What it costs to describe the faults in sentences that training never saw, on the training windows."""
    never_seen = sentences_of(read_wordings(FOLDER / "unseen.toml"), FAULTS)
    encoded = encoder.encode(never_seen.texts)
    scored = np.flatnonzero(~table.baseline)
    embedded = embeddings(trained.student, encoder_inputs(table, trained.scaling)[scored])
    labels = table.labels[scored]
    swapped = describe_faults(trained.tower, encoded, never_seen, FAULTS)
    usual = balanced_accuracy(nearest(embedded @ centres.T, FAULTS), labels)
    return {
        "unseen_sentences_nearest_to_their_fault": nearest_fault_share(
            describe(trained.tower, encoded), never_seen, whole(trained.tower, centres), FAULTS
        ),
        "cost_of_unseen_wordings": usual - balanced_accuracy(nearest(embedded @ swapped.T, FAULTS), labels),
    }
