"""Whether what a line says is understood at all: bytes that never become a frame are said to be so, with statistics.

A wrong baud is the commonest mistake on a serial line and looks like silence to whoever counts frames alone.
"""

from __future__ import annotations

import string
from collections import Counter

from agent.types import SourceFault

AFTER_S = 5.0
LEAST_BYTES = 64  # fewer may be a device's greeting
TEXT = frozenset(string.printable.encode())
TEXT_SHARE = 0.9
LINE_BYTES = 256  # text has ends of lines, and printable garbage has none
COMMONEST = 3
NOT_UNDERSTOOD = "not_understood"  # kind of the fault


class Understanding:
    """The bytes since anything was last understood; bounded, whatever arrives."""

    def __init__(self, *, unit: str, baud: int, kind: str) -> None:
        self._unit = unit  # what one thing that is understood is called: "frame", "row of numbers", ...
        self._baud = baud
        self._kind = kind
        self._seen: Counter[int] = Counter()
        self._since_s: float | None = None

    def feed(self, data: bytes, *, understood: bool, now_s: float) -> list[SourceFault]:
        """Note what arrived; a fault every AFTER_S for as long as bytes come and nothing is understood."""
        if understood:
            self.restart()
        if understood or not data:
            return []
        if self._since_s is None:
            self._since_s = now_s
        self._seen.update(data)
        waited_s = now_s - self._since_s
        if waited_s < AFTER_S or self._seen.total() < LEAST_BYTES:
            return []
        detail = f"{self._seen.total()} bytes in {waited_s:.0f} s and no {self._unit} among them: {self._guess()}"
        self.restart()
        return [SourceFault(NOT_UNDERSTOOD, detail)]

    def restart(self) -> None:
        """Forget what was seen, as when the port is opened anew."""
        self._seen.clear()
        self._since_s = None

    def _guess(self) -> str:
        total = self._seen.total()
        text = sum(count for byte, count in self._seen.items() if byte in TEXT) / total
        high = sum(count for byte, count in self._seen.items() if byte >= 0x80) / total
        common = " ".join(f"{byte:02x}" for byte, _ in self._seen.most_common(COMMONEST))
        is_text = text >= TEXT_SHARE and self._seen[ord("\n")] * LINE_BYTES >= total
        statistics = f"{text:.0%} text, {high:.0%} of 80..ff, {len(self._seen)} values, most often {common}"
        if is_text and self._kind != "serial_csv":
            return f'it is text ({statistics}); a sketch that prints columns is kind = "serial_csv"'
        if is_text:
            return f"it is text ({statistics}), and the baud is right; look at it with a terminal"
        return f"wrong baud ({self._baud})? ({statistics})"
