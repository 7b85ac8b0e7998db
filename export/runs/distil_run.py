"""One distillation from a finished run to another: student, calibration, what it costs beside its network, curves.

The run folder holds all that it needs. Its table is that of the training, windows of recordings included, so that the
recordings themselves may be gone; description, scaling and limits of deviation are taken over as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from pathlib import Path

import msgspec
import numpy as np

from agent.errors import ConfigError
from agent.types import FAULTS
from export.calibration.sign_limits import FittedSigns
from export.calibration.temperature import Learner, held_out_similarities, training
from export.data import trained_files
from export.data.sampling import folds, foreign_rows
from export.data.table import Table
from export.network.graph import Graph, embed, multiplications
from export.network.model import fold
from export.runs.figures import Outcome
from export.runs.folder import Descriptions, Run, read_descriptions
from export.runs.kept_start import keep_start, start_in, unlabelled_in
from export.runs.order import begin, end, is_finished, order_of
from export.runs.train_run import FOLDS, FOLDS_FOLDER, finish, fold_steps
from export.scoring.agreement import Agreement, agreement_of, agreement_of_named
from export.scoring.score import REFERENCES, by_family, encoder_inputs, nearest
from export.shrinking.distil import DistilConfig, Network, distil
from export.text.tower import fault_centres, sha256
from export.training.start import Start
from export.training.train import Trained

Tell = Callable[[str], None]


def run_distillation(
    run: Run, config: DistilConfig, *, folder: Path, replace: bool = False, tell: Tell = lambda line: None
) -> None:
    """Teach a student of `config` what the network of `run` says, into a run folder of its own.

    The student is calibrated as its network was, by groups that neither a fold's network nor its student has seen.
    What lies in `folder` is treated as `export.runs.order` says; `replace` writes over it.
    """
    if folder.resolve() == run.folder.resolve():
        raise ConfigError(f"--out {folder}: is the folder of the network; name another one")
    network_sha256 = sha256((run.folder / "trained.pt").read_bytes())
    order = order_of("distil", {"distil": config, "teacher": network_sha256})
    if is_finished(folder, order, replace=replace, tell=tell):
        return
    start = start_in(run)
    begin(folder, order)
    keep_start(folder, start, unlabelled_in(run))
    if (heard := run.folder / trained_files.FILE).is_file():
        (folder / trained_files.FILE).write_bytes(heard.read_bytes())
    recipe, spec, table = run.config.train, run.config.spec, run.table
    texts = read_descriptions(run)
    network = Network(run.graph, run.scaling, texts.centres)
    student, losses = distil(table, network, config, recipe=recipe, spec=spec, folder=folder)
    trained = Trained(student, texts.tower, run.scaling, losses)

    networks: list[Trained] = []
    students: list[Trained] = []
    place = folder / FOLDS_FOLDER
    teach = _lineage(run, texts, place, start)

    def learn(part: Table, number: int) -> Trained:
        networks.append(teach(part, number))
        students.append(_pupil(networks[-1], part, config, number=number, run=run, texts=texts, folder=place))
        return students[-1]

    held_out = held_out_similarities(table, learn, spec=spec, texts=texts.texts, count=FOLDS, seed=recipe.seed)
    run_config = msgspec.structs.replace(
        run.config,
        distilled=(*run.config.distilled, config),
        network_sha256=network_sha256,
    )
    beside_network = {
        "multiplications": {"network": multiplications(run.graph), "student": multiplications(fold(student))},
        "training_windows": _on_training(table, network, fold(student)),
        **_on_held_out(table, networks, students, texts, seed=recipe.seed),
    }
    outcome = Outcome(trained, table, held_out, texts.texts, texts.encoder)
    signs = FittedSigns(run.calibration.signs, run.calibration.blind_signs)  # no encoder has a say in them
    finish(
        folder, run_config, outcome, deviation=run.deviation, signs=signs, beside={"network": beside_network}, tell=tell
    )
    end(folder, order)


def _lineage(run: Run, texts: Descriptions, folder: Path, start: Start | None) -> Learner:
    """Makes each fold's network as that of the run was made: trained from its start, then distilled as often."""
    recipe = run.config.train
    steps = fold_steps(recipe.steps)
    train = training(recipe, steps=steps, spec=run.config.spec, texts=texts.texts, folder=folder, start=start)

    def learn(part: Table, number: int) -> Trained:
        trained = train(part, number)
        for level, config in enumerate(run.config.distilled):
            place = folder / f"level{level}"
            trained = _pupil(trained, part, config, number=number, run=run, texts=texts, folder=place)
        return trained

    return learn


def _pupil(
    network: Trained, table: Table, config: DistilConfig, *, number: int, run: Run, texts: Descriptions, folder: Path
) -> Trained:
    """The student of one fold's network."""
    short = msgspec.structs.replace(config, steps=fold_steps(config.steps), seed=config.seed + number)
    source = Network(fold(network.student), network.scaling, fault_centres(network.tower, texts.texts))
    place = folder / f"student{number}"
    place.mkdir(parents=True, exist_ok=True)
    student, losses = distil(table, source, short, recipe=run.config.train, spec=run.config.spec, folder=place)
    return changed(network, student=student, losses=losses)


def _on_training(table: Table, network: Network, student: Graph) -> dict[str, Agreement]:
    scored = ~table.baseline
    result = {}
    for name, with_reference in REFERENCES:
        inputs = encoder_inputs(table, network.scaling, with_reference=with_reference)[scored]
        result[name] = agreement_of(embed(student, inputs), embed(network.graph, inputs), network.centres)
    return result


def _on_held_out(
    table: Table, networks: list[Trained], students: list[Trained], texts: Descriptions, *, seed: int
) -> dict[str, object]:
    """Each fold's student beside its network, on the groups that both had to do without."""
    of_students, of_networks, student_cosines, network_cosines, rows = [], [], [], [], []
    for out, network, student in zip(folds(table, FOLDS, seed=seed), networks, students, strict=True):
        scored = np.flatnonzero(out & ~table.baseline & ~foreign_rows(table))
        inputs, centres = encoder_inputs(table, network.scaling)[scored], fault_centres(network.tower, texts.texts)
        of_students.append(embed(fold(student.student), inputs))
        of_networks.append(embed(fold(network.student), inputs))
        student_cosines.append(of_students[-1] @ centres.T)
        network_cosines.append(of_networks[-1] @ centres.T)
        rows.append(scored)
    part = table.take(np.concatenate(rows))
    joined = [np.concatenate(parts) for parts in (of_students, of_networks, student_cosines, network_cosines)]
    return {
        "held_out_groups": agreement_of_named(*joined),
        "network_held_out_by_family": by_family(nearest(joined[3], FAULTS), part),
    }
