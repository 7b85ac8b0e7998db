"""The workstation's command that counts what is asked about bearings that are not told, or told wrongly."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from export.studies.knowledge.asked import Study


def add_asked(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    parser = commands.add_parser("asked", help="what is asked about bearings that are not told, or told wrongly")
    parser.add_argument("--data", type=Path, required=True, help="folder with cwru, hit_selfbuilt and uestc")
    parser.add_argument("--bundle", default="default", help="folder of the bundle to diagnose with")
    parser.add_argument("--json", action="store_true", help="end with one JSON document")
    parser.set_defaults(command=_asked)


def _asked(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.bundle.encoder import load_encoder
    from agent.bundle.load import load_bundle
    from export.data.layouts import rows_below
    from export.studies.knowledge.asked import run_asked

    bundle = load_bundle(arguments.bundle)
    _, encoder = load_encoder(bundle, "auto")
    study = run_asked(
        rows_below(arguments.data).rows, bundle, encoder, tell=lambda line: print(line, file=sys.stderr, flush=True)
    )
    print(msgspec.json.encode(study).decode() if arguments.json else asked_as_text(study))
    return os.EX_OK


def asked_as_text(study: Study) -> str:
    """A row per family and label, then one per rig that was told a geometry."""
    rows = [f"{'geometry withheld':<34}{'all':>6}{'asked':>7}{'true':>6}{'shipped: asked':>16}{'true':>6}{'named':>7}"]
    for family, labels in study.withheld.items():
        for label, one in labels.items():
            named = "-" if one.candidates is None else f"{one.candidates:.1f}"
            rows.append(
                f"{f'{family}: {label} ({study.limits[family]:.2f})':<34}{one.recordings:>6}{one.asked:>7}"
                f"{one.true_among:>6}{one.asked_as_shipped:>16}{one.true_among_as_shipped:>6}{named:>7}"
            )
    rows.append(
        f"{'geometry told':<34}{'all':>6}{'asked':>7}{'right':>7}{'wrong':>7}{'unasked: right':>16}{'wrong':>7}"
    )
    for what, rigs in (("its own", study.true_told), ("another", study.other_told)):
        for rig, told in rigs.items():
            rows.append(
                f"{f'{rig}: {what}':<34}{told.told:>6}{told.asked:>7}{told.right:>7}{told.wrong:>7}"
                f"{told.right_unasked:>16}{told.wrong_unasked:>7}"
            )
    return "\n".join(rows)
