"""The model card: what a bundle was made from, how it was measured, and what nobody has checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.bundle.runtimes import RUNTIMES
from agent.types import FAULTS
from export.bundling.verify import RuntimeFigures, Verification
from export.data.sampling import foreign_rows, recorded_rows, simulated_rows
from export.runs.folder import QuantizedConfig, Run, forgets_of
from export.scoring.doubts import chances_of, doubts_of


def model_card(
    run: Run,
    quantized: QuantizedConfig,
    report: Verification,
    *,
    name: str,
    version: str,
    sizes: Mapping[str, int],
) -> str:
    """Markdown, written into the bundle."""
    sections = [
        f"# Bundle {name} {version}",
        _data(run),
        _net(run, quantized, report, sizes),
        _held_out(run),
        _limits(run),
    ]
    return "\n\n".join(sections) + "\n"


def _data(run: Run) -> str:
    real = recorded_rows(run.table)
    labels = run.table.labels
    made = simulated_rows(run.table)
    lines = ["## Data", "", "| fault | recorded windows | simulated windows |", "|---|---|---|"]
    lines += [f"| {f} | {int(((labels == f) & real).sum())} | {int(((labels == f) & made).sum())} |" for f in FAULTS]
    families = sorted(set(run.table.families[real].tolist()))
    spec, foreign = run.config.spec, int(foreign_rows(run.table).sum())
    if foreign:
        lines += ["", f"Beside them {foreign} windows of healthy machines of other kinds, dressed and simulated."]
    lines += [
        "",
        f"{run.config.recordings} recordings of {', '.join(families) or 'no machine'}, "
        f"{run.config.machines_simulated} simulated machines; windows of {spec.window_s:g} s every "
        f"{run.config.hop_s:g} s. Objective {run.config.train.objective}, {run.config.train.steps} steps, "
        f"seed {run.config.train.seed}, text encoder {run.config.text_encoder}.{_continued(run)}{_distilled(run)}",
    ]
    return "\n".join(lines)


def _continued(run: Run) -> str:
    if not run.config.continued:
        return ""
    added = " and ".join(f"{one.recordings} recordings in {one.config.steps} steps" for one in run.config.continued)
    forgets = forgets_of(run)
    lost = (
        ""
        if forgets is None
        else f", which cost {forgets.worst:+.3f} of balanced accuracy on left-out groups of before"
    )
    return f" That run went on with {added}{lost}."


def _distilled(run: Run) -> str:
    if not run.config.distilled:
        return ""
    last = run.config.distilled[-1]
    return (
        f" That is the recipe of a network from which a smaller student was distilled in {last.steps} steps, seed "
        f"{last.seed}; the student is what this bundle holds."
    )


def _net(run: Run, quantized: QuantizedConfig, report: Verification, sizes: Mapping[str, int]) -> str:
    weights = ", ".join(f"{runtime.file_format} {sizes[runtime.file]} bytes" for runtime in RUNTIMES.values())
    lines = [
        "## Encoder",
        "",
        f"{quantized.parameters} parameters, {quantized.multiplications} multiplications per window, "
        f"{run.config.train.dim} dimensions, int8; {weights}.",
        "",
        f"Against the float student on {report.windows} windows:",
        "",
        "| runtime | cosine mean | cosine min | same nearest fault | one embedding |",
        "|---|---|---|---|---|",
        *(_figures(runtime.title, report.runtimes[name]) for name, runtime in RUNTIMES.items()),
        "",
        f"The {_count(len(RUNTIMES))} runtimes' codes differ by at most {report.steps_apart}. Changed most by int8: "
        + "; ".join(report.worst)
        + ".",
    ]
    return "\n".join(lines)


def _count(number: int) -> str:
    return ("no", "one", "two", "three", "four")[number] if number <= 4 else str(number)


def _figures(name: str, figures: RuntimeFigures) -> str:
    return (
        f"| {name} | {figures.cosine_mean:.5f} | {figures.cosine_min:.5f} | {figures.top1_agreement:.3f} "
        f"| {figures.microseconds:.1f} us |"
    )


def _held_out(run: Run) -> str:
    metrics: Mapping[str, Any] = run.metrics
    held_out, text = metrics["held_out_groups"], metrics["text"]
    chances, doubts = chances_of(run.table), doubts_of(held_out, run.table)
    lines = [
        "## Groups left out of training",
        "",
        "Float student, nearest description, no unknown; five folds, no bearing or simulated machine on both sides. "
        "Other bearings and speeds of the same rig were trained on, so this is not yet an unseen machine.",
        "",
        "| machines | balanced accuracy | whoever always says the same |",
        "|---|---|---|",
        *(
            f"| {family} | {value:.3f} | {_chance(chances.get(family))} |"
            for family, value in held_out["balanced_accuracy_by_family"].items()
        ),
        "",
        *(line for doubt in doubts for line in (f"**Doubtful:** {doubt}.", "")),
        f"Calibration error {held_out['calibration_error']:.3f}. Describing the faults in sentences that training "
        f"never saw changes balanced accuracy on training windows by {-text['cost_of_unseen_wordings']:+.4f}.",
    ]
    return "\n".join(lines)


def _chance(chance: float | None) -> str:
    return "one label" if chance is None else f"{chance:.3f}"


def _limits(run: Run) -> str:
    real, every = recorded_rows(run.table), set(run.table.labels.tolist())
    shown = set(run.table.labels[real].tolist())
    simulated = [fault for fault in FAULTS if fault in every - shown]
    unheard = [fault for fault in FAULTS if fault not in every]
    return "\n".join(
        [
            "## Limits",
            "",
            f"Not validated, learnt from simulation alone: {', '.join(simulated) or 'none'}. "
            + (f"Never heard, and known by their words alone: {', '.join(unheard)}. " if unheard else "")
            + "The limits of unknown reject at most 5 % of the known faults of left-out groups. Latency was measured "
            "on the machine that packed the bundle, on one thread.",
            *_borrowed(run),
            "",
            "Features, simulator and default recipe were chosen with recordings of CWRU, HIT and UESTC in sight "
            "(docs/decisions/0009, 0010, 0013 and 0014 say how): only machines beyond these test the choice.",
        ]
    )


def _borrowed(run: Run) -> list[str]:
    if run.config.deviation_of is None:
        return []
    return [
        "",
        "Healthy recordings were too few or too short for limits of deviation: those of bundle "
        f"{run.config.deviation_of}, fitted on other machines, were taken.",
    ]
