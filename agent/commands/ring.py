"""`ring`: the files with raw windows around alerts, and what somebody has found each to be, oldest first.

Nothing is asked of a running agent: the files are there without one, too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from agent.commands import running
from agent.errors import ConfigError, RecordingError
from agent.messages.terminal import columns, with_names
from agent.messages.words import Language, say

HEADS = ("raised", "sensor", "bearing", "fault", "was", "lasts", "size", "file")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON lines: one object for each file")
    running.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    from agent.service.watching.confirmed import confirmed_in
    from agent.service.watching.ring_folder import FOLDER, files_of

    agent = running.agent_of(args)
    folder = agent.state_dir / FOLDER
    try:
        files, words = files_of(agent.there / FOLDER), confirmed_in(folder)
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be read ({error.strerror}); run this command as the user that runs the agent"
        ) from error
    rows, unreadable = [], False
    for file in files:
        try:
            word = words.get(file.alert)
            found = {"was": None, "by": None} if word is None else {"was": word.was, "by": word.by}
            rows.append({"path": str(file.path), "bytes": file.bytes, **_about(file.path), **found})
        except RecordingError as error:
            print(f"textvib-agent: {error}", file=sys.stderr)
            unreadable = True
    if args.json:
        print(*(json.dumps(row, ensure_ascii=False) for row in rows), sep="\n", end="\n" if rows else "")
    else:
        print(*_lines(rows, folder, agent.language()), sep="\n")
    return os.EX_DATAERR if unreadable else os.EX_OK


def _about(path: Path) -> dict[str, Any]:
    import msgspec

    from agent.recordings.kept import read_about

    about: dict[str, Any] = msgspec.to_builtins(read_about(path))
    return about


def _lines(rows: list[dict[str, Any]], folder: Path, language: Language) -> list[str]:
    if not rows:
        return [say("status.none_kept", language, folder=folder)]
    told = [
        [
            "-" if row["wall_s"] is None else datetime.fromtimestamp(row["wall_s"]).strftime("%Y-%m-%d %H:%M:%S"),
            row["sensor"],
            row["bearing"] or "-",
            row["fault"],
            row["was"] or "-",
            f"{row['seconds']:.1f} s",
            f"{row['bytes'] / 1e6:.2f} MB",
        ]
        for row in rows
    ]
    heads = [say(f"head.{head}", language) for head in HEADS]
    names = [heads[-1], *(Path(row["path"]).name for row in rows)]
    return [f"{folder}:", *with_names([heads[:-1], *told], names, columns=columns())]
