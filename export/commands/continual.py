"""The workstation's command `continual`: what is forgotten from domain to domain, and what keeps it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_material, add_workers, count, names, tell, whole
from export.training.names import IN_WORDS

if TYPE_CHECKING:
    from export.studies.continual.summary import Row

WIDTHS = (8, 10, 13, 7, 16, 18, 9, 9)


def add_continual(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    parser = commands.add_parser("continual", help="learn one domain after another: what is forgotten, and what helps")
    add_material(parser, machines=40, out="continual", holds="finished courses")
    parser.add_argument("--sequences", type=names, metavar="NAME,...", help="default: speeds,rigs")
    parser.add_argument("--objectives", type=names, metavar="NAME,...", help=f"{IN_WORDS} (default: triplet,infonce)")
    parser.add_argument(
        "--ways", type=names, metavar="WAY,...", help="default: fine-tuning,rehearsal,distillation,both,joint"
    )
    parser.add_argument("--seeds", type=count, default=5, help="courses of each kind (default: %(default)s)")
    parser.add_argument(
        "--first-seed", type=whole, default=0, metavar="N", help="of these courses (default: %(default)s)"
    )
    add_workers(parser, of="courses")
    parser.add_argument("--steps", type=count, default=300, help="of each stage (default: %(default)s)")
    parser.add_argument("--keep", type=count, default=300, help="windows in the store (default: %(default)s)")
    parser.add_argument("--text", help="text encoder of the recipe (default: as shipped)")
    parser.set_defaults(command=_continual)


# Torch takes seconds to load: the command imports what it uses, so that --help answers at once.


def _continual(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.studies.columns.published import read_material
    from export.studies.continual.study import plan_of, run_courses
    from export.studies.continual.summary import rows_of
    from export.training.continuing import ContinueConfig
    from export.training.recipe import TrainConfig

    plan = plan_of(
        arguments.sequences,
        arguments.objectives,
        arguments.ways,
        seeds=arguments.seeds,
        first_seed=arguments.first_seed,
    )
    recipe = TrainConfig(steps=arguments.steps)
    if arguments.text is not None:
        recipe = msgspec.structs.replace(recipe, text=arguments.text)
    config = ContinueConfig(steps=arguments.steps, keep=arguments.keep)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    found = run_courses(material, recipe, config, plan, folder=arguments.out, workers=arguments.workers, tell=tell)
    rows = rows_of(found, plan)
    print(msgspec.json.encode(rows).decode() if arguments.json else "\n".join(as_table(rows)))
    return os.EX_OK


def as_table(rows: Sequence[Row]) -> Iterator[str]:
    """A line for each row, under a header."""
    head = ("sequence", "objective", "way", "seeds", "average", "forgotten", "of joint", "no state")
    yield _line(head)
    for row in rows:
        average, forgotten = (
            f"{mean:+.3f}" if signed else f"{mean:.3f}"
            for mean, signed in ((row.with_baseline.average, False), (row.with_baseline.forgetting, True))
        )
        spread = ("", "") if row.spread is None else (f" ({row.spread.average:.3f})", f" ({row.spread.forgetting:.3f})")
        yield _line(
            (
                row.sequence,
                row.objective,
                row.way,
                str(row.seeds),
                average + spread[0],
                forgotten + spread[1],
                "" if row.of_ceiling is None else f"{row.of_ceiling:.3f}",
                f"{row.without_baseline.average:.3f}",
            )
        )


def _line(cells: Sequence[str]) -> str:
    return " ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()
