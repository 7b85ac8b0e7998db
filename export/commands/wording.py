"""The workstation's commands about sentences: what they are near, others for a bundle, and how far to trust them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands.arguments import tell
from export.studies.columns.splits import COLUMNS

if TYPE_CHECKING:
    from export.evaluation.sentences import Texts
    from export.studies.columns.training_cache import Material
    from export.training.recipe import TrainConfig


def add_wording(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    describe = commands.add_parser("describe", help="a bundle with faults described anew, its encoder untouched")
    describe.add_argument("--descriptions", type=Path, help="TOML: a table per language, fault = [...]")
    describe.add_argument(
        "--examples", type=Path, action="append", default=[], help="rows of judged alerts, of `adopt`; may be repeated"
    )
    describe.add_argument(
        "--takes-anyway", action="store_true", help="however many windows trained on examples take from other faults"
    )
    describe.add_argument("--out", type=Path, required=True, help="bundle folder; replaced if it is one")
    describe.add_argument("--version", help="default: that of the bundle, marked as changed")
    _add_reader(describe)
    describe.set_defaults(command=_describe)

    rank = commands.add_parser("rank", help="which faults a sentence is near")
    rank.add_argument("sentence")
    rank.add_argument("--json", action="store_true", help="print one JSON document")
    _add_reader(rank)
    rank.set_defaults(command=_rank)

    texts = commands.add_parser("texts", help="how far a bundle's sentences may be trusted, by never-seen ones")
    texts.add_argument("--out", type=Path, help="folder for texts.png")
    texts.add_argument("--json", action="store_true", help="end with one JSON document")
    _add_reader(texts)
    texts.set_defaults(command=_texts)

    swap = commands.add_parser(
        "swap", help="what it costs to describe every fault in sentences that training never saw"
    )
    _add_material(swap)
    swap.add_argument("--only", choices=COLUMNS, action="append", help="this column; may be repeated (default: all)")
    swap.add_argument("--out", type=Path, default=Path("runs/swap"), help="finished cells (default: %(default)s)")
    swap.set_defaults(command=_swap)

    tower = commands.add_parser("tower", help="what recipes are worth to a text tower of sentences alone")
    tower.add_argument("--recipes", type=Path, nargs="+", default=[], help="TOML files (default: the shipped recipe)")
    tower.add_argument("--seeds", type=int, default=3, help="towers per recipe (default: %(default)s)")
    tower.add_argument("--inside", action="store_true", help="judge on training sentences left out: to choose by")
    tower.add_argument("--before", action="store_true", help="learn without people's own words (said.toml)")
    tower.add_argument("--out", type=Path, default=Path("runs/tower"), help="finished towers (default: %(default)s)")
    tower.add_argument("--json", action="store_true", help="end with one JSON document")
    tower.set_defaults(command=_tower)

    left_out = commands.add_parser("left-out", help="train without a fault and its words, describe it, count how often")
    _add_material(left_out)
    left_out.add_argument(
        "--out", type=Path, default=Path("runs/left-out"), help="finished cells (default: %(default)s)"
    )
    left_out.add_argument("--words-alone", action="store_true", help="no trainings that are told of the parts' lines")
    left_out.set_defaults(command=_left_out)


def add_shots(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    shots = commands.add_parser("shots", help="a fault left out: its words beside 1, 5 and 20 of its windows")
    _add_material(shots)
    shots.add_argument("--recipe", type=Path, help="TOML or JSON of a training configuration (default: the shipped)")
    shots.add_argument("--inside", type=int, default=1, help="faults per pair of rigs that choose (default: 1)")
    shots.add_argument("--out", type=Path, default=Path("runs/shots"), help="finished cells (default: %(default)s)")
    shots.set_defaults(command=_shots)


def _add_reader(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bundle", default="default", help="bundle folder, or default")
    parser.add_argument(
        "--tower", type=Path, help="the bundle's text tower, or a folder with it (default: beside the bundle)"
    )


def _add_material(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with cwru, hit_selfbuilt and uestc")
    parser.add_argument("--seeds", type=int, default=1, help="trainings per cell (default: %(default)s)")
    parser.add_argument("--steps", type=int, help="of each training (default: those of the recipe)")
    parser.add_argument("--machines", type=int, default=150, help="simulated machines (default: %(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("runs/features"), help="default: %(default)s")
    parser.add_argument("--json", action="store_true", help="end with one JSON document")


# What a command needs takes seconds to load: each imports what it uses, so that --help answers at once.


def _describe(arguments: argparse.Namespace) -> int:
    from export.bundling.examples import as_lines
    from export.bundling.redescribe import redescribe

    made = redescribe(
        arguments.bundle,
        arguments.descriptions,
        arguments.out,
        examples=arguments.examples,
        tower=arguments.tower,
        version=arguments.version,
        takes_anyway=arguments.takes_anyway,
    )
    for fault, other in made.nearest.items():
        grant = f", granted {made.granted[fault]:+.2f}" if fault in made.granted else ""
        print(f"{fault:<16} nearest other fault {other.fault} ({other.similarity:.2f}){grant}")
    for fault in sorted(made.granted.keys() - made.nearest.keys()):
        print(f"{fault:<16} described before, granted {made.granted[fault]:+.2f} beside these")
    for line in as_lines(made.moved):
        print(line)
    for remark in made.remarks:
        print(remark, file=sys.stderr)
    print(f"wrote {arguments.out}")
    return os.EX_OK


def _rank(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.bundle.load import load_bundle
    from export.bundling.sentence_reader import rank, reader_of

    bundle = load_bundle(arguments.bundle)
    reader = reader_of(bundle, arguments.tower, folder=arguments.bundle)
    ranking = rank(bundle, reader, arguments.sentence)
    near = [one.fault for one in ranking if one.similarity >= reader.near]
    if arguments.json:
        document = {"sentence": arguments.sentence, "near": near, "limit": reader.near, "faults": ranking}
        print(msgspec.json.encode(document).decode())
        return os.EX_OK
    lines = [f"{one.fault:<16}{one.similarity:>6.2f}{'  near' if one.fault in near else ''}" for one in ranking]
    if not near:
        lines.append(f"near no fault: no cosine reaches {reader.near:.2f}")
    print("\n".join(lines))
    return os.EX_OK


def _texts(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.bundle.load import load_bundle
    from export.bundling.sentence_reader import reader_of
    from export.evaluation.sentences import draw_texts, judge_texts, read_never_seen

    bundle = load_bundle(arguments.bundle)
    reader = reader_of(bundle, arguments.tower, folder=arguments.bundle)
    read = read_never_seen(bundle, reader)
    texts = judge_texts(bundle, reader, read)
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
        draw_texts(arguments.out / "texts.png", bundle, reader, read)
        print(f"wrote {arguments.out / 'texts.png'}", file=sys.stderr)
    print(msgspec.json.encode(texts).decode() if arguments.json else _as_text(texts))
    return os.EX_OK


def _as_text(texts: Texts) -> str:
    rows = [
        f"bundle {texts.bundle}, near from a cosine of {texts.limit:.2f}",
        "",
        f"{'about a fault':<16}{'sentences':>10}{'nearest its own':>18}{'and near it':>14}",
    ]
    rows += [
        f"{f'{one.kind} {one.language}':<16}{one.sentences:>10}{one.nearest:>18.3f}{one.near:>14.3f}"
        for one in texts.found
    ]
    rows += ["", f"{'about none':<16}{'sentences':>10}{'near no fault':>18}{'median cosine':>14}"]
    rows += [
        f"{f'{one.kind} {one.language}':<16}{one.sentences:>10}{one.near_none:>18.3f}{one.median:>14.2f}"
        for one in texts.refused
    ]
    rows += ["", f"{'own words, fault':<22}{'sentences':>10}{'nearest its own':>18}{'and near it':>14}"]
    rows += [
        f"{f'{one.kind} {one.language}':<22}{one.sentences:>10}{one.nearest:>18.3f}{one.near:>14.3f}"
        for one in texts.said_found
    ]
    rows += ["", f"{'own words, denied':<22}{'sentences':>10}{'near no fault':>18}{'median cosine':>14}"]
    rows += [
        f"{f'{one.kind} {one.language}':<22}{one.sentences:>10}{one.near_none:>18.3f}{one.median:>14.2f}"
        for one in texts.said_refused
    ]
    if texts.wrong:
        rows += ["", "worst"]
        rows += [f"  {one.similarity:.2f} {one.nearest:<14}{one.sentence} ({one.fault})" for one in texts.wrong]
    return "\n".join(rows)


def _swap(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.studies.sentences import swaps

    material, config, folder = _asked(arguments, Path(swaps.__file__))
    cells = swaps.run_swaps(
        material, config, folder=folder, only=arguments.only or COLUMNS, seeds=arguments.seeds, tell=tell
    )
    summary = swaps.summary_of(cells)
    print(msgspec.json.encode(summary).decode() if arguments.json else swaps.as_text(summary))
    return os.EX_OK


def _left_out(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.studies.sentences import leftout

    material, config, folder = _asked(arguments, Path(leftout.__file__))
    physics = (False,) if arguments.words_alone else (False, True)
    cells = leftout.run_left_out(material, config, folder=folder, seeds=arguments.seeds, physics=physics, tell=tell)
    print(msgspec.json.encode({"cells": cells}).decode() if arguments.json else "\n".join(map(leftout.as_line, cells)))
    return os.EX_OK


def _tower(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.data.manifest import ManifestError
    from export.runs.recipes import read_recipes
    from export.studies.sentences import tower_alone
    from export.training.recipe import TrainConfig

    if arguments.seeds < 1:
        raise ManifestError("--seeds must be at least 1")
    results = tower_alone.run_towers(
        read_recipes(arguments.recipes) or {"shipped": TrainConfig()},
        seeds=arguments.seeds,
        folder=arguments.out,
        inside=arguments.inside,
        said=not arguments.before,
        tell=tell,
    )
    print(msgspec.json.encode(results).decode() if arguments.json else tower_alone.as_text(results))
    return os.EX_OK


def _shots(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.studies.sentences import shots, shots_table

    material, config, folder = _asked(arguments, Path(shots.__file__))
    cells = shots.run_shots(
        material, config, folder=folder, seeds=arguments.seeds, inside=max(1, arguments.inside), tell=tell
    )
    rows = shots_table.rows_of(cells)
    shots_table.draw(arguments.out / "shots.png", rows)
    tell(f"wrote {arguments.out / 'shots.png'}")
    print(msgspec.json.encode({"rows": rows}).decode() if arguments.json else "\n".join(shots_table.as_table(rows)))
    return os.EX_OK


def _asked(arguments: argparse.Namespace, study: Path) -> tuple[Material, TrainConfig, Path]:
    """What is trained on, how, and the folder for the finished cells of the module file `study`."""
    import msgspec

    from export.data.manifest import ManifestError
    from export.runs.recipes import read_recipe
    from export.studies.columns.published import read_material
    from export.studies.columns.training_cache import cell_key
    from export.training.recipe import TrainConfig

    if arguments.seeds < 1 or (arguments.steps is not None and arguments.steps < 1):
        raise ManifestError("--seeds and --steps must be at least 1")
    recipe = getattr(arguments, "recipe", None)
    config = TrainConfig() if recipe is None else read_recipe(recipe)
    if arguments.steps is not None:
        config = msgspec.structs.replace(config, steps=arguments.steps)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    return material, config, arguments.out / cell_key(material, config, code=study)
