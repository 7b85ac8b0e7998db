"""The workstation's command `few-labels`: what learning without labels is worth where labels are few."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_material, count, names, sizes, tell

if TYPE_CHECKING:
    from export.studies.fewlabels.summary import Row, Worth


def add_few_labels(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    parser = commands.add_parser("few-labels", help="what pre-training without labels adds where labels are few")
    add_material(parser, machines=20, out="few-labels", holds="finished courses")
    parser.add_argument("--columns", type=names, metavar="NAME,...", help="default: 007,800,U+H>C")
    parser.add_argument(
        "--ways", type=names, metavar="WAY,...", help="default: none,scaling and every objective of `pretrain`"
    )
    parser.add_argument(
        "--labels", type=sizes, default=(1, 5, 20), metavar="COUNT,...", help="per fault and machine (default: 1,5,20)"
    )
    parser.add_argument("--seeds", type=count, default=3, help="courses of each kind (default: %(default)s)")
    parser.add_argument("--pretrain-steps", type=count, default=100, help="without labels (default: %(default)s)")
    parser.add_argument("--steps", type=count, default=100, help="with labels (default: %(default)s)")
    parser.add_argument("--batch", type=count, default=128, help="of both (default: %(default)s)")
    parser.add_argument("--text", help="text encoder of the recipe (default: as shipped)")
    parser.set_defaults(command=_few_labels)


# Torch takes seconds to load: the command imports what it uses, so that --help answers at once.


def _few_labels(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.data.layouts import rows_below
    from export.data.viewed import views_of
    from export.runs.folder import write_json
    from export.studies.columns.published import read_material
    from export.studies.fewlabels.lines import draw_worth
    from export.studies.fewlabels.study import plan_of, recipe_of, run_courses
    from export.studies.fewlabels.summary import worth_of
    from export.training.recipe import TrainConfig
    from export.training.selfsupervised.pretraining import PretrainConfig

    plan = plan_of(arguments.columns, arguments.ways, arguments.labels, seeds=arguments.seeds)
    recipe = recipe_of(TrainConfig() if arguments.text is None else TrainConfig(text=arguments.text))
    recipe = msgspec.structs.replace(recipe, steps=arguments.steps, batch=arguments.batch)
    config = PretrainConfig(steps=arguments.pretrain_steps, batch=arguments.batch)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    views = views_of(rows_below(arguments.data).rows, material.spec, cache=arguments.cache, count=config.views)
    found = run_courses(material, views, recipe, config, plan, folder=arguments.out, tell=tell)
    worth = worth_of(found, plan)
    write_json(arguments.out / "worth.json", worth)
    draw_worth(arguments.out / "worth.png", worth)
    tell(f"wrote {arguments.out / 'worth.json'} and worth.png")
    print(msgspec.json.encode(worth).decode() if arguments.json else "\n".join(as_table(worth)))
    return os.EX_OK


def as_table(worth: Worth) -> Iterator[str]:
    """How many windows each column heard, then a line for each number of labels and way."""
    for name, heard in worth.columns.items():
        labelled = ", ".join(f"{windows} ({per})" for per, windows in heard.labelled.items())
        yield f"{name}: {labelled} labelled windows (per fault and machine), {heard.unlabelled} without labels"
    columns = tuple(worth.columns)
    yield ""
    heads = "".join(f"{name:>8}" for name in columns)
    yield f"{'labels':<8}{'way':<10}{heads}    mean  spread  no state    lead  95 %              p   rank"
    for row in worth.rows:
        yield _line(row, columns)


def _line(row: Row, columns: tuple[str, ...]) -> str:
    scores = "".join(f"{row.columns[name]:>8.3f}" for name in columns)
    spread = "" if row.spread is None else f"{row.spread:.3f}"
    line = f"{row.labels:<8}{row.way:<10}{scores}{row.balanced_accuracy:>8.3f}{spread:>8}{row.without_baseline:>10.3f}"
    if row.lead is not None:
        bounds = row.lead.interval
        between = "too few pairs" if bounds is None else f"{bounds.low:+.3f} to {bounds.high:+.3f}"
        line += f"{row.lead.mean:>+8.3f}  {between:<17}{row.lead.p_value:.3f}"
    if row.effective_rank is not None:
        line += f"  {row.effective_rank[0]:.0f} -> {row.effective_rank[1]:.0f}"
    return line
