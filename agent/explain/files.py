"""What a file is: by the same reading of tables and channels as `replay`."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

from agent.errors import RecordingError
from agent.explain.finding import Finding
from agent.explain.fragment import config, name_of
from agent.explain.tables import channels, explain_table, table_of
from agent.recordings import FORMATS, format_of, suffixes_in_words
from agent.recordings.read import read_recording
from agent.sources import kind_that_hears
from agent.tables.encodings import PROBE, encoding_of
from agent.tables.settle import SAMPLE_LINES

RECORDINGS = kind_that_hears("recordings")
LINE_CHARACTERS = 1 << 16
TABLES = tuple(suffix for suffix, row in FORMATS.items() if row.path.startswith("agent.recordings.csv:"))


def explain_file(path: Path) -> Finding:
    """What a recording holds, and how `replay` takes it; RecordingError where it cannot be opened."""
    try:
        with path.open("rb") as file:
            start = file.read(PROBE)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read ({error.strerror}); name an existing file") from error
    encoding = encoding_of(start)
    is_known = format_of(path) is not None
    if path.suffix.lower() in TABLES or (not is_known and encoding is not None and start):
        finding = _table(path, encoding or "utf-8")
    else:
        finding = Finding(str(path), f"a {path.suffix.lower() or 'nameless'} file", f"{path.stat().st_size} bytes")
    if not is_known:
        question = f"what is it? `replay` knows {suffixes_in_words()}: rename it"
        return replace(finding, questions=(*finding.questions, question))
    return _read(path, finding)


def _table(path: Path, encoding: str) -> Finding:
    with path.open(encoding=encoding, errors="replace") as file:
        lines = [line.rstrip("\n")[:LINE_CHARACTERS] for line in islice(file, SAMPLE_LINES)]
    arrived = f"{path.stat().st_size} bytes of {encoding}"
    return explain_table(str(path), table_of(lines), lines, arrived=arrived)


def _read(path: Path, finding: Finding) -> Finding:
    """With what reading the whole of it shows."""
    try:
        recording = read_recording(path)
    except RecordingError as error:
        return replace(finding, questions=(str(error).removeprefix(f"{path}: "),))
    rate_hz = recording.rate_hz
    unit = recording.written_unit or (None if recording.unit == "raw" else recording.unit)
    source = {"name": name_of(path.stem), "kind": RECORDINGS, "files": [str(path.resolve())]}
    lacks = () if rate_hz is not None else ("at what rate was it sampled? give --rate-hz",)
    return replace(
        finding,
        kind=RECORDINGS,
        fields=finding.fields or channels(recording.axes, unit),
        axes=recording.axes,
        rate_hz=rate_hz,
        rate_from=finding.rate_from or ("as the file says" if rate_hz is not None else ""),
        unit=unit,
        notes=(*finding.notes, f"{len(recording.samples)} samples", *recording.notes),
        questions=lacks,
        config=config(source, {"name": "sensor"}),
    )
