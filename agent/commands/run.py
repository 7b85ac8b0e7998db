"""`run CONFIG`: the daemon in the foreground, for systemd or a terminal."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, metavar="CONFIG", help="TOML file; see configs/ for commented examples")


def main(args: argparse.Namespace) -> int:
    # Before numpy is loaded: its linear algebra would start a thread per core and never have use for one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from agent.config.load import load_config
    from agent.service.daemon import run
    from agent.service.watching.logs import use

    config = load_config(args.config)
    use(config.log.format)
    return run(config, path=args.config.resolve())
