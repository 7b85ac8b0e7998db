"""The command `field`: what the edge would say where nobody trained it, as tables, pictures and one document.

Studies on recordings train encoders of their own without the machine they score; the others judge a finished bundle.
Finished cells lie under a key of everything that could change them.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.errors import ConfigError
from export.commands.arguments import names, tell
from export.progress import track

if TYPE_CHECKING:
    import msgspec

STUDIES = ("openset", "commissioned", "days", "adxl345", "rotor", "foreign", "hours")


def add_field(commands: Any) -> None:
    """Add the command to argparse's `commands`."""
    field = commands.add_parser("field", help="unknown faults, false alarms and delays on machines it never heard")
    field.add_argument("--data", type=Path, required=True, help="folder with cwru, hit_selfbuilt, uestc, adxl345_motor")
    field.add_argument("--only", type=_names, metavar="STUDY,...", default=STUDIES, help=f"of {', '.join(STUDIES)}")
    field.add_argument(
        "--bundle", default="default", help="for the studies that do not train: bundle folder, or default"
    )
    field.add_argument("--recipe", type=Path, help="TOML or JSON of a training configuration (default: as shipped)")
    field.add_argument(
        "--machines", type=int, default=150, help="simulated machines to train on (default: %(default)s)"
    )
    field.add_argument("--watched", type=int, default=4, help="simulated machines watched for days (default: 4)")
    field.add_argument("--rotors", type=int, default=24, help="simulated rotors (default: %(default)s)")
    field.add_argument("--hours", type=float, default=24.0, help="of healthy sensors, in all (default: %(default)s)")
    field.add_argument("--sensors", type=int, default=24, help="that share these hours (default: %(default)s)")
    field.add_argument("--cache", type=Path, default=Path("runs/features"), help="default: %(default)s")
    field.add_argument("--out", type=Path, default=Path("runs/field"), help="cells and pictures (default: %(default)s)")
    field.add_argument("--json", action="store_true", help="end with one JSON document")
    field.set_defaults(command=_field)


def _names(text: str) -> tuple[str, ...]:
    named = names(text)
    if unknown := [name for name in named if name not in STUDIES]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: no study; there are {', '.join(STUDIES)}")
    return named


def _field(arguments: argparse.Namespace) -> int:
    import msgspec

    from export.runs.folder import write_json
    from export.studies.field.tables import draw, table

    counts = ("watched", "rotors", "hours", "sensors")
    if problems := [f"--{name}: must be above 0" for name in counts if getattr(arguments, name) <= 0]:
        raise ConfigError(*problems)
    runners: dict[str, Callable[[argparse.Namespace], Sequence[msgspec.Struct]]] = {
        "openset": _openset,
        "commissioned": _commissioned,
        "days": _days,
        "adxl345": _adxl345,
        "rotor": _rotor,
        "foreign": _foreign,
        "hours": _hours,
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    document = {}
    for name in arguments.only:
        rows = runners[name](arguments)
        document[name] = rows
        write_json(arguments.out / f"{name}.json", rows)
        draw(name, rows, arguments.out / f"{name}.png")
        tell(f"wrote {arguments.out / name}.json and .png")
        if not arguments.json:
            print(table(name, rows), end="\n\n")
    if arguments.json:
        print(msgspec.json.encode(document).decode())
    return os.EX_OK


def _openset(arguments: argparse.Namespace) -> Sequence[msgspec.Struct]:
    from export.studies.field import openset

    material, config = _trained_on(arguments)
    key = _key(openset.__file__, material, config)
    return openset.run_openset(material, config, folder=arguments.out / key, tell=tell)


def _commissioned(arguments: argparse.Namespace) -> Sequence[msgspec.Struct]:
    from export.data.layouts import rows_below
    from export.studies.field import commissioned

    material, config = _trained_on(arguments)
    key = _key(commissioned.__file__, material, config)
    rows = rows_below(arguments.data).rows
    cells = commissioned.run_commissioned(material, rows, config, folder=arguments.out / key, tell=tell)
    return commissioned.watches_of(cells, overlap=material.spec.window_s / material.spec.hop_s)


def _days(arguments: argparse.Namespace) -> Sequence[msgspec.Struct]:
    from export.studies.columns.training_cache import kept
    from export.studies.field import days
    from export.studies.field.judged import bundle_key, finished

    edge = finished(arguments.bundle)
    key = bundle_key(edge, days.__file__)
    found = []
    for school in days.SCHOOLS:
        watched = range(days.FIRST_MACHINE, days.FIRST_MACHINE + arguments.watched)
        for seed in track(watched, "machine watched for days"):
            place = arguments.out / key / f"{seed}-{school.replace(' ', '-')}.json"
            one = kept(place, days.Watched, partial(days.watch, edge, seed, school=school))
            tell(f"machine {seed} after {school}: {one.high} of {one.judged} windows high, {one.raised} alerts")
            found.append(one)
    return days.summarise(found, overlap=edge.bundle.spec.window_s / edge.bundle.spec.hop_s)


def _adxl345(arguments: argparse.Namespace) -> Sequence[msgspec.Struct]:
    from export.studies.columns.training_cache import kept
    from export.studies.field import adxl345
    from export.studies.field.judged import bundle_key, finished

    edge = finished(arguments.bundle)
    key = bundle_key(edge, adxl345.__file__)
    runs = adxl345.read_runs(arguments.data / "adxl345_motor")
    verdicts: list[adxl345.RunVerdict] = []
    for taught in (run for run in runs if run.kind == adxl345.NORMAL):
        place = arguments.out / key / f"{taught.name.replace('/', '-')}.json"
        cell = kept(place, adxl345.RunVerdicts, partial(adxl345.judged_after, edge, taught, runs))
        verdicts += cell.verdicts
        tell(f"learnt from {taught.name}, judged {len(runs) - 1} runs")
    return adxl345.lines_of(verdicts, overlap=edge.bundle.spec.window_s / edge.bundle.spec.hop_s)


def _rotor(arguments: argparse.Namespace) -> Sequence[msgspec.Struct]:
    from export.studies.field import judged

    edge = judged.finished(arguments.bundle)
    said = judged.said_of_simulated_rotors(edge, arguments.rotors, folder=arguments.out, tell=tell)
    return [*said, *judged.said_of_recorded_rotor(edge, arguments.data)]


def _foreign(arguments: argparse.Namespace) -> Sequence[msgspec.Struct]:
    from export.studies.field import judged

    return judged.said_of_other_machines(judged.finished(arguments.bundle), arguments.data)


def _hours(arguments: argparse.Namespace) -> Sequence[msgspec.Struct]:
    from export.studies.columns.training_cache import kept
    from export.studies.field import hours
    from export.studies.field.judged import bundle_key, finished

    edge = finished(arguments.bundle)
    folder = arguments.out / bundle_key(edge, hours.__file__)
    found = []
    each_h = arguments.hours / arguments.sensors
    for seed in track(range(hours.FIRST_MACHINE, hours.FIRST_MACHINE + arguments.sensors), "healthy sensors"):
        listen = partial(hours.listen_for_hours, edge, seed, hours=each_h)
        one = kept(folder / f"hours-{seed}-{each_h:g}.json", hours.Healthy, listen)
        tell(f"sensor {seed}: commissioned after {one.commissioned_s} s, then {one.hours:g} h, alerts {one.alerts}")
        found.append(one)
    return hours.said_of_healthy(found, overlap=edge.bundle.spec.window_s / edge.bundle.spec.hop_s)


def _trained_on(arguments: argparse.Namespace) -> tuple[Any, Any]:
    """Material and recipe."""
    from export.runs.recipes import read_recipe
    from export.studies.columns.published import read_material
    from export.training.recipe import TrainConfig

    config = TrainConfig() if arguments.recipe is None else read_recipe(arguments.recipe)
    return read_material(arguments.data, cache=arguments.cache, machines=arguments.machines, tell=tell), config


def _key(module: str, material: Any, config: Any) -> str:
    from export.studies.columns.training_cache import cell_key
    from export.studies.field.judged import agent_sources, digest_of

    return digest_of(cell_key(material, config, code=Path(module)).encode(), agent_sources())
