"""The workstation's commands: recordings in, a verified bundle out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent.errors import ConfigError, TextVibError
from export.commands.arguments import add_replace, count, tell, tell_next
from export.commands.continuing import add_adopting, add_continuing
from export.commands.given import check_given
from export.commands.judging import add_judging
from export.commands.needs import needs_of, require_for
from export.commands.packing import add_name, add_packing, pack_run
from export.commands.pretraining import add_pretraining
from export.commands.shrinking import add_shrinking, quantize_run
from export.commands.signing import add_signing
from export.extras import cannot_load, load_now
from export.progress import busy
from export.training.names import IN_WORDS
from firmware_bridge.command_line import Parser, Version

RUNS = Path("runs")
MACHINES = 150
"""Simulated machines beside the recordings."""
MACHINES_HELP = (
    f"simulated machines to learn from (default: {MACHINES}); whatever it says, 240 healthy machines of other kinds "
    "are made of the healthy recordings, for limits that must hold on machines of which nothing is known"
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or that of the error class."""
    arguments = _parser().parse_args(argv)
    try:
        require_for(arguments.chosen, arguments)
        check_given(arguments.chosen, arguments)
        with busy(arguments.chosen):
            return _run(arguments)
    except TextVibError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; the same command goes on from what is finished", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"error: {error.filename or ''}: {error.strerror or error}; name another file or folder", file=sys.stderr)
        return os.EX_CANTCREAT


def _run(arguments: argparse.Namespace) -> int:
    with busy("loading libraries"):
        load_now(needs_of(arguments.chosen).modules)
    try:
        code: int = arguments.command(arguments)
    except ImportError as error:
        raise cannot_load(error) from error
    return code


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="textvib-export", description=__doc__)
    parser.add_argument("--version", action=Version)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="chosen")

    manifest = commands.add_parser("manifest", help="write the manifest of a published data set")
    manifest.add_argument("layout", choices=("cwru", "hit", "uestc", "uos"))
    manifest.add_argument("folder", type=Path)
    manifest.add_argument("--out", type=Path, help="CSV file, paths relative to it (default: standard output)")
    manifest.set_defaults(command=_manifest)

    train = commands.add_parser("train", help="recordings and simulated machines -> a run folder")
    _add_training(train)
    train.add_argument("--out", type=Path, default=RUNS / "default", help="run folder (default: %(default)s)")
    train.set_defaults(command=_train)

    add_packing(commands, run=RUNS / "default")

    rebuild = commands.add_parser("rebuild", help="train, quantize, verify and pack the default bundle in one go")
    _add_training(rebuild)
    rebuild.add_argument("--run", type=Path, default=RUNS / "default", help="run folder (default: %(default)s)")
    rebuild.add_argument("--out", type=Path, default=Path("agent/bundles/default"), help="default: %(default)s")
    add_name(rebuild)
    rebuild.set_defaults(command=_rebuild, aware=None, forgets_anyway=False)

    add_adopting(commands)
    add_continuing(commands, cache=RUNS / "features")
    add_pretraining(commands, cache=RUNS / "features")
    add_shrinking(commands)
    add_signing(commands)
    add_judging(commands)
    return parser


def _add_training(parser: argparse.ArgumentParser) -> None:
    add_replace(parser)
    parser.add_argument("--data", type=Path, help="folder with the published sets (cwru, hit_selfbuilt, uestc, uos)")
    parser.add_argument("--manifest", type=Path, action="append", default=[], help="more recordings; may be repeated")
    parser.add_argument("--machines", type=int, default=MACHINES, help=MACHINES_HELP)
    parser.add_argument("--cache", type=Path, default=RUNS / "features", help="feature cache (default: %(default)s)")
    parser.add_argument(
        "--config", type=Path, help="TOML or JSON of a training configuration; what follows goes over it"
    )
    parser.add_argument("--steps", type=count, help="training steps")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--objective", help=f"what is minimised: {IN_WORDS} (default: that of the recipe)")
    parser.add_argument(
        "--from", type=Path, dest="begun", metavar="FOLDER", help="start from a student of `pretrain` instead of chance"
    )
    parser.add_argument("--text", help="ngrams, minilm, glossary or several joined by +")


# Torch, matplotlib and MiniLM take seconds to load: each command imports what it uses, so that --help answers at once.


def _manifest(arguments: argparse.Namespace) -> int:
    from export.data.layouts import LAYOUTS, guess_at, listed
    from export.data.manifest import ManifestError, write_manifest

    if not arguments.folder.is_dir():
        raise ManifestError(f"{arguments.folder}: not a folder")
    if arguments.out is not None and not arguments.out.resolve().parent.is_dir():
        raise ManifestError(
            f"--out {arguments.out}: there is no folder {arguments.out.parent}; make it, or name another"
        )
    found = LAYOUTS[arguments.layout](arguments.folder)
    if not found.rows:  # what to do about it, before the list of what is there
        told = f"{arguments.folder}: no recording of the layout {arguments.layout}{guess_at(arguments.folder)}"
        raise ManifestError("\n".join([told, *listed(found.skipped)]))
    for line in found.skipped:
        print(f"skipped {line}", file=sys.stderr)
    if arguments.out is None:
        print(write_manifest([replace(row, path=row.path.resolve()) for row in found.rows]), end="")
        return 0
    base = arguments.out.resolve().parent
    rows = [replace(row, path=Path(os.path.relpath(row.path.resolve(), base))) for row in found.rows]
    arguments.out.write_text(write_manifest(rows), encoding="utf-8")
    return 0


def _train(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.dsp.spectra import FeatureSpec
    from export.data.layouts import rows_below
    from export.data.manifest import ManifestRow, read_manifest
    from export.runs.pretrained import read_begun
    from export.runs.recipes import read_recipe
    from export.runs.train_run import run_experiment
    from export.training.objectives.named import problem_with
    from export.training.recipe import TrainConfig

    config = TrainConfig() if arguments.config is None else read_recipe(arguments.config)
    given = {name: getattr(arguments, name) for name in ("steps", "seed", "objective", "text")}
    config = msgspec.structs.replace(config, **{name: value for name, value in given.items() if value is not None})
    if problem := problem_with(config.objective):
        raise ConfigError(f"objective: {problem}")
    rows: list[ManifestRow] = []
    if arguments.data is not None:
        found = rows_below(arguments.data)
        rows += found.rows
        for line in found.skipped:
            print(f"skipped {line}", file=sys.stderr)
    for path in arguments.manifest:
        rows += read_manifest(path)
    begun = None if arguments.begun is None else read_begun(arguments.begun, config, FeatureSpec())
    place = {"folder": arguments.out, "cache": arguments.cache}
    replace = arguments.replace
    run_experiment(rows, config, **place, machines=arguments.machines, begun=begun, replace=replace, tell=tell)
    if arguments.chosen == "train":
        tell_next("quantize", arguments.out)
    print((arguments.out / "metrics.json").read_text(), end="")
    return 0


def _rebuild(arguments: argparse.Namespace) -> int:
    _train(argparse.Namespace(**{**vars(arguments), "out": arguments.run}))
    quantize_run(arguments)
    return pack_run(arguments)
