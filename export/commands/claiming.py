"""The command `claims`: what was claimed of triplet ranking and InfoNCE, each claim decided by planned trials.

Plan, trials, findings and picture lie in one folder, and a run that was stopped goes on there.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from export.commands.arguments import add_material, add_workers, count, names, share, tell, whole

if TYPE_CHECKING:
    from export.studies.claims.findings import Findings
    from export.studies.claims.verdicts import Decision


def add_claims(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    parser = commands.add_parser(
        "claims", help="decide what was claimed of triplet and InfoNCE: plan, trials, verdicts"
    )
    add_material(parser, machines=20, out="claims", holds="plan and trials")
    parser.add_argument("--delta", type=share, default=0.05, help="smallest effect of interest (default: %(default)s)")
    parser.add_argument("--power", type=share, default=0.8, help="wanted (default: %(default)s)")
    parser.add_argument(
        "--minutes",
        type=count,
        default=40,
        help="that trials may take one process; 16 of them take a sixteenth of it (default: %(default)s)",
    )
    add_workers(parser, of="trials")
    parser.add_argument(
        "--first-seed",
        type=whole,
        default=0,
        metavar="N",
        help="of the trials: beyond those of a study that has been looked at (default: %(default)s)",
    )
    parser.add_argument("--pilot-seeds", type=count, default=2, help="for the plan alone (default: %(default)s)")
    parser.add_argument("--drawn-seeds", type=count, default=1, help="of points that no claim needs (default: 1)")
    parser.add_argument("--others", type=names, metavar="OBJECTIVE,...", help="default: cosine_triplet/semi_hard")
    parser.add_argument(
        "--continual", type=Path, metavar="FOLDER", help="finished courses of `continual`; read from --first-seed on"
    )
    parser.add_argument("--steps", type=count, default=120, help="of each training (default: %(default)s)")
    parser.add_argument("--text", default="glossary", help="text encoder; others are slower (default: %(default)s)")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda where there is one (default: %(default)s)")
    parser.add_argument("--so-far", action="store_true", help="judge what is finished of the plan; train nothing")
    parser.set_defaults(command=_claims)


# Torch takes seconds to load: the command imports what it uses, so that --help answers at once.


def _claims(arguments: argparse.Namespace) -> int:
    import msgspec

    from agent.errors import ConfigError
    from export.runs.folder import write_json
    from export.studies.claims.cells import RECIPE, key_of
    from export.studies.claims.courses import forgotten_in
    from export.studies.claims.findings import findings_of
    from export.studies.claims.picture import draw_findings
    from export.studies.claims.plan import FIRST_PILOT_SEED, Wanted
    from export.studies.claims.study import run_study, scores_of, so_far
    from export.studies.columns.published import read_material
    from export.training.device import chosen_device
    from export.training.objectives.named import problem_with

    wanted = Wanted(
        delta=arguments.delta,
        power=arguments.power,
        pilot_seeds=arguments.pilot_seeds,
        drawn_seeds=arguments.drawn_seeds,
        minutes=float(arguments.minutes),
        others=Wanted().others if arguments.others is None else arguments.others,
        first_seed=arguments.first_seed,
    )
    latest = FIRST_PILOT_SEED - max(2, wanted.drawn_seeds)
    problems = [f"--others: {problem}" for name in wanted.others if (problem := problem_with(name))]
    problems += ["--pilot-seeds: 1 shows no spread; give 2 at least"] if wanted.pilot_seeds < 2 else []
    if wanted.first_seed > latest:
        problems.append(f"--first-seed: seeds from {FIRST_PILOT_SEED} on are the pilot's; give {latest} at most")
    if problems:
        raise ConfigError(*problems)
    recipe = msgspec.structs.replace(RECIPE, text=arguments.text, steps=arguments.steps)
    forgotten = {} if arguments.continual is None else forgotten_in(arguments.continual)
    device = chosen_device(arguments.device)
    material = read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell)
    key = key_of(material, recipe)
    folder = arguments.out / key
    if arguments.so_far:
        plan, cells = so_far(folder, wanted)
    else:
        plan, cells = run_study(
            material, recipe, wanted, folder=folder, workers=arguments.workers, device=device, tell=tell
        )
    findings = findings_of(plan, scores_of(cells), forgotten, recipe=recipe, key=key)
    write_json(folder / "findings.json", findings)
    draw_findings(folder / "findings.png", findings)
    tell(f"wrote {folder / 'findings.json'} and findings.png")
    print(msgspec.json.encode(findings).decode() if arguments.json else as_text(findings))
    return os.EX_OK


def as_text(findings: Findings) -> str:
    """A line for each claim and for each point of the axes."""
    plan = findings.plan
    lines = [
        f"{findings.finished} of {plan.trials} trials of the plan of {plan.written}, SHA-256 {plan.sha256[:16]}",
        "",
        _header(),
        *map(_line, findings.decisions),
        "",
        "difference: of balanced accuracy with a healthy state (of forgetting for courses), positive where it is as",
        "was said; 95 % of each claim alone. p: of a difference, and of one within delta, adjusted for all claims.",
        f"delta {plan.wanted.delta:g}, since {plan.why_delta}",
        "",
        f"{'axis':<32}{'at':>6}  {'objective':<26}{'mean':>6}{'spread':>8}{'seeds':>6}",
    ]
    lines += [
        f"{one.axis:<32}{one.at:>6}  {one.objective:<26}{one.balanced_accuracy:>6.3f}{one.spread:>8.3f}{one.seeds:>6}"
        f"  {', '.join(f'{name} {mean:.3f}' for name, mean in one.columns.items())}"
        for one in findings.points
    ]
    return "\n".join(lines)


def _header() -> str:
    figures = f"{'difference':>11}{'95 %':>18}{'spread':>8}{'pairs':>6}{'p':>7}{'p within':>9}"
    return f"{'claim':<16}{'verdict':<12}{figures}  why"


def _line(decision: Decision) -> str:
    from export.studies.claims.verdicts import seeds_to_decide

    found, why = decision.difference, decision.why
    if found is None:
        return f"{decision.claim:<16}{decision.verdict:<12}{'':>59}  {why}"
    bounds = "" if found.interval is None else f"{found.interval.low:+.3f} to {found.interval.high:+.3f}"
    if (needed := seeds_to_decide(decision)) is not None:
        why = f"{why}; {needed} seeds would decide"
    return (
        f"{decision.claim:<16}{decision.verdict:<12}{found.mean:>+11.3f}{bounds:>18}{found.spread:>8.3f}{found.pairs:>6}"
        f"{decision.p_difference:>7.3f}{decision.p_equivalence:>9.3f}  {why}"
    )
