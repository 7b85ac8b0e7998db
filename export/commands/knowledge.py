"""The workstation's command that asks what is said of machines left out, by what is known of them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from export.studies.knowledge.levels import Rig


def add_knowledge(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    parser = commands.add_parser("knowledge", help="what is said of rigs left out, by what is known of them")
    parser.add_argument("--data", type=Path, required=True, help="folder with cwru, hit_selfbuilt and uestc")
    parser.add_argument("--machines", type=int, default=150, help="simulated machines (default: %(default)s)")
    parser.add_argument("--recipe", type=Path, help="TOML or JSON of a training configuration")
    parser.add_argument("--cache", type=Path, default=Path("runs/features"), help="default: %(default)s")
    parser.add_argument("--out", type=Path, default=Path("runs/knowledge"), help="finished rigs (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="end with one JSON document")
    parser.set_defaults(command=_knowledge)


def _knowledge(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.data.layouts import rows_below
    from export.runs.recipes import read_recipe
    from export.studies.columns.published import read_material
    from export.studies.knowledge.levels import run_knowledge
    from export.training.recipe import TrainConfig

    config = TrainConfig() if arguments.recipe is None else read_recipe(arguments.recipe)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=_tell)
    rows = rows_below(arguments.data).rows
    rigs = run_knowledge(material, rows, config, cache=arguments.cache, folder=arguments.out, tell=_tell)
    print(msgspec.json.encode(rigs).decode() if arguments.json else as_text(rigs))
    return os.EX_OK


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def as_text(rigs: dict[str, Rig]) -> str:
    """A row per rig, level and label."""
    rows = [f"{'left out, known':<48}{'label':<12}{'right':>7}{'parent':>7}{'wrong':>7}{'healthy':>8}{'open':>7}"]
    for family, rig in rigs.items():
        for name, level in rig.levels.items():
            for label, said in level.answers.items():
                shares = f"{said.right:>7.2f}{said.parent:>7.2f}{said.wrong:>7.2f}{said.healthy:>8.2f}{said.open:>7.2f}"
                rows.append(f"{f'{family}: {name}':<48}{label:<12}{shares}")
            error = "-" if level.calibration_error is None else f"{level.calibration_error:.3f}"
            rows.append(f"{'':<48}calibration error {error}")
    return "\n".join(rows)
