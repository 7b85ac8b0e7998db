"""Prints what the library costs on each core, and fails where the encoder breaks its promise.

`python3 sizes.py BUILD CORE...` reads the objects in BUILD/CORE: code from arm-none-eabi-size, stack from the call
graphs that gcc wrote beside them (-fcallgraph-info=su). Every call chain is added up; a call that leaves the library
for a function of unknown depth counts as a broken promise, never as nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

PARTS = {
    "encoder": ("vbp_crc", "vbp_cobs", "vbp_encode"),
    "queue": ("vbp_queue",),
    "sender": ("vbp_sender", "vbp_stream", "vbp_limits"),
    "decoder": ("vbp_unstuff", "vbp_decode", "vbp_decoder"),
}
CODE_LIMIT, STACK_LIMIT = 1024, 64
NODE = re.compile(r'node: \{ title: "([^"]+)" label: "[^"]*?\\n(\d+) bytes \(static\)')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
RAM = ("vbp_queue", "vbp_block", "vbp_stream", "vbp_sender", "vbp_decoder", "vbp_event")


def code_bytes(folder: Path, names: tuple[str, ...]) -> int:
    """Code and constants, as linked with nothing left out."""
    objects = [str(folder / f"{name}.o") for name in names]
    lines = subprocess.run(["arm-none-eabi-size", *objects], check=True, capture_output=True, text=True).stdout
    return sum(int(line.split()[0]) for line in lines.splitlines()[1:])


def deepest_stack(folder: Path, names: tuple[str, ...]) -> int | None:
    """Bytes of stack of the longest call chain; None where a chain leaves these objects."""
    own: dict[str, int] = {}
    calls: dict[str, set[str]] = {}
    for name in names:
        graph = (folder / f"{name}.ci").read_text()
        own |= {title: int(size) for title, size in NODE.findall(graph)}
        for source, target in EDGE.findall(graph):
            calls.setdefault(source, set()).add(target)

    def depth(function: str) -> int | None:
        below = [depth(called) for called in calls.get(function, ())]
        if function not in own or None in below:
            return None
        return own[function] + max((size for size in below if size is not None), default=0)

    depths = [depth(function) for function in own]
    return None if None in depths else max(size for size in depths if size is not None)


def ram_bytes(folder: Path) -> dict[str, int]:
    """sizeof each struct, from an object that holds one array of that size for each."""
    lines = subprocess.run(
        ["arm-none-eabi-nm", "--print-size", str(folder / "ram.o")], check=True, capture_output=True, text=True
    ).stdout
    return {line.split()[3]: int(line.split()[1], 16) for line in lines.splitlines()}


def main(build: Path, cores: list[str]) -> int:
    broken = []
    print(f"{'core':12}" + "".join(f"{part:>9}" for part in PARTS) + f"{'stack':>8}   bytes of code; encoder's stack")
    for core in cores:
        codes = {part: code_bytes(build / core, names) for part, names in PARTS.items()}
        stack = deepest_stack(build / core, PARTS["encoder"])
        print(f"{core:12}" + "".join(f"{code:9}" for code in codes.values()) + f"{'?' if stack is None else stack:>8}")
        if codes["encoder"] > CODE_LIMIT or stack is None or stack > STACK_LIMIT:
            broken.append(f"{core}: the encoder has {codes['encoder']} bytes of code and {stack} of stack")
    print("\nRAM, bytes of each struct (buffers are the caller's):")
    print(f"{'core':12}" + "".join(f"{name:>12}" for name in RAM))
    for core in cores:
        sizes = ram_bytes(build / core)
        print(f"{core:12}" + "".join(f"{sizes[name]:12}" for name in RAM))
    for line in broken:
        print(f"{line}; promised: {CODE_LIMIT} and {STACK_LIMIT}", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
