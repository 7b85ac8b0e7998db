"""The workstation's commands that train anew to find out what a recipe is worth: `protocols` and `select`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_material, tell
from export.commands.proving_tables import columns_as_text, levels_as_text, machines_as_text, tryouts_as_text
from export.studies.columns.splits import COLUMNS

if TYPE_CHECKING:
    from export.scoring.answers import Levels
    from export.studies.columns.summary import Summary

MACHINES = ("rotor", "brito", "foreign")
"""What a finished bundle is asked of beside the columns: simulated rotors, a recorded one, machines of other kinds."""


def add_proving(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    protocols = commands.add_parser("protocols", help="train and score the leak-free columns of the published sets")
    protocols.add_argument("--seeds", type=int, default=3, help="trainings per column (default: %(default)s)")
    protocols.add_argument(
        "--only",
        choices=(*COLUMNS, *MACHINES),
        action="append",
        help="this column, or these machines heard by a finished bundle; may be repeated (default: all)",
    )
    protocols.add_argument("--bundle", default="default", help="that hears rotors and machines of other kinds")
    protocols.add_argument("--rotors", type=int, default=24, help="simulated rotors (default: %(default)s)")
    protocols.add_argument(
        "--recipe", type=Path, help="TOML or JSON of a training configuration (default: the shipped recipe)"
    )
    protocols.add_argument("--with-cnn", action="store_true", help="train a CNN on raw windows beside it, one seed")
    _add_material(protocols)
    protocols.set_defaults(command=_protocols)

    select = commands.add_parser("select", help="choose a recipe inside the training sides of the leak-free columns")
    select.add_argument("--recipes", type=Path, nargs="+", required=True, help="TOML or JSON, one per recipe")
    select.add_argument("--seeds", type=int, default=1, help="trainings per inner fold (default: %(default)s)")
    _add_material(select)
    select.set_defaults(command=_select)


def _add_material(parser: argparse.ArgumentParser) -> None:
    add_material(parser, machines=150, out="protocols", holds="finished cells")
    parser.add_argument("--trees", type=int, default=300, help="of each simple recipe (default: %(default)s)")


# What a command needs takes seconds to load: each imports what it uses, so that --help answers at once.


def _protocols(arguments: argparse.Namespace) -> int:
    import msgspec

    _check_counts(arguments)
    only: Sequence[str] = arguments.only or (*COLUMNS, *MACHINES)
    columns = [name for name in COLUMNS if name in only]
    summary = _columns(arguments, columns) if columns else None
    machines = _machines(arguments, only)
    if arguments.json:
        document = {} if summary is None else msgspec.to_builtins(summary)
        print(msgspec.json.encode({**document, "machines": machines}).decode())
        return os.EX_OK
    texts = [] if summary is None else [columns_as_text(summary), levels_as_text(summary)]
    print("\n\n".join([*texts, *([machines_as_text(machines)] if machines else [])]))
    return os.EX_OK


def _columns(arguments: argparse.Namespace, columns: Sequence[str]) -> Summary:
    from export.data.layouts import rows_below
    from export.data.raw import raw_windows
    from export.runs.recipes import read_recipe
    from export.studies.columns.cnn import CnnConfig
    from export.studies.columns.protocols import RawTrial, run_protocols
    from export.studies.columns.published import read_material
    from export.studies.columns.simple import SimpleConfig
    from export.training.recipe import TrainConfig

    config = TrainConfig() if arguments.recipe is None else read_recipe(arguments.recipe)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    cnn = None
    if arguments.with_cnn:
        chosen = CnnConfig()
        rows = rows_below(arguments.data).rows
        cnn = RawTrial(chosen, partial(raw_windows, rows, material.spec, rate_hz=chosen.rate_hz))
    return run_protocols(
        material,
        config,
        seeds=arguments.seeds,
        folder=arguments.out,
        only=columns,
        simple=SimpleConfig(arguments.trees),
        cnn=cnn,
        tell=tell,
    )


def _machines(arguments: argparse.Namespace, only: Sequence[str]) -> Levels:
    """What a finished bundle says of the MACHINES among `only`; sets that lie nowhere are told and left out."""
    wanted = [name for name in MACHINES if name in only]
    if not wanted:
        return {}
    from export.studies.field import judged
    from export.studies.field.said import as_levels

    edge = judged.finished(arguments.bundle)
    rotors = partial(judged.said_of_simulated_rotors, edge, arguments.rotors, folder=arguments.out, tell=tell)
    recorded = partial(judged.said_of_recorded_rotor, edge, arguments.data)
    others = partial(judged.said_of_other_machines, edge, arguments.data)
    studies = {"rotor": (rotors, None), "brito": (recorded, judged.BRITO), "foreign": (others, judged.ADXL345)}
    rows = []
    for name in wanted:
        study, needed = studies[name]
        if needed is not None and not (arguments.data / needed).is_dir():
            tell(f"skipped {arguments.data / needed}: not there")
            continue
        rows += study()
    return as_levels(rows)


def _select(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.runs.recipes import read_recipes
    from export.studies.columns.published import read_material
    from export.studies.columns.simple import SimpleConfig
    from export.studies.columns.tryouts import try_recipes

    _check_counts(arguments)
    recipes = read_recipes(arguments.recipes)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    tryouts = try_recipes(
        material,
        recipes,
        seeds=arguments.seeds,
        folder=arguments.out,
        simple=SimpleConfig(arguments.trees),
        tell=tell,
    )
    print(msgspec.json.encode(tryouts).decode() if arguments.json else tryouts_as_text(tryouts))
    return os.EX_OK


def _check_counts(arguments: argparse.Namespace) -> None:
    from agent.errors import ConfigError

    counts = ("seeds", "trees", "rotors")
    problems = [f"--{name} must be at least 1" for name in counts if getattr(arguments, name, 1) < 1]
    if problems:
        raise ConfigError(*problems)
