"""What a run that went on still knows of before, measured on groups that it never heard and on windows that it did.

Machines of other kinds, which fix limits and are never to be told apart, are not scored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from export.calibration.temperature import Learner, training
from export.data.sampling import folds, foreign_rows
from export.data.table import Table
from export.network.graph import Graph
from export.network.model import fold
from export.runs.folder import Descriptions, Run
from export.runs.train_run import FOLDS, fold_steps
from export.scoring.forgetting import Forgets, forgetting_of
from export.scoring.score import REFERENCES, encoder_inputs, named
from export.text.tower import fault_centres
from export.training.continuing import ContinueConfig, go_on
from export.training.start import Start
from export.training.train import Trained


@dataclass(frozen=True, slots=True)
class Lineage:
    """What became of the network of each fold: made as that of the run was, then trained on as it is.

    A network that heard a group before it went on says nothing of how that group would be judged unheard.
    """

    run: Run
    texts: Descriptions
    config: ContinueConfig
    heard: int  # rows of the joined table, its first ones, that come from the run
    folder: Path
    start: Start | None = None  # of each fold's network, as the run's had it; None: chance
    before: list[Trained] = field(default_factory=list, init=False)
    after: list[Trained] = field(default_factory=list, init=False)

    def learner(self, table: Table) -> Learner:
        """Makes the student of a fold of `table`, and keeps what it was made from."""
        recipe, spec, texts = self.run.config.train, self.run.config.spec, self.texts.texts
        old = set(table.recordings[: self.heard].tolist())
        steps = fold_steps(recipe.steps)
        first = training(recipe, steps=steps, spec=spec, texts=texts, folder=self.folder, start=self.start)

        def learn(part: Table, number: int) -> Trained:
            is_old = np.isin(part.recordings, list(old))
            heard, new = part.take(is_old), part.take(~is_old)
            self.before.append(first(heard, number))
            short = msgspec.structs.replace(
                self.config, steps=fold_steps(self.config.steps), seed=self.config.seed + number
            )
            place = self.folder / f"continued{number}"
            place.mkdir(parents=True, exist_ok=True)
            self.after.append(
                go_on(self.before[-1], heard, new, short, recipe=recipe, spec=spec, texts=texts, folder=place)
                if (~new.baseline).any()
                else self.before[-1]
            )
            return self.after[-1]

        return learn

    def forgets(self, table: Table, *, seed: int) -> dict[str, Forgets]:
        """Of groups from the run that each fold had to do without, with a healthy state and without one."""
        return {name: self._forgets(table, with_reference, seed=seed) for name, with_reference in REFERENCES}

    def _forgets(self, table: Table, with_reference: bool, *, seed: int) -> Forgets:
        before, after, rows, foreign = [], [], [], foreign_rows(table)
        for out, old, new in zip(folds(table, FOLDS, seed=seed), self.before, self.after, strict=True):
            scored = np.flatnonzero(out[: self.heard] & ~table.baseline[: self.heard] & ~foreign[: self.heard])
            inputs = encoder_inputs(table, old.scaling, with_reference=with_reference)[scored]
            before.append(named(inputs, fold(old.student), fault_centres(old.tower, self.texts.texts)))
            after.append(named(inputs, fold(new.student), fault_centres(new.tower, self.texts.texts)))
            rows.append(scored)
        return forgetting_of(np.concatenate(before), np.concatenate(after), table.take(np.concatenate(rows)))


def forgets_of_heard(heard: Table, old: Graph, trained: Trained, texts: Descriptions) -> dict[str, Forgets]:
    """Of the windows that are heard again themselves: whether what was learnt is still there."""
    scored = ~heard.baseline & ~foreign_rows(heard)
    part = heard.take(scored)
    centres = fault_centres(trained.tower, texts.texts)
    found = {}
    for name, with_reference in REFERENCES:
        inputs = encoder_inputs(heard, trained.scaling, with_reference=with_reference)[scored]
        before, after = named(inputs, old, texts.centres), named(inputs, fold(trained.student), centres)
        found[name] = forgetting_of(before, after, part)
    return found
