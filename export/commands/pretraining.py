"""The workstation's command `pretrain`: a student learns from recordings that nobody has labelled."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from export.commands.arguments import add_replace, count, tell, weight
from export.training.names import SELF_SUPERVISED

MACHINES = 40


def add_pretraining(commands: Any, *, cache: Path) -> None:
    """Add the command to argparse's `commands`; features are kept in `cache` unless told otherwise."""
    parser = commands.add_parser(
        "pretrain", help="recordings without labels, or an agent's ring -> a folder that `train --from` starts from"
    )
    parser.add_argument(
        "source", type=Path, nargs="*", help="folder of recordings, an agent's state folder, or the ring in it"
    )
    parser.add_argument(
        "--manifest",
        type=Path,
        action="append",
        default=[],
        help="what is known of recordings, column label empty where nobody knows; may be repeated",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of what it becomes")
    add_replace(parser)
    parser.add_argument("--objective", help=f"{', '.join(SELF_SUPERVISED)} (default: simclr)")
    parser.add_argument("--steps", type=count, help="default: 1000")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--batch", type=count, help="windows of each step (default: 256)")
    parser.add_argument("--views", type=count, help="on the samples of each window (default: 3)")
    parser.add_argument("--rate-hz", type=weight, help="of files in folders that do not say it")
    parser.add_argument("--rpm", type=weight, help="of the shaft, for files in folders that do not say it")
    parser.add_argument("--bearing", default="", help="of all files in folders, as a part number")
    parser.add_argument("--config", type=Path, help="TOML or JSON of the recipe that `train --from` is given, too")
    parser.add_argument("--machines", type=int, default=MACHINES, help="simulated machines (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=cache, help="feature cache (default: %(default)s)")
    parser.set_defaults(command=_pretrain)


# Torch takes seconds to load: the command imports what it uses, so that --help answers at once.


def _pretrain(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.types import FAULTS
    from export.data.manifest import read_manifest
    from export.data.unlabelled import UNLABELLED, Facts
    from export.runs.pretrain_run import run_pretraining
    from export.runs.recipes import read_recipe
    from export.training.recipe import TrainConfig
    from export.training.selfsupervised.pretraining import PretrainConfig

    chosen = {name: getattr(arguments, name) for name in ("objective", "steps", "seed", "batch", "views")}
    config = msgspec.structs.replace(
        PretrainConfig(), **{name: value for name, value in chosen.items() if value is not None}
    )
    rows = [row for path in arguments.manifest for row in read_manifest(path, labels=(*FAULTS, UNLABELLED))]
    run_pretraining(
        arguments.source,
        rows,
        config,
        TrainConfig() if arguments.config is None else read_recipe(arguments.config),
        facts=Facts(arguments.rate_hz or None, arguments.rpm or None, arguments.bearing),
        folder=arguments.out,
        cache=arguments.cache,
        machines=arguments.machines,
        replace=arguments.replace,
        tell=tell,
    )
    tell(f"next: python -m export train --manifest LABELLED.csv --from {arguments.out}")
    print((arguments.out / "metrics.json").read_text(), end="")
    return os.EX_OK
