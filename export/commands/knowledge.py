"""The workstation's commands that ask what is said of machines left out, by what is known of them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_material, tell

if TYPE_CHECKING:
    from export.studies.knowledge.levels import Study

LEVEL = 50  # width of a level's name


def add_knowledge(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    knowledge = commands.add_parser("knowledge", help="what is said of rigs left out, by what is known of them")
    _add_material(knowledge)
    knowledge.set_defaults(command=_knowledge)
    blind = commands.add_parser("blind", help="recordings of CWRU named with nothing of CWRU trained on")
    _add_material(blind)
    blind.set_defaults(command=_blind)


def _add_material(parser: argparse.ArgumentParser) -> None:
    add_material(parser, machines=150, out="knowledge", holds="finished trainings")
    parser.add_argument("--seeds", type=int, default=1, help="trainings of each rig left out (default: %(default)s)")
    parser.add_argument("--recipe", type=Path, help="TOML or JSON of a training configuration")


def _knowledge(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.studies.columns.splits import FAMILIES

    study = _study(arguments, FAMILIES)
    print(msgspec.json.encode(study).decode() if arguments.json else as_text(study))
    return os.EX_OK


def _blind(arguments: argparse.Namespace) -> int:
    import msgspec

    study = _study(arguments, ("cwru",))
    print(msgspec.json.encode(study.recordings).decode() if arguments.json else recordings_as_text(study))
    return os.EX_OK


def _study(arguments: argparse.Namespace, families: Sequence[str]) -> Study:
    from agent.errors import ConfigError
    from export.data.layouts import rows_below
    from export.runs.recipes import read_recipe
    from export.studies.columns.published import read_material
    from export.studies.knowledge.levels import run_knowledge
    from export.training.recipe import TrainConfig

    if arguments.seeds < 1:
        raise ConfigError("--seeds must be at least 1")
    config = TrainConfig() if arguments.recipe is None else read_recipe(arguments.recipe)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    return run_knowledge(
        material,
        rows_below(arguments.data).rows,
        config,
        families=families,
        seeds=range(arguments.seeds),
        cache=arguments.cache,
        folder=arguments.out,
        tell=tell,
    )


def as_text(study: Study) -> str:
    """A row per rig, level and label; then recordings, and the reliability of the names of each level."""
    from export.scoring.answers import answers_as_text

    levels = {
        f"{family}: {name}": labels for family, levels in study.answers.items() for name, labels in levels.items()
    }
    rows = answers_as_text(levels, heading="left out: known", width=LEVEL)
    rows += ["", recordings_as_text(study), "", f"{'names given: known':<{LEVEL}}{'error':>6}   said -> right (share)"]
    for name, of in study.reliability.items():
        bins = "  ".join(f"{one.probability:.2f} -> {one.right:.2f} ({one.share:.2f})" for one in of.bins)
        rows.append(f"{name:<{LEVEL}}{of.error:>6.3f}   {bins}")
    if study.elements is not None:
        bins = "  ".join(f"{one.probability:.2f} -> {one.right:.2f} ({one.share:.2f})" for one in study.elements.bins)
        rows.append(f"{'elements: share of likeness -> right':<{LEVEL}}{'':>6}   {bins}")
    starts = list(next(iter(study.named_from.values())))
    rows += ["", f"{'named from a probability on: damaged/wrong':<{LEVEL}}" + "".join(f"{one:>11}" for one in starts)]
    for name, trials in study.named_from.items():
        cells = "".join(f"{f'{trials[one].named:.2f}/{trials[one].wrong:.2f}':>11}" for one in starts)
        rows.append(f"{name:<{LEVEL}}{cells}")
    return "\n".join(rows)


def recordings_as_text(study: Study) -> str:
    """A row per rig and level, of whole recordings of damaged bearings."""
    from export.studies.knowledge.blind import RULES_OF, RULES_RIGHT

    counts = f"{'of':>4}{'named':>7}{'right':>7}{'parent':>8}{'healthy':>9}{'open':>6}"
    rows = [f"{'left out, by recordings: known':<{LEVEL}}{counts}"]
    for family, levels in study.recordings.items():
        for name, said in levels.items():
            numbers = (
                f"{said.recordings:>4}{said.named:>7}{said.right:>7}{said.parent:>8}{said.healthy:>9}{said.open:>6}"
            )
            rows.append(f"{f'{family}: {name}':<{LEVEL}}{numbers}")
            rows += [f"    wrong: {one}" for one in said.wrong]
    rows.append(f"the best tool by rules alone, as published for CWRU: {RULES_RIGHT} of {RULES_OF} right")
    return "\n".join(rows)
