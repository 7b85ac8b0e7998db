"""What is given on the command line, looked at before libraries are loaded that take seconds: one row per command.

A path that is not there, a table with a wrong cell and an option that is missing are told at once. What only those
libraries can tell (the weights of a run, the numbers of an objective) is told by whoever reads it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.errors import ConfigError, RecordingError
from export.commands.ranking import check_sentences

Check = Callable[[argparse.Namespace], None]


def check_given(command: str, arguments: argparse.Namespace) -> None:
    """The error that `command` would come to because of `arguments`, as far as it is seen without heavy libraries."""
    GIVEN.get(command, _nothing)(arguments)


def _nothing(arguments: argparse.Namespace) -> None:
    """Of a command whose libraries load fast, and of a study."""


def _train(arguments: argparse.Namespace) -> None:
    from export.data.layouts import check_below
    from export.data.manifest import ManifestError
    from export.training.names import IN_WORDS, OBJECTIVES

    objective = _objective_of(arguments.config, arguments.objective)
    if objective is not None and objective.partition("@")[0] not in OBJECTIVES:
        raise ConfigError(f"objective: {objective!r} is none of {IN_WORDS}")
    if arguments.machines < 0:
        raise ConfigError(f"--machines: {arguments.machines} is less than 0")
    if arguments.data is not None:
        check_below(arguments.data)
    _check_manifests(arguments.manifest)
    if arguments.data is None and not arguments.manifest:
        raise ManifestError("no recordings: name a folder with --data or a table with --manifest")
    if arguments.begun is not None and not arguments.begun.is_dir():
        raise ConfigError(f"--from {arguments.begun}: no such folder; name one that `pretrain` has finished")
    _check_run_folder(arguments.run if arguments.chosen == "rebuild" else arguments.out)


def _rebuild(arguments: argparse.Namespace) -> None:
    from export.bundling.bundle_folder import check_folder, check_free
    from export.bundling.stored_towers import bundle_name, place_for

    check_folder(arguments.out)
    name = bundle_name(arguments.name, run=arguments.run, out=arguments.out)
    if not arguments.replace:
        check_free(arguments.out)
    place_for(arguments.out, arguments.towers, name=name)  # what pack would refuse is refused before the training
    _train(arguments)


def _pretrain(arguments: argparse.Namespace) -> None:
    from agent.bearings.given import inside_of
    from agent.types import FAULTS
    from export.data.unlabelled import UNLABELLED
    from export.runs.recipes import read_recipe
    from export.training.names import SELF_SUPERVISED

    problems = []
    if not (arguments.source or arguments.manifest):
        problems.append("nothing to learn from: name a folder of recordings, an agent's state folder, or a --manifest")
    if arguments.objective is not None and arguments.objective not in SELF_SUPERVISED:
        problems.append(f"--objective: {arguments.objective!r} is none of {', '.join(SELF_SUPERVISED)}")
    if arguments.machines < 0:
        problems.append(f"--machines: {arguments.machines} is less than 0")
    try:
        inside_of(arguments.bearing)
    except ValueError as error:
        problems.append(f"--bearing: {error}")
    if problems:
        raise ConfigError(*problems)
    for source in arguments.source:
        if not source.exists():
            raise RecordingError(
                f"{source}: there is no such folder; name one with recordings, or an agent's state folder"
            )
    if arguments.config is not None:
        read_recipe(arguments.config)
    _check_manifests(arguments.manifest, labels=(*FAULTS, UNLABELLED))
    _check_run_folder(arguments.out)


def _continue(arguments: argparse.Namespace) -> None:
    from export.runs.run_files import check_whole

    check_whole(arguments.run)
    if not (arguments.manifest or arguments.adopted):
        raise ConfigError("nothing to go on with: name recordings (--manifest) or rows of confirmed alerts (--adopted)")
    _check_manifests(arguments.manifest)
    _check_rows(arguments.adopted)
    _check_run_folder(arguments.out)


def _distil(arguments: argparse.Namespace) -> None:
    from export.runs.run_files import check_whole

    check_whole(arguments.teacher)
    _check_run_folder(arguments.out)


def _quantize(arguments: argparse.Namespace) -> None:
    from export.runs.run_files import check_whole

    check_whole(arguments.run)


def _pack(arguments: argparse.Namespace) -> None:
    from export.bundling.bundle_folder import check_folder
    from export.bundling.stored_towers import bundle_name, place_for
    from export.runs.run_files import check_quantized, check_whole

    check_folder(arguments.out)
    place_for(arguments.out, arguments.towers, name=bundle_name(arguments.name, run=arguments.run, out=arguments.out))
    check_whole(arguments.run)
    check_quantized(arguments.run)


def _verify(arguments: argparse.Namespace) -> None:
    from export.runs.run_files import RunError, check_whole

    if arguments.bundle is not None:
        _check_bundle(arguments.bundle)
    if not (arguments.run / "config.json").is_file():
        raise RunError(
            f"{arguments.run}: holds no finished run; verify compares a bundle with the run that it was packed from, "
            f"which --run names. Without one `textvib-agent bench --bundle {arguments.bundle or 'FOLDER'}` tests "
            "whether a bundle answers here as it did when it was packed"
        )
    check_whole(arguments.run)


def _evaluate(arguments: argparse.Namespace) -> None:
    from agent.bundle.load import load_bundle
    from agent.types import FAULTS

    faults = load_bundle(arguments.bundle).manifest.faults
    _check_manifests(arguments.manifest, labels=(*FAULTS, *faults))


def _describe(arguments: argparse.Namespace) -> None:
    from export.bundling.bundle_folder import check_folder
    from export.bundling.given_words import NOTHING_GIVEN, read_descriptions

    if arguments.descriptions is None and not arguments.examples:
        raise ConfigError(NOTHING_GIVEN)
    _check_bundle(arguments.bundle)
    if arguments.descriptions is not None:
        read_descriptions(arguments.descriptions)
    _check_rows(arguments.examples)
    _check_tower(arguments.tower)
    check_folder(arguments.out)


def _rank(arguments: argparse.Namespace) -> None:
    check_sentences(arguments.sentences)
    _texts(arguments)


def _texts(arguments: argparse.Namespace) -> None:
    _check_bundle(arguments.bundle)
    _check_tower(arguments.tower)


def _check_bundle(bundle: str) -> None:
    from agent.bundle.load import load_bundle

    load_bundle(bundle)


def _check_tower(tower: Path | None) -> None:
    from export.text.encoders import TextError

    if tower is not None and not tower.exists():
        raise TextError(f"{tower}: there is no such file; name the tower of the bundle with --tower")


def _check_manifests(manifests: Sequence[Path], *, labels: Sequence[str] | None = None) -> None:
    from agent.types import FAULTS
    from export.data.manifest import read_manifest

    for path in manifests:
        read_manifest(path, labels=labels or FAULTS)


def _check_rows(files: Sequence[Path]) -> None:
    from agent.dsp.spectra import FeatureSpec
    from export.data.adopted import read_rows

    for path in files:
        read_rows(path, FeatureSpec())


def _objective_of(path: Path | None, given: str | None) -> str | None:
    """What is minimised, as far as it is said; ConfigError where a recipe cannot be read."""
    from export.runs.recipes import read_recipe

    return given or (None if path is None else read_recipe(path).objective)


def _check_run_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"--out {folder}: is a file; name a folder")


GIVEN: dict[str, Check] = {
    "train": _train,
    "rebuild": _rebuild,
    "pretrain": _pretrain,
    "continue": _continue,
    "distil": _distil,
    "quantize": _quantize,
    "pack": _pack,
    "verify": _verify,
    "evaluate": _evaluate,
    "describe": _describe,
    "rank": _rank,
    "texts": _texts,
}
"""Command -> what is looked at; the others load nothing that takes long, or are studies."""
