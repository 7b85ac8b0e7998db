"""The workstation's commands that judge and describe, beside those of `export.cli` that make."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.bundle.runtimes import CHOICES as RUNTIME_CHOICES
from export.commands.asked import add_asked
from export.commands.claiming import add_claims
from export.commands.comparing import add_compare
from export.commands.continual import add_continual
from export.commands.few_labels import add_few_labels
from export.commands.field import add_field
from export.commands.knowledge import add_knowledge
from export.commands.proving import add_proving
from export.commands.sentence_studies import add_sentence_studies
from export.commands.wording import add_wording

if TYPE_CHECKING:
    from export.evaluation.evaluate import Evaluation
    from export.scoring.statistics import Share


MOST_NAMED = 3
SHARES = {
    "parent": "parent",
    "healthy": "healthy",
    "wrong_fault": "wrong",
    "abnormal": "abnormal",
    "unknown": "unknown",
    "unjudged": "unjudged",
}
"""What the edge says of a label's windows beside the label itself -> its column."""


def add_judging(commands: Any) -> None:
    """Add the commands to argparse's `commands`."""
    evaluate = commands.add_parser("evaluate", help="score a bundle on recordings that it never saw")
    evaluate.add_argument("--bundle", default="default", help="bundle folder, or default")
    evaluate.add_argument("--manifest", type=Path, action="append", required=True, help="may be repeated")
    evaluate.add_argument("--runtime", choices=RUNTIME_CHOICES, default="auto")
    evaluate.add_argument("--out", type=Path, help="folder for confusion.png and similarity.png")
    evaluate.add_argument("--json", action="store_true", help="end with one JSON document")
    evaluate.set_defaults(command=_evaluate)

    add_wording(commands)
    add_sentence_studies(commands)
    add_proving(commands)
    add_compare(commands)
    add_claims(commands)
    add_continual(commands)
    add_few_labels(commands)
    add_field(commands)
    add_knowledge(commands)
    add_asked(commands)


# What a command needs takes seconds to load: each imports what it uses, so that --help answers at once.


def _evaluate(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.bundle.encoder import load_encoder
    from agent.bundle.load import load_bundle
    from agent.types import FAULTS
    from export.bundling.stored_towers import folder_of
    from export.data import trained_files
    from export.data.manifest import read_manifest
    from export.evaluation.edge_replay import listen, name_of
    from export.evaluation.evaluate import evaluate

    bundle = load_bundle(arguments.bundle)
    labels = tuple(dict.fromkeys((*FAULTS, *bundle.manifest.faults)))
    rows = [row for path in arguments.manifest for row in read_manifest(path, labels=labels)]
    _, encoder = load_encoder(bundle, arguments.runtime)
    hashes = trained_files.read(folder_of(arguments.bundle))
    judged = [row for row in rows if row.role != "baseline"]
    known = None if hashes is None else trained_files.known_among([row.path for row in judged], hashes)
    trained_on = None if known is None else [name_of(row) for row in judged if row.path in known]
    heard, skipped = listen(rows, bundle, encoder)
    for line in skipped:
        print(f"skipped {line}", file=sys.stderr)
    evaluation = evaluate(heard, bundle, skipped=skipped, trained_on=trained_on)
    if arguments.out is not None:
        from export.evaluation.pictures import draw_evaluation

        for path in draw_evaluation(arguments.out, evaluation):
            print(f"wrote {path}", file=sys.stderr)
    print(msgspec.json.encode(evaluation).decode() if arguments.json else as_text(evaluation))
    return os.EX_OK


def as_text(evaluation: Evaluation) -> str:
    """What was trained on, then the table of the others, then of those; where nothing was, one table."""
    told = said_of_training(evaluation)
    if evaluation.trained is None or evaluation.unseen is None:
        return f"{told}\n\n{_table(evaluation)}"
    parts = ("UNSEEN", _table(evaluation.unseen), "TRAINED ON, no measure of others", _table(evaluation.trained))
    return "\n\n".join((told, *parts))


def said_of_training(evaluation: Evaluation) -> str:
    """One line: how many of the recordings the bundle was trained on, and which."""
    known = evaluation.trained_on
    if known is None:
        return "trained on: this bundle does not say which recordings; pack it anew to have them told apart"
    if not known:
        return "trained on: none of these recordings"
    more = f" and {len(known) - MOST_NAMED} more (--json names all)" if len(known) > MOST_NAMED else ""
    return (
        f"trained on: {len(known)} of these {evaluation.recordings} recordings, whose figures say nothing of others: "
        f"{', '.join(known[:MOST_NAMED])}{more}"
    )


def _table(evaluation: Evaluation) -> str:
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
        f"{'label':<16}{'recall':>8}   the edge: right" + "".join(f"{title:>9}" for title in SHARES.values()),
    ]
    for label, recall in evaluation.per_class_recall.items():
        called = gated.per_class[label]
        shares = "".join(f"{called[name]:>9.3f}" for name in SHARES)
        rows.append(f"{label:<16}{recall:>8.3f}{called['right']:>18.3f}{shares}")
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
    if gated.reliability is not None:
        bins = "  ".join(
            f"{one.probability:.2f} -> {one.right:.2f} ({one.share:.2f})" for one in gated.reliability.bins
        )
        rows.append(f"  {'calibration error of names':<32}{gated.reliability.error:.3f}")
        rows.append(f"  {'said -> right (share of names)':<32}{bins}")
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
