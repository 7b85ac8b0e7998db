"""`schemas DIR`: the JSON Schemas of all published messages, as kept in docs/schemas."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write them")


def main(args: argparse.Namespace) -> int:
    from agent.messages.payloads import schemas

    args.folder.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas().items():
        (args.folder / name).write_bytes(schema)
        print(args.folder / name)
    return os.EX_OK
