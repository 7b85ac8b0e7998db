"""The workstation's commands that train anew to find out what a recipe is worth: `protocols` and `select`."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.studies.columns.splits import COLUMNS

if TYPE_CHECKING:
    from export.scoring.statistics import Interval
    from export.studies.columns.selection import Choice
    from export.studies.columns.summary import Summary
    from export.studies.columns.tryouts import Tryouts

WIDTH = 24  # of a row's name


def add_proving(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    protocols = commands.add_parser("protocols", help="train and score the leak-free columns of the published sets")
    protocols.add_argument("--seeds", type=int, default=3, help="trainings per column (default: %(default)s)")
    protocols.add_argument(
        "--only", choices=COLUMNS, action="append", help="this column; may be repeated (default: all)"
    )
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
    parser.add_argument("--data", type=Path, required=True, help="folder with cwru, hit_selfbuilt and uestc")
    parser.add_argument("--machines", type=int, default=150, help="simulated machines (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("runs/features"), help="default: %(default)s")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/protocols"), help="finished cells (default: %(default)s)"
    )
    parser.add_argument("--trees", type=int, default=300, help="of each simple recipe (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="end with one JSON document")


# What a command needs takes seconds to load: each imports what it uses, so that --help answers at once.


def _protocols(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.data.layouts import rows_below
    from export.data.raw import raw_windows
    from export.runs.recipes import read_recipe
    from export.studies.columns.cnn import CnnConfig
    from export.studies.columns.protocols import RawTrial, run_protocols
    from export.studies.columns.published import read_material
    from export.studies.columns.simple import SimpleConfig
    from export.training.recipe import TrainConfig

    _check_counts(arguments)
    config = TrainConfig() if arguments.recipe is None else read_recipe(arguments.recipe)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=_tell)
    cnn = None
    if arguments.with_cnn:
        chosen = CnnConfig()
        rows = rows_below(arguments.data).rows
        cnn = RawTrial(chosen, partial(raw_windows, rows, material.spec, rate_hz=chosen.rate_hz))
    summary = run_protocols(
        material,
        config,
        seeds=arguments.seeds,
        folder=arguments.out,
        only=arguments.only or COLUMNS,
        simple=SimpleConfig(arguments.trees),
        cnn=cnn,
        tell=_tell,
    )
    print(msgspec.json.encode(summary).decode() if arguments.json else columns_as_text(summary))
    return os.EX_OK


def _select(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.runs.recipes import read_recipes
    from export.studies.columns.published import read_material
    from export.studies.columns.simple import SimpleConfig
    from export.studies.columns.tryouts import try_recipes

    _check_counts(arguments)
    recipes = read_recipes(arguments.recipes)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=_tell)
    tryouts = try_recipes(
        material,
        recipes,
        seeds=arguments.seeds,
        folder=arguments.out,
        simple=SimpleConfig(arguments.trees),
        tell=_tell,
    )
    print(msgspec.json.encode(tryouts).decode() if arguments.json else tryouts_as_text(tryouts))
    return os.EX_OK


def _check_counts(arguments: argparse.Namespace) -> None:
    from agent.errors import ConfigError

    problems = [f"--{name} must be at least 1" for name in ("seeds", "trees") if getattr(arguments, name) < 1]
    if problems:
        raise ConfigError(*problems)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def columns_as_text(summary: Summary) -> str:
    """The table of columns, what each bearing was called, and what it took."""
    columns = summary.columns
    mean = _mean_cell(summary.mean_balanced_accuracy)

    def row(name: str, cells: list[float], mean: float | None) -> str:
        return _row(name, cells) + _mean_cell(mean)

    rows = [f"{'':<{WIDTH}}" + "".join(f"{name:>8}" for name in columns) + f"{'mean*':>8}"]
    rows.append(_row("int8, with baseline", [c.balanced_accuracy for c in columns.values()]) + mean)
    rows.append(_row("  spread over seeds", [c.spread for c in columns.values()]))
    low = "".join(_bound(c.interval, "low") for c in columns.values()) + _bound(summary.mean_interval, "low")
    high = "".join(_bound(c.interval, "high") for c in columns.values()) + _bound(summary.mean_interval, "high")
    rows += [f"{'  95 % over bearings':<{WIDTH}}{low}", f"{'':<{WIDTH}}{high}"]
    rows.append(row("int8, no baseline", [c.without_baseline for c in columns.values()], summary.mean_without_baseline))
    exact = [c.float_balanced_accuracy for c in columns.values()]
    rows.append(row("float, with baseline", exact, summary.mean_float_balanced_accuracy))
    rows += [row(name, [c.recipes[name] for c in columns.values()], m) for name, m in summary.mean_recipes.items()]
    found = [c.cnn for c in columns.values() if c.cnn is not None]
    if found and summary.cnn is not None:
        rows.append(row(f"CNN, {summary.cnn.steps} steps", found, summary.mean_cnn))
    rows.append(f"balanced accuracy, {summary.seeds} seeds; * these columns but 014")
    rows.append("- : one bearing per label, so that resampling bearings says nothing")
    rows.append(f"selected inside: {summary.experts.chosen}, of {len(summary.experts.tried)} sets of experts")
    rows.append("selected apart: each column by those inner folds alone that touch no window of its scored side")
    rows += ["", "recall per bearing"]
    for name, column in columns.items():
        recalls = ", ".join(f"{group} {recall:.3f}" for group, recall in column.per_group_recall.items())
        rows.append(f"{name:>8}  {recalls}")
    rows += ["", "took " + ", ".join(f"{part} {seconds:.0f} s" for part, seconds in summary.seconds.items())]
    return "\n".join(rows)


def tryouts_as_text(tryouts: Tryouts) -> str:
    """All that was tried, best first, and what was chosen."""
    names = list(tryouts.choice.tried[0].columns)
    rows = [f"{'score':>8}{'spread':>8}{'no base':>8}{'float':>8}" + "".join(f"{name:>8}" for name in names)]
    for tried in tryouts.choice.tried:
        own = (tried.score, *(of[tried.name] for of in (tryouts.spread, tryouts.without_baseline, tryouts.float_score)))
        rows.append("".join(f"{value:>8.3f}" for value in (*own, *tried.columns.values())) + f"  {tried.name}")
    rows += [_chosen(tryouts.choice, "recipes"), ""]
    rows.append(f"{'score':>8}{'':>24}" + "".join(f"{name:>8}" for name in names))
    for tried in tryouts.experts.tried:
        cells = "".join(f"{value:>8.3f}" for value in tried.columns.values())
        rows.append(f"{tried.score:>8.3f}{'':>24}{cells}  {tried.name}")
    rows += [_chosen(tryouts.experts, "sets of experts"), ""]
    rows.append(
        f"balanced accuracy of windows inside the training sides, {tryouts.choice.folds} folds, {tryouts.seeds} seeds; "
        f"took {tryouts.seconds:.0f} s"
    )
    return "\n".join(rows)


def _chosen(choice: Choice, what: str) -> str:
    others = [f"{column} {name}" for column, name in choice.apart.items() if name != choice.chosen]
    apart = f"for {'; '.join(others)}" if others else "the same for every column"
    return (
        f"chosen: {choice.chosen}, of {len(choice.tried)} {what} tried\n"
        f"by folds that touch no window of a column's scored side: {apart}"
    )


def _row(name: str, cells: list[float]) -> str:
    return f"{name:<{WIDTH}}" + "".join(f"{cell:>8.3f}" for cell in cells)


def _mean_cell(mean: float | None) -> str:
    return "" if mean is None else f"{mean:>8.3f}"


def _bound(interval: Interval | None, side: str) -> str:
    return f"{'-':>8}" if interval is None else f"{getattr(interval, side):>8.3f}"
