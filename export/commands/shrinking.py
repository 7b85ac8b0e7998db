"""The workstation's commands that make a trained network smaller: `distil` fewer multiplications, `quantize` int8."""

from __future__ import annotations

import argparse
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_replace, count, sizes, tell, tell_next, weight

if TYPE_CHECKING:
    from export.scoring.agreement import Agreement


def add_shrinking(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    distil = commands.add_parser("distil", help="a smaller student of a finished run's network -> a run folder")
    distil.add_argument("--teacher", type=Path, required=True, metavar="RUN", help="run folder, of any size")
    distil.add_argument("--out", type=Path, required=True, help="run folder of the student")
    add_replace(distil)
    distil.add_argument("--hidden", type=sizes, metavar="N,N,...", help="sizes of its hidden layers (default: 96,64)")
    distil.add_argument("--steps", type=count)
    distil.add_argument("--labels", type=weight, metavar="WEIGHT", help="of the windows' own labels (default: 0)")
    distil.add_argument("--seed", type=int)
    distil.set_defaults(command=_distil)

    quantize = commands.add_parser("quantize", help="a run -> its int8 ONNX and TFLite files")
    quantize.add_argument("run", type=Path)
    quantize.add_argument("--aware", type=count, metavar="STEPS", help="train the weights as the integers they become")
    quantize.set_defaults(command=quantize_run)


# Torch takes seconds to load: each command imports what it uses, so that --help answers at once.


def _distil(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.runs.distil_run import run_distillation
    from export.runs.folder import load_run
    from export.shrinking.distil import DistilConfig

    given = {
        "hidden": arguments.hidden,
        "steps": arguments.steps,
        "label_weight": arguments.labels,
        "seed": arguments.seed,
    }
    chosen = {name: value for name, value in given.items() if value is not None}
    config = msgspec.structs.replace(DistilConfig(), **chosen)
    teacher = load_run(arguments.teacher)
    run_distillation(teacher, config, folder=arguments.out, replace=arguments.replace, tell=tell)
    tell_next("quantize", arguments.out)
    print((arguments.out / "metrics.json").read_text(), end="")
    return os.EX_OK


def quantize_run(arguments: argparse.Namespace) -> int:
    """The command `quantize`, of the folder `arguments.run`."""
    from export.runs.folder import load_run
    from export.runs.quantize_run import convert
    from export.shrinking.aware import AwareConfig

    aware = None if arguments.aware is None else AwareConfig(steps=arguments.aware)
    made = convert(load_run(arguments.run), aware=aware)
    print(f"{made.parameters} parameters, {made.multiplications} multiplications; int8 against float:")
    if made.post_training is not None:
        print(_line("post-training", made.post_training))
    print(_line("written", made.float_likeness))
    if made.post_training is not None:
        print(verdict(made.post_training, made.float_likeness))
    if arguments.chosen == "quantize":
        tell_next("pack", arguments.run, "--out", Path("bundles", arguments.run.resolve().name))
    return os.EX_OK


def _line(name: str, alike: Agreement) -> str:
    return (
        f"{name:14}cosine {alike.cosine_mean:.5f} mean, {alike.cosine_min:.5f} min, "
        f"same fault in {alike.top1_agreement:.4f} of {alike.windows}"
    )


def verdict(plain: Agreement, aware: Agreement) -> str:
    """Whether training as integers was worth it, by how many windows are given another answer than float gives.

    Counts that differ by less than two standard deviations of their difference, as Poisson counts, are the same.
    """
    before, after = (round(alike.windows * (1 - alike.top1_agreement)) for alike in (plain, aware))
    if abs(before - after) <= 2 * math.sqrt(before + after):
        return "post-training quantization is enough: training as integers changes no more answers than chance does"
    if after < before:
        return "training as integers makes int8 name the same fault as float more often"
    return "training as integers made it worse; quantize again without --aware"
