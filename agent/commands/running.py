"""Which agent a command is about, by its state directory or a config, and in which language it is answered."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.config.state_folder import DEFAULT_STATE_DIR, VARIABLE, state_folder
from agent.errors import ConfigError
from agent.messages.notices import in_language
from agent.messages.words import LANGUAGES, Language, as_language, say

if TYPE_CHECKING:  # the command line loads nothing heavy
    from agent.config.keys import Config


def add_arguments(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--config", type=Path, metavar="FILE", help="the running agent's config file")
    where.add_argument(
        "--state-dir",
        type=Path,
        metavar="DIR",
        help=f"the running agent's state directory (default: ${VARIABLE}, else {DEFAULT_STATE_DIR})",
    )
    parser.add_argument("--language", choices=LANGUAGES, help="of the answer (default: that of the agent)")


@dataclass(frozen=True, slots=True)
class Agent:
    """The agent that a command is about; a config that names it is read once."""

    state_dir: Path
    config: Config | None  # where one was named
    problems: tuple[str, ...]  # of it, as lines that name its file
    chosen: Language | None  # asked for on the command line

    def language(self, answer: Mapping[str, Any] | None = None) -> Language:
        """The one asked for, or else the agent's own: as it answers, or as its config says."""
        told = self.chosen or (answer or {}).get("language")
        return as_language(told if told or self.config is None else self.config.agent.language)

    @property
    def there(self) -> Path:
        """The state directory, for who reads it without the agent; ConfigError where there is none."""
        if not self.state_dir.is_dir():
            raise ConfigError(f"{self.state_dir}: there is no such folder; name the agent's config with --config")
        return self.state_dir

    @property
    def whole_config(self) -> Config | None:
        """The config, where one was named; ConfigError with all its problems."""
        if self.problems:
            raise ConfigError(*self.problems)
        return self.config


def agent_of(args: argparse.Namespace) -> Agent:
    """The one that the arguments name; ConfigError where the config does not say where its state is."""
    if args.config is None:
        return Agent(args.state_dir or Path(state_folder()), None, (), args.language)
    from agent.config.load import check_config

    config, problems = check_config(args.config)
    lines = tuple(f"{args.config}: {problem}" for problem in problems)
    if config is None:
        raise ConfigError(*lines)
    return Agent(Path(config.agent.state_dir), config, lines, args.language)


def print_remarks(answer: dict[str, Any], language: Language) -> None:
    """What the agent adds to its answer."""
    for remark in answer.get("remarks", ()):
        print(say("asked.mind", language, remark=in_language(remark, language)))
