"""The command `compare`: which objective trains the same encoder best, as a table, a picture and one JSON document.

The picture and the document lie beside the trials that they are made of.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_material, add_workers, names, tell
from export.training.names import IN_WORDS

if TYPE_CHECKING:
    from export.studies.objectives.sign_flip import Difference
    from export.studies.objectives.table import Claim, ObjectiveRow, Standings


def add_compare(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    compare = commands.add_parser("compare", help="train the same encoder with every objective, on three columns")
    add_material(compare, machines=150, out="compare", holds="finished trials")
    compare.add_argument("--seeds", type=int, default=3, help="trainings of each kind (default: %(default)s)")
    compare.add_argument("--columns", type=names, metavar="NAME,...", help="default: 007,800,U+H>C")
    objectives = f"{IN_WORDS} (default: each objective and miner once)"
    compare.add_argument("--only", type=names, metavar="OBJECTIVE,...", help=objectives)
    compare.add_argument("--shares", type=_shares, metavar="SHARE,...", help="of the windows (default: 1.0,0.1)")
    compare.add_argument("--recipe", type=Path, help="TOML or JSON of a training configuration (default: as shipped)")
    compare.add_argument("--steps", type=int, help="of every training (default: those of the recipe)")
    add_workers(compare, "--jobs", of="trials", default=2)
    compare.add_argument("--device", default="cpu", help="cpu, or cuda where there is one (default: %(default)s)")
    compare.set_defaults(command=_compare)


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(share) for share in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: write numbers and commas, as in 1.0,0.1") from None


def _compare(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.errors import ConfigError
    from export.runs.folder import write_json
    from export.runs.recipes import read_recipe
    from export.studies.columns.published import read_material
    from export.studies.objectives.bars import draw_standings
    from export.studies.objectives.compare import (
        CONTENDERS,
        SHARES,
        THREE_COLUMNS,
        key_of,
        plan_of,
        recipe_of,
        run_trials,
    )
    from export.studies.objectives.table import standings_of
    from export.training.device import chosen_device
    from export.training.recipe import TrainConfig

    plan = plan_of(
        THREE_COLUMNS if arguments.columns is None else arguments.columns,
        objectives=CONTENDERS if arguments.only is None else arguments.only,
        shares=SHARES if arguments.shares is None else arguments.shares,
        seeds=arguments.seeds,
    )
    if arguments.steps is not None and arguments.steps < 1:
        raise ConfigError(f"--steps: {arguments.steps} is less than 1")
    config = TrainConfig() if arguments.recipe is None else read_recipe(arguments.recipe)
    if arguments.steps is not None:
        config = msgspec.structs.replace(config, steps=arguments.steps)
    device = chosen_device(arguments.device)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    key = key_of(material, config)
    folder = arguments.out / key
    cells = run_trials(material, config, plan, folder=folder, workers=arguments.workers, device=device, tell=tell)
    simulated = 0 if material.simulated is None else len(material.simulated)
    standings = standings_of(cells, plan, recipe=recipe_of(config), simulated_windows=simulated, key=key)
    write_json(folder / "standings.json", standings)
    draw_standings(folder / "standings.png", standings)
    tell(f"wrote {folder / 'standings.json'} and standings.png")
    print(msgspec.json.encode(standings).decode() if arguments.json else as_text(standings))
    return os.EX_OK


def as_text(standings: Standings) -> str:
    """The table of every share, and what it says about the claim."""
    first, second = standings.first, standings.second
    lines: list[str] = []
    for share, windows in standings.windows.items():
        counts = ", ".join(f"{count} in {name}" for name, count in windows.items())
        lines.append(
            f"{_percent(float(share))} of the recorded windows: {counts}; simulated {standings.simulated_windows}"
        )
        lines.append(_header(tuple(windows)))
        lines += [_line(row) for row in standings.rows if f"{row.share:g}" == share]
        lines.append("")
    lines += [
        f"balanced accuracy of the float net with the healthy baseline of other speeds, {standings.seeds} seeds",
        "spread: over seeds; rank, align, uniform: of the windows trained on; unseen: alignment of those scored",
        f"lead: over {second}; p: of its sign-flip test, not adjusted for the number of rows",
        "",
    ]
    lines += [f"{first} - {second}, {_claim(claim)}" for claim in standings.claims]
    if standings.growth is not None:
        lines.append(f"  more with the smallest share than with the largest: {_difference(standings.growth)}")
    if standings.verdict is not None:
        lines.append(f"the claim, {first} over {second} in small data: {standings.verdict} by these trials")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


def _header(columns: Sequence[str]) -> str:
    names = "".join(f"{name:>8}" for name in columns)
    return f"{'':<26}{names}    mean  spread without    rank   align uniform  unseen    lead       p       s"


def _line(row: ObjectiveRow) -> str:
    cells = "".join(f"{row.columns[name]:>8.3f}" for name in row.columns)
    lead = f"{'':>16}" if row.lead is None else f"{row.lead.mean:>+8.3f}{row.lead.p_value:>8.3f}"
    return (
        f"{row.objective:<26}{cells}{row.balanced_accuracy:>8.3f}{row.spread:>8.3f}{row.without_baseline:>8.3f}"
        f"{row.effective_rank:>8.1f}{row.alignment:>8.2f}{row.uniformity:>8.2f}{row.scored_alignment:>8.2f}"
        f"{lead}{row.seconds:>8.0f}"
    )


def _claim(claim: Claim) -> str:
    figure = "with baseline" if claim.figure == "balanced_accuracy" else "without baseline"
    return f"{_percent(claim.share)} of the windows, {figure}: {_difference(claim.difference)}"


def _difference(difference: Difference) -> str:
    bounds = difference.interval
    between = "too few pairs for bounds" if bounds is None else f"{bounds.low:+.3f} to {bounds.high:+.3f}"
    columns = ", ".join(f"{name} {mean:+.3f}" for name, mean in difference.columns.items())
    return (
        f"{difference.mean:+.3f} ({between}), spread {difference.spread:.3f} over {difference.pairs} pairs, "
        f"p {difference.p_value:.3f}; {columns}"
    )
