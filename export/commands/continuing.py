"""The workstation's command `continue`: a finished run learns on, from recordings of new machines or new faults."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_replace, count, share, tell, tell_next, weight

if TYPE_CHECKING:
    from export.data.adopted import Adopted
    from export.scoring.forgetting import Forgets


def add_continuing(commands: Any, *, cache: Path) -> None:
    """Add the command to argparse's `commands`; features are kept in `cache` unless told otherwise."""
    parser = commands.add_parser(
        "continue", help="a finished run and recordings of new machines -> a run that knows both"
    )
    parser.add_argument("run", type=Path, help="run folder, of `train` or of `continue`")
    parser.add_argument(
        "--manifest", type=Path, action="append", default=[], help="the new recordings; may be repeated"
    )
    parser.add_argument(
        "--adopted",
        type=Path,
        action="append",
        default=[],
        help="rows of judged alerts, of `adopt`; may be repeated",
    )
    parser.add_argument("--out", type=Path, required=True, help="run folder of what it becomes")
    add_replace(parser)
    parser.add_argument("--cache", type=Path, default=cache, help="feature cache (default: %(default)s)")
    parser.add_argument("--keep", type=count, metavar="WINDOWS", help="heard before, to be heard again (default: 6000)")
    parser.add_argument("--new", type=share, dest="new_share", metavar="SHARE", help="of each batch (default: 0.5)")
    parser.add_argument(
        "--imitate", type=weight, dest="imitation_weight", metavar="WEIGHT", help="of what it said before (default: 1)"
    )
    parser.add_argument(
        "--tower",
        choices=("kept", "trained"),
        help="whether descriptions stay what they are, added ones with them (default: kept)",
    )
    parser.add_argument(
        "--steps", type=count, help="of going on (default: 600); five folds are trained from the start beside it"
    )
    parser.add_argument("--seed", type=int)
    parser.set_defaults(command=_continue)


def add_adopting(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    parser = commands.add_parser("adopt", help="alerts that somebody has judged -> rows that `continue` learns from")
    parser.add_argument(
        "state", type=Path, nargs="+", help="an agent's state folder, or the ring in it; a copy will do"
    )
    parser.add_argument("--out", type=Path, required=True, help="file of the rows (.npz)")
    parser.add_argument("--json", action="store_true", help="end with one JSON document")
    parser.set_defaults(command=_adopt)


# Torch takes seconds to load: the command imports what it uses, so that --help answers at once.


def _continue(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.dsp.spectra import FeatureSpec
    from export.data.adopted import files_of_rows, read_rows
    from export.data.manifest import read_manifest
    from export.runs.continue_run import run_continuation
    from export.runs.folder import forgets_of, load_run
    from export.training.continuing import ContinueConfig

    chosen = {name: getattr(arguments, name) for name in ContinueConfig.__struct_fields__ if hasattr(arguments, name)}
    config = msgspec.structs.replace(
        ContinueConfig(), **{name: value for name, value in chosen.items() if value is not None}
    )
    rows = [row for path in arguments.manifest for row in read_manifest(path)]
    adopted = [read_rows(path, FeatureSpec()) for path in arguments.adopted]
    files = [files_of_rows(path) for path in arguments.adopted]
    run_continuation(
        load_run(arguments.run),
        rows,
        config,
        folder=arguments.out,
        cache=arguments.cache,
        adopted=adopted,
        adopted_files=None if None in files else frozenset().union(*(one or () for one in files)),
        replace=arguments.replace,
        tell=tell,
    )
    tell_next("quantize", arguments.out)
    forgets = forgets_of(load_run(arguments.out))
    if forgets is not None:
        print("\n".join(as_table(forgets.left_out_groups)))
    print((arguments.out / "metrics.json").read_text(), end="")
    return os.EX_OK


def _adopt(arguments: argparse.Namespace) -> int:
    import json

    from agent.dsp.spectra import FeatureSpec
    from agent.errors import RecordingError
    from export.data.adopted import adopt, ring_of, write_rows
    from export.data.table import join

    found: list[Adopted] = []
    notes: list[str] = []
    for folder in arguments.state:
        adopted, left_out = adopt(ring_of(folder), FeatureSpec())
        known = {one.alert for one in found}
        notes += [f"{one.alert}: is also in {folder}, and adopted once" for one in adopted if one.alert in known]
        found += [one for one in adopted if one.alert not in known]
        notes += left_out
    for note in notes:
        tell(f"left out: {note}")
    if not found:
        raise RecordingError("nothing was adopted: no alert that somebody has judged has windows over its limit")
    files = {one.file for one in found}
    write_rows(join([one.table for one in found]), FeatureSpec(), arguments.out, files=files)
    for one in found:
        print(f"{one.alert}: {one.label} of {one.machine}, {one.windows} windows")
    print(f"{arguments.out}: {sum(one.windows for one in found)} windows of {len(found)} alerts")
    if arguments.json:
        told = [{"alert": o.alert, "label": o.label, "machine": o.machine, "windows": o.windows} for o in found]
        print(json.dumps({"adopted": told, "left_out": notes}, ensure_ascii=False))
    return os.EX_OK


def as_table(forgets: Mapping[str, Forgets]) -> Iterator[str]:
    """Lines: balanced accuracy of each family and recall of its labels, before and after."""
    for name, one in forgets.items():
        yield f"groups left out, {name.replace('_', ' ')}: {one.mean:+.3f} forgotten"
        for family, kept in one.families.items():
            labels = ", ".join(f"{label} {old:.2f} -> {new:.2f}" for label, (old, new) in kept.labels.items())
            yield f"  {family:12} {kept.before:.3f} -> {kept.after:.3f}   {labels}"
