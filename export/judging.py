"""The workstation's commands that judge and describe, beside those of `export.cli` that make."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.columns import COLUMNS

if TYPE_CHECKING:
    from export.evaluate import Evaluation
    from export.figures import Share
    from export.protocols import Summary


def add_judging(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    evaluate = commands.add_parser("evaluate", help="score a bundle on recordings that it never saw")
    evaluate.add_argument("--bundle", default="default", help="bundle folder, or default")
    evaluate.add_argument("--manifest", type=Path, action="append", required=True, help="may be repeated")
    evaluate.add_argument("--runtime", choices=("auto", "onnx", "litert"), default="auto")
    evaluate.add_argument("--out", type=Path, help="folder for confusion.png and similarity.png")
    evaluate.add_argument("--json", action="store_true", help="end with one JSON document")
    evaluate.set_defaults(command=_evaluate)

    describe = commands.add_parser("describe", help="a bundle with faults described anew, its encoder untouched")
    describe.add_argument("--bundle", default="default", help="bundle folder, or default")
    describe.add_argument("--descriptions", type=Path, required=True, help="TOML: a table per language, fault = [...]")
    describe.add_argument("--out", type=Path, required=True, help="bundle folder; replaced if it is one")
    describe.add_argument("--version", help="default: that of the bundle, marked as changed")
    _add_tower(describe)
    describe.set_defaults(command=_describe)

    rank = commands.add_parser("rank", help="which faults a sentence is near")
    rank.add_argument("--bundle", default="default", help="bundle folder, or default")
    rank.add_argument("sentence")
    rank.add_argument("--json", action="store_true", help="print one JSON document")
    _add_tower(rank)
    rank.set_defaults(command=_rank)

    protocols = commands.add_parser("protocols", help="train and score the leak-free columns of the published sets")
    protocols.add_argument("--data", type=Path, required=True, help="folder with cwru, hit_selfbuilt and uestc")
    protocols.add_argument("--seeds", type=int, default=3, help="trainings per column (default: %(default)s)")
    protocols.add_argument(
        "--only", choices=COLUMNS, action="append", help="this column; may be repeated (default: all)"
    )
    protocols.add_argument("--recipe", type=Path, help="JSON of a training configuration (default: the shipped recipe)")
    protocols.add_argument("--machines", type=int, default=150, help="simulated machines (default: %(default)s)")
    protocols.add_argument("--cache", type=Path, default=Path("runs/features"), help="default: %(default)s")
    protocols.add_argument(
        "--out", type=Path, default=Path("runs/protocols"), help="finished cells (default: %(default)s)"
    )
    protocols.add_argument("--json", action="store_true", help="end with one JSON document")
    protocols.set_defaults(command=_protocols)


def _add_tower(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--tower", type=Path, help="the bundle's text tower, or a folder with it (default: shipped ones)"
    )


# What a command needs takes seconds to load: each imports what it uses, so that --help answers at once.


def _evaluate(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.assembly import load_encoder
    from agent.bundle import load_bundle
    from agent.types import FAULTS
    from export.data.manifest import read_manifest
    from export.evaluate import evaluate
    from export.hearing import listen

    bundle = load_bundle(arguments.bundle)
    labels = tuple(dict.fromkeys((*FAULTS, *bundle.manifest.faults)))
    rows = [row for path in arguments.manifest for row in read_manifest(path, labels=labels)]
    _, encoder = load_encoder(bundle, arguments.runtime)
    heard, skipped = listen(rows, bundle, encoder)
    for line in skipped:
        print(f"skipped {line}", file=sys.stderr)
    evaluation = evaluate(heard, bundle, skipped=skipped)
    if arguments.out is not None:
        from export.pictures import draw_evaluation

        for path in draw_evaluation(arguments.out, evaluation):
            print(f"wrote {path}", file=sys.stderr)
    print(msgspec.json.encode(evaluation).decode() if arguments.json else _as_text(evaluation))
    return os.EX_OK


def _describe(arguments: argparse.Namespace) -> int:
    from export.describing import NEAR, redescribe

    described = redescribe(
        arguments.bundle, arguments.descriptions, arguments.out, tower=arguments.tower, version=arguments.version
    )
    for fault, other in described.items():
        print(f"{fault:<16} nearest other fault {other.fault} ({other.similarity:.2f})")
        if other.similarity >= NEAR:
            print(f"{fault}: hardly told from {other.fault}; describe what differs", file=sys.stderr)
    print(f"wrote {arguments.out}")
    return os.EX_OK


def _rank(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.bundle import load_bundle
    from export.describing import NEAR, rank, reader_of

    bundle = load_bundle(arguments.bundle)
    ranking = rank(bundle, reader_of(bundle, arguments.tower), arguments.sentence)
    near = [one.fault for one in ranking if one.similarity >= NEAR]
    if arguments.json:
        document = {"sentence": arguments.sentence, "near": near, "limit": NEAR, "faults": ranking}
        print(msgspec.json.encode(document).decode())
        return os.EX_OK
    lines = [f"{one.fault:<16}{one.similarity:>6.2f}{'  near' if one.fault in near else ''}" for one in ranking]
    print("\n".join(lines))
    return os.EX_OK


def _protocols(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.spectra import FeatureSpec
    from export.data.layouts import rows_below
    from export.data.manifest import ManifestError
    from export.data.simulated import simulated_table
    from export.data.windows import table_of
    from export.experiment import FIRST_SIMULATED
    from export.protocols import Material, run_protocols
    from export.run import read_json
    from export.train import TrainConfig

    if arguments.seeds < 1 or arguments.machines < 0:
        raise ManifestError("--seeds must be at least 1 and --machines at least 0")
    missing = [name for name in ("cwru", "hit_selfbuilt", "uestc") if not (arguments.data / name).is_dir()]
    if missing:
        raise ManifestError(f"{arguments.data}: the columns need the folders {', '.join(missing)}")
    config = TrainConfig() if arguments.recipe is None else read_json(arguments.recipe, TrainConfig)
    spec = FeatureSpec()
    found = rows_below(arguments.data)
    recorded, notes = table_of(found.rows, spec, cache=arguments.cache)
    for line in (*found.skipped, *notes):
        print(f"skipped {line}", file=sys.stderr)
    seeds = range(FIRST_SIMULATED, FIRST_SIMULATED + arguments.machines)
    simulated = simulated_table(seeds, spec, cache=arguments.cache) if arguments.machines else None
    summary = run_protocols(
        Material(recorded, simulated, spec),
        config,
        seeds=arguments.seeds,
        folder=arguments.out,
        only=arguments.only or COLUMNS,
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )
    print(msgspec.json.encode(summary).decode() if arguments.json else _columns_as_text(summary))
    return os.EX_OK


def _columns_as_text(summary: Summary) -> str:
    def row(name: str, cells: list[float], mean: float | None) -> str:
        end = "" if mean is None else f"{mean:>8.3f}"
        return f"{name:<24}" + "".join(f"{cell:>8.3f}" for cell in cells) + end

    columns = list(summary.columns.values())
    rows = [f"{'':<24}" + "".join(f"{name:>8}" for name in summary.columns) + f"{'mean*':>8}"]
    rows.append(row("int8, with baseline", [c.balanced_accuracy for c in columns], summary.mean_balanced_accuracy))
    rows.append(f"{'  spread':<24}" + "".join(f"{column.spread:>8.3f}" for column in columns))
    rows.append(row("int8, without baseline", [c.without_baseline for c in columns], summary.mean_without_baseline))
    exact = [column.float_balanced_accuracy for column in columns]
    rows.append(row("float, with baseline", exact, summary.mean_float_balanced_accuracy))
    rows += [row(name, [c.recipes[name] for c in columns], mean) for name, mean in summary.mean_recipes.items()]
    return "\n".join([*rows, f"balanced accuracy, {summary.seeds} seeds; * these columns but 014"])


def _as_text(evaluation: Evaluation) -> str:
    gated = evaluation.gated
    bounds = f"{evaluation.interval.low:.3f} to {evaluation.interval.high:.3f} over groups"
    area = "none, one label" if evaluation.macro_auroc is None else f"{evaluation.macro_auroc:.3f}"
    rows = [
        f"bundle {evaluation.bundle}: {evaluation.windows} windows of {evaluation.recordings} recordings, "
        f"{evaluation.window_s:g} s every {evaluation.hop_s:g} s",
        "",
        f"balanced accuracy  {evaluation.balanced_accuracy:.3f}   ({bounds})",
        f"macro AUROC        {area}",
        "",
        f"{'label':<16}{'recall':>8}   the edge: right healthy  wrong unknown unjudged",
    ]
    for label, recall in evaluation.per_class_recall.items():
        said = gated.per_class[label]
        shares = f"{said['right']:>15.3f}{said['healthy']:>8.3f}{said['wrong_fault']:>7.3f}"
        rows.append(f"{label:<16}{recall:>8.3f}{shares}{said['unknown']:>8.3f}{said['unjudged']:>9.3f}")
    rows += ["", f"{'group':<32}{'recall':>8}"]
    rows += [f"{group:<32}{recall:>8.3f}" for group, recall in evaluation.per_group_recall.items()]
    rows += ["", "what the edge would say (95 % bounds)"]
    figures = (
        ("unknown", gated.unknown),
        ("healthy windows named a fault", gated.false_alarms),
        ("healthy windows that deviate", gated.deviating_healthy),
        ("faulty windows that deviate", gated.deviating_faults),
    )
    rows += [f"  {name:<32}{_share(share)}" for name, share in figures]
    rows.append(f"  {'calibration error':<32}{gated.calibration_error:.3f}")
    if gated.alerts_on_healthy is not None:
        rate = gated.alerts_on_healthy
        rows.append(f"  {'alerts per healthy hour':<32}{rate.per_hour:.2f} ({rate.low:.2f} to {rate.high:.2f})")
    if gated.alerts_on_faults is not None:
        alerts = gated.alerts_on_faults
        delay = "" if alerts.median_delay_s is None else f", half of them within {alerts.median_delay_s:.1f} s"
        rows.append(f"  {'faulty recordings alerted':<32}{alerts.raised} of {alerts.recordings}{delay}")
    if evaluation.undescribed_labels:
        rows += ["", f"not described by this bundle: {', '.join(evaluation.undescribed_labels)}"]
    if evaluation.single_group_labels:
        rows += ["", f"one group only, no spread known: {', '.join(evaluation.single_group_labels)}"]
    return "\n".join(rows)


def _share(share: Share | None) -> str:
    return "none" if share is None else f"{share.share:.3f} ({share.low:.3f} to {share.high:.3f}) of {share.windows}"
