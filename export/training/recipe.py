"""The recipe of a training: everything that a run depends on beside its data."""

from __future__ import annotations

import msgspec

from export.network.branches import BRANCHES, Branch
from export.text.encoders import SHIPPED
from export.training.masking import Masking
from export.training.teacher_recipe import TeacherConfig


class TrainConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How student and text tower are trained; the defaults are the recipe that ships."""

    seed: int = 0
    steps: int = 2000
    batch: int = 256
    sentences_per_fault: int = 4  # even; drawn anew for every step, in any language
    objective: str = "triplet"
    text: str = SHIPPED
    branches: tuple[Branch, ...] = BRANCHES  # what its first two layers read; none: everything
    hidden: tuple[int, ...] = (96, 64)
    dim: int = 64
    dropout: float = 0.0
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    no_fault_sentences: int = 32  # even; as many per step that describe no fault, where there are any to draw from
    text_steps: int = 300  # at most, on sentences alone, before the first vibration
    dropout_positives: float = 0.0  # weight, in these steps, of each sentence towards itself under another dropout mask
    hard_sentences: int = 0  # in these steps, one of so many nearest sentences of other labels beside each; 0: none
    text_weight: float = 0.5
    length_weight: float = 0.05  # keeps raw embeddings near length 1, so that one int8 range fits them all
    real_share: float = 0.85  # of every batch; the rest is simulated, and teaches what no recording shows
    foreign_share: float = 0.0  # of every batch: healthy machines of other kinds, beside the other two
    hidden_features: tuple[str, ...] = ("level",)  # published recordings differ in gain: their level means nothing
    masking: Masking = Masking()
    noise: float = 0.3  # standard deviations added to every known input: another machine's figures differ a little
    teacher: TeacherConfig | None = TeacherConfig()
    teacher_weight: float = 20.0  # of the divergence from the teacher's probabilities beside the objective; 0: untaught
    branch_weight: float = 0.5  # of the divergence of each branch from its expert, within the teacher's
    teacher_temperature: float = 0.15  # cosine per unit of log probability
    reference_draws: int = 4  # how many commissionings of chance each window sees
    checkpoint_every: int = 250

    @property
    def taught(self) -> bool:
        """Whether experts teach the student beside the objective."""
        return self.teacher is not None and self.teacher_weight > 0
