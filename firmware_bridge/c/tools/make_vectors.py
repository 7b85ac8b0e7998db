"""Turns ../vectors.json into a C header, so that the C tests read the very vectors that bind every implementation.

`python3 make_vectors.py vectors.json > vectors.h`; standard library only, and nothing here knows how to encode a frame.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

NO_TIME = "VBP_NO_TIME"
HEADER = ("seq", "session", "stream_id", "flags")
TYPES = {"Hello": "VBP_HELLO", "Data": "VBP_DATA", "Status": "VBP_STATUS", "Log": "VBP_LOG"}
DESCRIPTION = (
    "rate_measured_mhz",
    "rate_nominal_mhz",
    "scale_nano_g",
    "full_scale_mg",
    "bandwidth_hz",
    "time_error_ppm",
    "block_samples",
    "stream_id",
    "bits",
    "quantity",
)
DATA = ("sample_index", "n_samples", "n_axes", "format", "desc_crc", "n_clipped")
STATUS = (
    "produced",
    "dropped_fifo",
    "dropped_queue",
    "queued",
    "frames_sent",
    "queue_high_bytes",
    "bus_errors",
    "supply_mv",
    "reset_cause",
)


def array_of(text: str) -> str:
    """A compound literal of the bytes written as hex; one byte at least, since C99 has no empty arrays."""
    return "(const uint8_t[]){" + (",".join(f"0x{byte:02x}" for byte in bytes.fromhex(text)) or "0") + "}"


def bytes_of(text: str) -> str:
    return f"{array_of(text)}, {len(text) // 2}"


def members(fields: dict[str, Any], names: tuple[str, ...]) -> str:
    return ", ".join(f".{name} = {fields[name]}u" for name in names)


def header_of(fields: dict[str, Any]) -> str:
    present = {"stream_id": 255, "flags": 0} | fields
    return f".header = {{{members(present, HEADER)}}}"


def time_of(fields: dict[str, Any]) -> str:
    return f".t_us = {NO_TIME if fields['t_us'] is None else str(fields['t_us']) + 'u'}"


def description_of(fields: dict[str, Any]) -> str:
    axes = fields["axes"]
    return (
        f"{{{members(fields, DESCRIPTION)}, .n_axes = {len(axes)}, .axes = {json.dumps(axes)}, "
        f".sensor = {json.dumps(fields['sensor'])}}}"
    )


def value_of(kind: str, fields: dict[str, Any]) -> str:
    """The frame's value as a compound literal's address, NULL for types that C knows no struct for."""
    if kind == "Hello":
        streams = ", ".join(description_of(stream) for stream in fields["streams"])
        inner = (
            f"{time_of(fields)}, .uid = {{{array_of(fields['uid'])[18:-1]}}}, .n_streams = {len(fields['streams'])}, "
            f".firmware = {json.dumps(fields['firmware'])}, .board = {json.dumps(fields['board'])}, "
            f"{members(fields, ('max_frame', 'hello_ms', 'status_ms'))}, "
            f".streams = (const struct vbp_description[]){{{streams}}}"
        )
    elif kind == "Data":
        inner = f"{time_of(fields)}, {members(fields, DATA)}"
    elif kind == "Status":
        temperature = fields["temperature_cc"]
        inner = (
            f"{time_of(fields)}, {members(fields, STATUS)}, "
            f".temperature_cc = {'VBP_NO_TEMPERATURE' if temperature is None else temperature}"
        )
    elif kind == "Log":
        text = fields["text"].encode()
        inner = (
            f"{time_of(fields)}, .level = {fields['level']}, .text_bytes = {len(text)}, "
            f".text = (const char *){array_of(text.hex())}"
        )
    else:
        return "NULL"
    return f"&(const struct vbp_{kind.lower()}){{{header_of(fields)}, {inner}}}"


def extended(kind: str, fields: dict[str, Any]) -> bool:
    """Whether a later minor version appended something that this library skips."""
    return bool(fields.get("extra")) or any(stream["extra"] for stream in fields.get("streams", ()))


def valid_of(vector: dict[str, Any]) -> str:
    kind, fields = vector["type"], vector["fields"]
    frame_type = TYPES.get(kind) or str(fields["type"])
    return (
        f"{{{json.dumps(vector['name'])}, {frame_type}, {str(extended(kind, fields)).lower()}, "
        f"{value_of(kind, fields)}, {bytes_of(vector['body'])}, {bytes_of(vector['wire'])}}}"
    )


def table(kind: str, name: str, rows: list[str]) -> str:
    return f"static const struct {kind} {name}[] = {{\n" + "".join(f"    {row},\n" for row in rows) + "};\n"


def refused_of(vector: dict[str, str], key: str) -> str:
    return f"{{{json.dumps(vector['name'])}, {json.dumps(vector['fault'])}, {bytes_of(vector[key])}}}"


def main(path: Path) -> None:
    vectors = json.loads(path.read_text())
    print("/* Made from vectors.json by make_vectors.py; vectors.h in tests/ says what the columns are. */")
    print(
        table(
            "stuffing_vector",
            "stuffing_vectors",
            [
                f"{json.dumps(v['name'])}, {bytes_of(v['plain'])}, {bytes_of(v['stuffed'])}".join("{}")
                for v in vectors["cobs"]
            ],
        )
    )
    print(
        table(
            "descriptor_vector",
            "descriptor_vectors",
            [f"{{{description_of(v['fields'])}, {v['crc']}u}}" for v in vectors["descriptor_crc"]],
        )
    )
    print(table("valid_vector", "valid_vectors", [valid_of(vector) for vector in vectors["valid"]]))
    print(table("refused_vector", "refused_bodies", [refused_of(vector, "body") for vector in vectors["invalid_body"]]))
    print(table("refused_vector", "refused_wires", [refused_of(vector, "wire") for vector in vectors["invalid_wire"]]))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
