"""The command `claims`: what was claimed of triplet ranking and InfoNCE, each claim decided by planned trials."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from export.commands.arguments import count, names, share, tell


def add_claims(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    parser = commands.add_parser(
        "claims", help="decide what was claimed of triplet and InfoNCE: plan, trials, verdicts"
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with cwru, hit_selfbuilt and uestc")
    parser.add_argument("--delta", type=share, default=0.05, help="smallest effect of interest (default: %(default)s)")
    parser.add_argument("--power", type=share, default=0.8, help="wanted (default: %(default)s)")
    parser.add_argument("--minutes", type=count, default=40, help="that trials may take (default: %(default)s)")
    parser.add_argument("--pilot-seeds", type=count, default=2, help="for the plan alone (default: %(default)s)")
    parser.add_argument("--drawn-seeds", type=count, default=1, help="of points that no claim needs (default: 1)")
    parser.add_argument("--others", type=names, metavar="OBJECTIVE,...", help="default: cosine_triplet/semi_hard")
    parser.add_argument("--continual", type=Path, metavar="FOLDER", help="finished courses of `continual`")
    parser.add_argument("--steps", type=count, help="of each training (default: 120)")
    parser.add_argument("--text", help="text encoder (default: glossary)")
    parser.add_argument("--machines", type=int, default=20, help="simulated machines (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("runs/features"), help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("runs/claims"), help="plan and trials (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="end with one JSON document")
    parser.set_defaults(command=_claims)


# Torch takes seconds to load: the command imports what it uses, so that --help answers at once.


def _claims(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.errors import ConfigError
    from export.studies.claims.cells import RECIPE, key_of
    from export.studies.claims.plan import Wanted
    from export.studies.claims.study import run_study
    from export.studies.columns.published import read_material
    from export.training.objectives.named import problem_with

    wanted = Wanted(
        delta=arguments.delta,
        power=arguments.power,
        pilot_seeds=arguments.pilot_seeds,
        drawn_seeds=arguments.drawn_seeds,
        minutes=float(arguments.minutes),
        others=Wanted().others if arguments.others is None else arguments.others,
    )
    if problems := [f"--others: {problem}" for name in wanted.others if (problem := problem_with(name))]:
        raise ConfigError(*problems)
    changes = {name: value for name in ("steps", "text") if (value := getattr(arguments, name)) is not None}
    recipe = msgspec.structs.replace(RECIPE, **changes)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    folder = arguments.out / key_of(material, recipe)
    plan, cells = run_study(material, recipe, wanted, folder=folder, tell=tell)
    print(len(cells), plan.sha256)
    return os.EX_OK
