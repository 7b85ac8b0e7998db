"""The workstation's studies of sentences: other wordings, faults left out, towers alone, a few windows beside words."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_material, tell
from export.studies.columns.splits import COLUMNS

if TYPE_CHECKING:
    from export.studies.columns.training_cache import Material
    from export.training.recipe import TrainConfig


def add_sentence_studies(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    swap = commands.add_parser(
        "swap", help="what it costs to describe every fault in sentences that training never saw"
    )
    _add_material(swap, out="swap")
    swap.add_argument("--only", choices=COLUMNS, action="append", help="this column; may be repeated (default: all)")
    swap.set_defaults(command=_swap)

    tower = commands.add_parser("tower", help="what recipes are worth to a text tower of sentences alone")
    tower.add_argument("--recipes", type=Path, nargs="+", default=[], help="TOML files (default: the shipped recipe)")
    tower.add_argument("--seeds", type=int, default=3, help="towers per recipe (default: %(default)s)")
    tower.add_argument("--inside", action="store_true", help="judge on training sentences left out: to choose by")
    tower.add_argument("--before", action="store_true", help="learn without people's own words (said.toml)")
    tower.add_argument("--out", type=Path, default=Path("runs/tower"), help="finished towers (default: %(default)s)")
    tower.add_argument("--json", action="store_true", help="end with one JSON document")
    tower.set_defaults(command=_tower)

    left_out = commands.add_parser("left-out", help="train without a fault and its words, describe it, count how often")
    _add_material(left_out, out="left-out")
    left_out.add_argument("--words-alone", action="store_true", help="no trainings that are told of the parts' lines")
    left_out.set_defaults(command=_left_out)

    shots = commands.add_parser("shots", help="a fault left out: its words beside 1, 5 and 20 of its windows")
    _add_material(shots, out="shots")
    shots.add_argument("--recipe", type=Path, help="TOML or JSON of a training configuration (default: the shipped)")
    shots.add_argument("--inside", type=int, default=1, help="faults per pair of rigs that choose (default: 1)")
    shots.set_defaults(command=_shots)


def _add_material(parser: argparse.ArgumentParser, *, out: str) -> None:
    add_material(parser, machines=150, out=out, holds="finished cells")
    parser.add_argument("--seeds", type=int, default=1, help="trainings per cell (default: %(default)s)")
    parser.add_argument("--steps", type=int, help="of each training (default: those of the recipe)")


# What a command needs takes seconds to load: each imports what it uses, so that --help answers at once.


def _swap(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.studies.sentences import swaps

    material, config, folder = _asked(arguments, Path(swaps.__file__))
    cells = swaps.run_swaps(
        material, config, folder=folder, only=arguments.only or COLUMNS, seeds=arguments.seeds, tell=tell
    )
    summary = swaps.summary_of(cells)
    print(msgspec.json.encode(summary).decode() if arguments.json else swaps.as_text(summary))
    return os.EX_OK


def _left_out(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.studies.sentences import leftout

    material, config, folder = _asked(arguments, Path(leftout.__file__))
    physics = (False,) if arguments.words_alone else (False, True)
    cells = leftout.run_left_out(material, config, folder=folder, seeds=arguments.seeds, physics=physics, tell=tell)
    print(msgspec.json.encode({"cells": cells}).decode() if arguments.json else "\n".join(map(leftout.as_line, cells)))
    return os.EX_OK


def _tower(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.data.manifest import ManifestError
    from export.runs.recipes import read_recipes
    from export.studies.sentences import tower_alone
    from export.training.recipe import TrainConfig

    if arguments.seeds < 1:
        raise ManifestError("--seeds must be at least 1")
    results = tower_alone.run_towers(
        read_recipes(arguments.recipes) or {"shipped": TrainConfig()},
        seeds=arguments.seeds,
        folder=arguments.out,
        inside=arguments.inside,
        said=not arguments.before,
        tell=tell,
    )
    print(msgspec.json.encode(results).decode() if arguments.json else tower_alone.as_text(results))
    return os.EX_OK


def _shots(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.studies.sentences import shots, shots_table

    material, config, folder = _asked(arguments, Path(shots.__file__))
    cells = shots.run_shots(
        material, config, folder=folder, seeds=arguments.seeds, inside=max(1, arguments.inside), tell=tell
    )
    rows = shots_table.rows_of(cells)
    shots_table.draw(arguments.out / "shots.png", rows)
    tell(f"wrote {arguments.out / 'shots.png'}")
    print(msgspec.json.encode({"rows": rows}).decode() if arguments.json else "\n".join(shots_table.as_table(rows)))
    return os.EX_OK


def _asked(arguments: argparse.Namespace, study: Path) -> tuple[Material, TrainConfig, Path]:
    """What is trained on, how, and the folder for the finished cells of the module file `study`."""
    import msgspec

    from export.data.manifest import ManifestError
    from export.runs.recipes import read_recipe
    from export.studies.columns.published import read_material
    from export.studies.columns.training_cache import cell_key
    from export.training.recipe import TrainConfig

    if arguments.seeds < 1 or (arguments.steps is not None and arguments.steps < 1):
        raise ManifestError("--seeds and --steps must be at least 1")
    recipe = getattr(arguments, "recipe", None)
    config = TrainConfig() if recipe is None else read_recipe(recipe)
    if arguments.steps is not None:
        config = msgspec.structs.replace(config, steps=arguments.steps)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    return material, config, arguments.out / cell_key(material, config, code=study)
