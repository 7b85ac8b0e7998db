"""The workstation's commands between a quantized run and the agents that hear by it: `pack` and `verify`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from export.commands.arguments import add_replace, tell, tell_next, tell_replay


def add_packing(commands: Any, *, run: Path) -> None:
    """Add the commands to argparse's `commands`; `run` is the folder that they take unless told otherwise."""
    pack = commands.add_parser("pack", help="a quantized run -> a verified bundle")
    pack.add_argument("run", type=Path)
    pack.add_argument("--out", type=Path, required=True, help="bundle folder")
    add_name(pack)
    add_replace(pack)
    pack.add_argument(
        "--forgets-anyway", action="store_true", help="pack a continued run although it forgets more than is allowed"
    )
    pack.set_defaults(command=pack_run)

    verify = commands.add_parser("verify", help="compare a bundle with the float student of its run, in both runtimes")
    verify.add_argument(
        "--bundle", help="bundle folder, or default for the one that ships (default: what the run was packed to)"
    )
    verify.add_argument("--run", type=Path, default=run, help="run folder (default: %(default)s)")
    verify.add_argument("--json", action="store_true", help="end with one JSON document")
    verify.set_defaults(command=_verify)


def add_name(parser: argparse.ArgumentParser) -> None:
    """What whoever packs says of the bundle: its name and version, and where its tower goes."""
    parser.add_argument("--name", help="what the bundle calls itself (default: as the run folder is called)")
    parser.add_argument("--version", default="1")
    parser.add_argument("--towers", type=Path, help="folder for the text tower (default: beside the bundle)")


# Torch takes seconds to load: each command imports what it uses, so that --help answers at once.


def pack_run(arguments: argparse.Namespace) -> int:
    """The command `pack`, of the folder `arguments.run`."""
    from export.bundling.bundle_folder import check_folder, size_of
    from export.bundling.pack import check_forgets, pack
    from export.bundling.packed import note_packed
    from export.bundling.stored_towers import bundle_name, check_tower, place_for
    from export.runs.folder import load_run
    from export.runs.run_files import check_quantized
    from export.scoring.doubts import doubts_of, warnings_of

    check_folder(arguments.out)
    name = bundle_name(arguments.name, run=arguments.run, out=arguments.out)
    tower = place_for(arguments.out, arguments.towers, name=name)
    run = load_run(arguments.run)
    check_quantized(run.folder)
    if not arguments.forgets_anyway:
        check_forgets(run)
    check_tower(tower, run.tower, replace=arguments.replace)
    pack(run, arguments.out, name=name, version=arguments.version, tower=tower, replace=arguments.replace)
    note_packed(run, arguments.out)
    for line in warnings_of(doubts_of(run.held_out, run.table)):
        tell(line)
    size = size_of(arguments.out)
    print(f"{arguments.out}: bundle {name} {arguments.version}, {size} bytes; its text tower: {tower}")
    if arguments.chosen == "pack":
        tell_next("verify", "--bundle", arguments.out, "--run", arguments.run)
    return os.EX_OK


def _verify(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.bundle.load import load_bundle
    from agent.errors import BundleError
    from export.bundling.pack import verification_case
    from export.bundling.packed import bundle_of
    from export.bundling.verify import verify
    from export.runs.folder import load_run
    from export.text.tower import sha256

    run = load_run(arguments.run)
    place = arguments.bundle or bundle_of(run)
    bundle = load_bundle(place)
    tell(f"bundle {bundle.manifest.name} {bundle.manifest.version} ({place}) beside the run {arguments.run}")
    if bundle.manifest.tower_sha256 != sha256(run.tower):
        raise BundleError(f"{place}: is of another training than the run {arguments.run}; name its own with --bundle")
    report = verify(bundle, run.graph, verification_case(run))
    for name, figures in report.runtimes.items():
        print(
            f"{name:7} cosine {figures.cosine_mean:.5f} mean {figures.cosine_min:.5f} min, same fault in "
            f"{figures.top1_agreement:.3f}, {figures.microseconds:.1f} us"
        )
    print(f"runtimes {report.steps_apart} steps apart; changed most: {'; '.join(report.worst)}")
    for problem in report.problems:
        print(f"refused: {problem}")
    if arguments.json:
        print(msgspec.json.encode(report).decode())
    if report.problems:
        return os.EX_DATAERR
    tell_replay(place)
    return os.EX_OK
