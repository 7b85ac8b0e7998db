"""`check CONFIG`: phase one of `run` alone; every problem is printed, nothing is opened."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG", help="TOML file to validate")


def main(args: argparse.Namespace) -> int:
    from agent.config.load import check_config

    config, problems = check_config(args.config)
    for problem in problems:
        print(f"{args.config}: {problem}")
    if config is None or problems:
        print(f"{args.config}: {len(problems)} {'problem' if len(problems) == 1 else 'problems'}")
        return os.EX_CONFIG
    for notice in config.notices:
        print(f"{args.config}: notice: {notice}")
    from agent.service.assembly import assemble

    parts = assemble(config)
    for notice in parts.notices:
        print(f"{args.config}: notice: {notice}")
    manifest = parts.bundle.manifest
    more = f"{len(config.sinks)} sinks beside the broker, " if config.sinks else ""
    print(
        f"{args.config}: good; {len(config.sensors)} sensors, {len(config.sources)} sources, {more}"
        f"bundle {manifest.name} {manifest.version} runs on {parts.runtime} and passes its self-test"
    )
    return os.EX_OK
