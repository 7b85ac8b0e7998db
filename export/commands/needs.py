"""What every command needs installed, said before it does any work: one row per command.

A row is held against the imports of its command by a test. What a command reads may ask for more: sentences read by
MiniLM, recordings of a format that an extra brings; that is seen in its arguments without importing what is heavy.
"""

from __future__ import annotations

import argparse
import csv
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.bundle.runtimes import RUNTIMES
from export.extras import is_installed, recording_packages, require, text_packages

READING = ("torch",)
SCORING = ("sklearn", "scipy")
LEARNING = (*READING, *SCORING)
DRAWING = ("matplotlib",)
SIGNING = ("cryptography",)
WRITING = ("onnx", "flatbuffers", "ai_edge_litert")

Asked = Callable[[argparse.Namespace], Iterable[str]]
"""Arguments -> text encoders (as `TrainConfig.text`) that the command will read sentences by."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Modules that a command imports, come what may, and what its arguments say of sentences."""

    modules: tuple[str, ...] = ()
    text: Asked = lambda arguments: ()
    every_runtime: bool = False
    draws_into: str | None = None  # the option without which it draws nothing


def require_for(command: str, arguments: argparse.Namespace) -> None:
    """ConfigError, in one line with its mend, where something is missing that `command` with `arguments` needs."""
    needs = needs_of(command)
    modules = [*needs.modules]
    if needs.draws_into is not None and getattr(arguments, needs.draws_into) is not None:
        modules += DRAWING
    if needs.every_runtime:
        modules += [row.packages[0] for row in RUNTIMES.values() if not any(map(is_installed, row.packages))]
    for kind in needs.text(arguments):
        modules += text_packages(kind)
    modules += recording_packages(_recordings(arguments))
    require(command, modules)


def needs_of(command: str) -> Needs:
    """The row of `command`; one that has none yet is taken for a study, which needs most."""
    return NEEDS.get(command, STUDY)


def _of_recipes(arguments: argparse.Namespace) -> Iterator[str]:
    """What the recipes say that are given; the shipped one's where none is."""
    if getattr(arguments, "text", None) is not None:
        yield arguments.text
        return
    given = [getattr(arguments, name, None) for name in ("config", "recipe")] + getattr(arguments, "recipes", [])
    for path in [path for path in given if path is not None] or [None]:
        yield _text_in({} if path is None else _document(path))


def _of_run(arguments: argparse.Namespace) -> Iterator[str]:
    folder: Path = getattr(arguments, "teacher", None) or arguments.run
    if (folder / "config.json").is_file():
        yield _text_in(_document(folder / "config.json").get("train"))


def _of_tower(arguments: argparse.Namespace) -> Iterator[str]:
    from export.bundling.stored_towers import encoder_name_for

    if (name := encoder_name_for(arguments.bundle, arguments.tower)) is not None:
        yield name


def _of_studies(arguments: argparse.Namespace) -> Iterator[str]:
    if {"openset", "commissioned"} & set(arguments.only):  # the others judge a finished bundle
        yield from _of_recipes(arguments)


def _text_in(recipe: Any) -> str:
    from export.text.encoders import SHIPPED

    return str(recipe.get("text", SHIPPED)) if isinstance(recipe, dict) else SHIPPED


def _document(path: Path) -> dict[str, Any]:
    """What a TOML or JSON file says; nothing where it cannot be read: whoever needs it says what is wrong with it."""
    try:
        content = path.read_text(encoding="utf-8")
        found = json.loads(content) if path.suffix == ".json" else tomllib.loads(content)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _recordings(arguments: argparse.Namespace) -> Iterator[Path]:
    """Paths in the first column of every manifest that is given."""
    for path in getattr(arguments, "manifest", None) or ():
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield from [Path(line[0].strip()) for line in csv.reader(file) if line]
        except (OSError, ValueError, csv.Error):
            continue


TRAINING = (*LEARNING, *DRAWING)
STUDY = Needs((*LEARNING, *DRAWING, *WRITING), _of_recipes)
NEEDS = {
    "manifest": Needs(),
    "train": Needs(TRAINING, _of_recipes),
    "pack": Needs(LEARNING, _of_run, every_runtime=True),
    "verify": Needs(LEARNING, every_runtime=True),
    "rebuild": Needs((*TRAINING, *WRITING), _of_recipes, every_runtime=True),
    "adopt": Needs(),
    "continue": Needs(TRAINING, _of_run),
    "pretrain": Needs(TRAINING),
    "distil": Needs(TRAINING, _of_run),
    "quantize": Needs((*LEARNING, *WRITING), _of_run),
    "key": Needs(SIGNING),
    "sign": Needs(SIGNING),
    "evaluate": Needs(SCORING, draws_into="out"),
    "describe": Needs(LEARNING, _of_tower),
    "rank": Needs(READING, _of_tower),
    "texts": Needs(READING, _of_tower, draws_into="out"),
    "swap": Needs(TRAINING, _of_recipes),
    "tower": Needs(TRAINING, _of_recipes),
    "left-out": STUDY,
    "shots": STUDY,
    "protocols": STUDY,
    "select": STUDY,
    "compare": Needs(TRAINING, _of_recipes),
    "claims": Needs(TRAINING, _of_recipes),
    "continual": Needs(TRAINING, _of_recipes),
    "few-labels": Needs(TRAINING, _of_recipes),
    "field": Needs(STUDY.modules, _of_studies),
    "knowledge": Needs(TRAINING, _of_recipes),
    "blind": Needs(TRAINING, _of_recipes),
    "asked": Needs(("scipy",)),
}
"""Command -> what it needs."""
