"""How a command finds the daemon it talks to, by its state directory or a config, and in which language it answers."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from agent.errors import ConfigError
from agent.messages.notices import in_language
from agent.messages.words import LANGUAGES, Language, as_language, say

DEFAULT_STATE_DIR = "/var/lib/textvib"
VARIABLE = "TEXTVIB_STATE_DIR"


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


def language_of(args: argparse.Namespace, answer: dict[str, Any]) -> Language:
    """The language asked for, or else the agent's own: as it answers, or as its config says."""
    if (told := args.language or answer.get("language")) or args.config is None:
        return as_language(told)
    from agent.config.load import language_told

    return language_told(args.config)


def print_remarks(answer: dict[str, Any], language: Language) -> None:
    """What the agent adds to its answer."""
    for remark in answer.get("remarks", ()):
        print(say("asked.mind", language, remark=in_language(remark, language)))


def state_dir_of(args: argparse.Namespace) -> Path:
    """The state directory that the arguments name; ConfigError where the config does not say."""
    if args.state_dir is not None:
        return Path(args.state_dir)
    if args.config is None:
        return Path(os.environ.get(VARIABLE, DEFAULT_STATE_DIR))
    from agent.config.load import check_config

    config, problems = check_config(args.config)
    if config is None:
        raise ConfigError(*(f"{args.config}: {problem}" for problem in problems))
    return Path(config.agent.state_dir)
