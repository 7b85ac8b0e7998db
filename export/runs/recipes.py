"""Recipes as files: a TOML of a training configuration says only where it differs from the shipped one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from agent.errors import ConfigError
from export.training.recipe import TrainConfig


def read_recipe(path: Path) -> TrainConfig:
    """The recipe of a .toml or .json file; ConfigError names the file and the key."""
    decode = msgspec.json.decode if path.suffix == ".json" else msgspec.toml.decode
    try:
        return decode(path.read_bytes(), type=TrainConfig)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; name the file of a recipe") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # a wrong key or type is a DecodeError too
        raise ConfigError(f"{path}: {error}; mend that key, or leave it out for its default") from error


def read_recipes(paths: Sequence[Path]) -> dict[str, TrainConfig]:
    """File name without its ending -> recipe; ConfigError for every bad file, and where two have the same name."""
    recipes: dict[str, TrainConfig] = {}
    problems: list[str] = []
    for path in paths:
        try:
            recipe = read_recipe(path)
        except ConfigError as error:
            problems += error.problems
            continue
        if path.stem in recipes:
            problems.append(f"{path}: there is another recipe of the name {path.stem}; rename one")
        recipes[path.stem] = recipe
    if problems:
        raise ConfigError(*problems)
    return recipes
