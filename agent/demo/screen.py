"""The demo's screen: live on a terminal, a line now and then where the output goes to a file."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agent.demo.listener import Mailbox

STATE_STYLE = {"healthy": "bold green", "fault": "bold white on red", "abnormal": "bold yellow", "learning": "cyan"}
LINE_EVERY_S = 3.0
BAR = 24


class Screen:
    """Shows what was heard; `say` writes a line that stays."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._console = Console()
        self._live = Live(console=self._console, auto_refresh=False) if self._console.is_terminal else None
        self._started_s = time.monotonic()
        self._last_line_s = 0.0

    def __enter__(self) -> Screen:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.rest()

    def rest(self) -> None:
        """Stop moving: what is said from now on stands below the last picture."""
        if self._live:
            self._live.stop()
            self._live = None

    def say(self, text: str, style: str = "") -> None:
        elapsed = time.monotonic() - self._started_s
        self._console.print(Text(f"{elapsed:5.1f} s  {text}", style=style), soft_wrap=True)

    def refresh(self, act: str) -> None:
        """Show the newest figures under the name of the present act."""
        with self._mailbox.lock:
            state, diagnosis = dict(self._mailbox.state), dict(self._mailbox.diagnosis)
        if self._live:
            self._live.update(_panel(act, state, diagnosis), refresh=True)
        elif time.monotonic() - self._last_line_s >= LINE_EVERY_S and state:
            self._last_line_s = time.monotonic()
            self.say(f"{act:<28} {_one_line(state, diagnosis)}")


def _panel(act: str, state: dict[str, Any], diagnosis: dict[str, Any]) -> Panel:
    name = state.get("state", "waiting")
    head = Table.grid(padding=(0, 2))
    head.add_row("sensor", state.get("sensor", "-"), "machine", f"{state.get('machine_name') or '-'}")
    head.add_row("state", Text(f" {name} ", style=STATE_STYLE.get(name, "")), "reason", str(state.get("reason") or "-"))
    head.add_row("rate", _rate(diagnosis), "speed", _speed(diagnosis))
    deviation = diagnosis.get("deviation")
    head.add_row("deviation", "-" if deviation is None else f"{deviation:.2f} x limit", "losses", _losses(state))
    nearest = Table.grid(padding=(0, 2))
    for match in diagnosis.get("nearest", ()):
        filled = round(BAR * max(0.0, match["similarity"]))
        nearest.add_row(match["title"], f"{match['similarity']:+.2f}", "#" * filled)
    return Panel(Group(head, Text(), nearest), title=f"TextVib Edge - {act}", width=100)


def _one_line(state: dict[str, Any], diagnosis: dict[str, Any]) -> str:
    nearest = ", ".join(f"{m['title']} {m['similarity']:+.2f}" for m in diagnosis.get("nearest", ())[:2])
    return f"{state.get('state', '-'):<9} {_rate(diagnosis)}  {nearest}"


def _rate(diagnosis: dict[str, Any]) -> str:
    rate = diagnosis.get("rate") or {}
    return f"{rate['hz']:.0f} Hz ({rate['origin'].replace('_', ' ')})" if rate else "-"


def _speed(diagnosis: dict[str, Any]) -> str:
    speed = diagnosis.get("speed") or {}
    return f"{speed['rpm']:.0f} rpm ({speed['origin']})" if speed.get("rpm") else "-"


def _losses(state: dict[str, Any]) -> str:
    losses = state.get("losses") or {}
    lost = sum(losses.get(key, 0) for key in ("dropped_fifo", "dropped_queue", "lost_on_wire", "rejected"))
    return f"{lost} of {losses.get('produced', 0)} samples"
