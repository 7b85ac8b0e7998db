"""Tables of numbers as text, however they are written: read in pieces, so that a long one needs little memory.

What the lines are and which columns are acceleration, `agent.tables` says; what it cannot tell is refused with the
columns and the option that answers it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from typing import TextIO

from agent.errors import RecordingError
from agent.recordings.asked import Asked
from agent.recordings.recording import Recording
from agent.recordings.rows import Content, refusal
from agent.tables.encodings import PROBE, encoding_of
from agent.tables.rows import Spoilt, read_line, read_lines
from agent.tables.settle import SAMPLE_LINES, settle
from agent.tables.values import Question, Table, Told

LINE_CHARACTERS = 1 << 16
CHUNK_LINES = 8192


def read(path: Path, asked: Asked) -> Recording:
    """A table whole; `asked` names columns by name or by number from 1, several joined by `+`."""
    size = path.stat().st_size
    with path.open("rb") as raw, TextIOWrapper(raw, encoding=_encoding(path), errors="replace") as file:
        lines = _lines_of(path, file)
        head = list(islice(lines, SAMPLE_LINES))
        table = table_of_lines(path, head, asked)
        return recording_of_lines(path, table, chain(head, lines), progress=lambda: asked.progress(raw.tell() / size))


def table_of_lines(path: Path, head: Sequence[str], asked: Asked) -> Table:
    """The table that lines begin; RecordingError asks for what they do not show."""
    table = settle([line.rstrip("\n") for line in head], Told(columns=asked.parts, volts=asked.volts))
    if isinstance(table, Question):
        raise refusal(path, table)
    return table


def recording_of_lines(path: Path, table: Table, lines: Iterable[str], *, progress: Callable[[], None]) -> Recording:
    """Such a table's samples, from all of its lines; `progress` is called after each piece of them."""
    content = Content(path, table, row="line", where="lines before the table")
    rows, at = islice(lines, table.skip, None), table.skip
    while chunk := list(islice(rows, CHUNK_LINES)):
        last = chunk[-1]
        if not last.endswith("\n") and isinstance(read_line(table, last), Spoilt):
            content.notes.append("the last line is cut short and left out")
            chunk = chunk[:-1]
        content.feed(read_lines(table, [line.rstrip("\n") for line in chunk]), first=at)
        at += len(chunk)
        progress()
    return content.end()


def _encoding(path: Path) -> str:
    """How the file's bytes are characters, from its first and last ones."""
    with path.open("rb") as file:
        start = file.read(PROBE)
        file.seek(max(len(start), path.stat().st_size - PROBE))
        rest = file.read(PROBE).partition(b"\n")[2]
    encoding = encoding_of(start, rest)
    if encoding is None:
        raise RecordingError(f"{path}: is no text; save the table as text, or name a file of another kind")
    return encoding


def _lines_of(path: Path, file: TextIO) -> Iterator[str]:
    """Lines of bounded length, without empty ones at the end: a file without line ends is refused, not held."""
    blank = 0
    while line := file.readline(LINE_CHARACTERS):
        if len(line) == LINE_CHARACTERS and line[-1] != "\n":
            raise RecordingError(f"{path}: has a line of more than {LINE_CHARACTERS} characters; is it a table?")
        if line.isspace():
            blank += 1
            continue
        while blank:
            yield "\n"
            blank -= 1
        yield line
