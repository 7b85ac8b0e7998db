"""One step of `bench --capacity`: sensors in a process of their own, a real agent, and a subscriber with a clock.

The lag of a window runs from when its last piece was due to the receipt of its diagnosis. What arrives while the agent
warms up does not count, nor is anything computed here meanwhile but that receipt.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from agent.bench.capacity_broker import Place
from agent.bench.capacity_ramp import Step, centile
from agent.bench.capacity_sender import begin_ms, topic_of
from agent.bench.capacity_signal import WAYS, Speech
from agent.bench.processes import cpu_s, memory
from agent.bench.signal import RATE_HZ, RPM
from agent.bundle.load import Bundle
from agent.errors import TextVibError, TransportError
from agent.messages.topics import Topics
from agent.service.control import Status, ask
from agent.stream.windowing import window_length

WARM_S = 5.0  # what is computed for the first time takes its time, and is no measure
TAIL_S = 0.5  # for so long sensors go on, so that the last windows are no easier than others
GRACE_S = 3.0  # after which a diagnosis that has not come is lost
START_S = 120.0
LOOK_S = 1.0

Window = tuple[str, int]
"""A sensor, and the first sample of its window."""


class _Judged(msgspec.Struct):
    """Of a diagnosis, what says which window it is of."""

    sensor: str
    window_start: int


@dataclass(frozen=True)
class Rig:
    """What stays the same from step to step."""

    way: str  # of WAYS
    broker: Place
    bundle: Bundle
    named: str  # as the bundle was given
    runtime: str

    def trial(self, sensors: int, *, seconds: float, said: Speech) -> Step:
        """Let so many sensors speak for `seconds`, which `said` lasts, warming up included."""
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="textvib-bench-")))
            sender, lines = stack.enter_context(_sender(self, sensors, spoken_s(seconds)))
            config = folder / "bench.toml"
            config.write_text(self._config(folder, sensors, lines), encoding="utf-8")
            agent = stack.enter_context(_agent(config, folder))
            received = stack.enter_context(_subscriber(self.broker))
            _await_sources(folder, agent, sensors=sensors)
            return self._measure(sensors, seconds, said, received, agent.pid, sender)

    def _measure(
        self,
        sensors: int,
        seconds: float,
        said: Speech,
        received: dict[Window, float],
        agent: int,
        sender: subprocess.Popen[str],
    ) -> Step:
        begin_s = time.monotonic() + 0.2
        _tell(sender, repr(begin_s))
        from_s = begin_s + WARM_S
        due = {
            window: due_s
            for window, due_s in self._windows(sensors, begin_s, said)
            if from_s <= due_s < from_s + seconds
        }
        time.sleep(max(0.0, from_s - time.monotonic()))
        roots = {"agent": agent, "sensors": sender.pid, "subscriber": os.getpid()}
        if self.broker.process is not None:
            roots["broker"] = self.broker.process
        before, started_s = {part: _cpu_s(part, root) for part, root in roots.items()}, time.monotonic()
        held = [memory(agent)]
        while time.monotonic() < from_s + seconds:
            time.sleep(min(LOOK_S, max(0.0, from_s + seconds - time.monotonic())))
            held.append(memory(agent))
        took_s = time.monotonic() - started_s
        spent = {part: _since(before[part], _cpu_s(part, root)) for part, root in roots.items()}
        while time.monotonic() < from_s + seconds + GRACE_S and not due.keys() <= received.keys():
            time.sleep(0.05)
        lags_ms = [1000 * (received[window] - due_s) for window, due_s in due.items() if window in received]
        _tell(sender, "")
        return Step(
            sensors=sensors,
            due=len(due),
            heard=len(lags_ms),
            lag_p50_ms=_rounded(centile(lags_ms, 0.5)),
            lag_p99_ms=_rounded(centile(lags_ms, 0.99)),
            cores={part: round(sum(shares.values()) / took_s, 3) for part, shares in spent.items()},
            busiest=round(max(spent["agent"].values(), default=0.0) / took_s, 3),
            processes=len(spent["agent"]),
            rss_mb=max(one.rss_mb for one in held),
            pss_mb=max((one.pss_mb for one in held if one.pss_mb is not None), default=None),
            lost_bytes=_last_number(sender),
        )

    def _windows(self, sensors: int, begin_s: float, said: Speech) -> Iterator[tuple[Window, float]]:
        """Every window of what is said, and when the last piece of it is due."""
        length = window_length(self.bundle.spec.window_s, RATE_HZ)
        hop = round(self.bundle.spec.hop_s * RATE_HZ)
        for sensor in range(sensors):
            first_s = begin_s + begin_ms(sensor, sensors) / 1000
            for start in range(0, len(said.pieces) * said.samples - length + 1, hop):
                yield (f"s{sensor}", start), first_s + said.due_s(start + length)

    def _config(self, folder: Path, sensors: int, lines: list[str]) -> str:
        """A machine with a bearing for each sensor; all of them on one broker, or each on a line of its own."""
        kind = WAYS[self.way].kind
        bundle = self.named if self.named == "default" else str(Path(self.named).resolve())
        parts = [
            f'[agent]\nid = "bench"\nstate_dir = "{folder}"\nbundle = "{bundle}"\nruntime = "{self.runtime}"',
            f'[broker]\nhost = "{self.broker.host}"\nport = {self.broker.port}',
            *([] if lines else [f'[[sources]]\nname = "plant"\nkind = "{kind}"']),
            *(f'[[sources]]\nname = "line{k}"\nkind = "{kind}"\nport = "{line}"' for k, line in enumerate(lines)),
        ]
        for k in range(sensors):
            found_by = f'source = "line{k}"' if lines else f'source = "plant"\ntopic = "{topic_of(k)}"'
            parts.append(f'[machines.m{k}]\nspeed = {{ rpm = {RPM:g} }}\nbearings.de = {{ geometry = "6205" }}')
            parts.append(f'[sensors.s{k}]\nmachine = "m{k}"\n{found_by}')
        return "\n\n".join(parts) + "\n"


def spoken_s(seconds: float) -> float:
    """For how long sensors speak where `seconds` are measured."""
    return WARM_S + seconds + TAIL_S


@contextmanager
def _sender(rig: Rig, sensors: int, seconds: float) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """The process of the sensors, ready to speak, and the names of their lines."""
    arguments = [rig.way, str(sensors), str(seconds), rig.broker.address]
    command = [sys.executable, "-m", "agent.bench.capacity_sender", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        assert sender.stdout is not None
        lines: list[str] = []
        try:
            while (line := sender.stdout.readline().strip()) != "ready":
                if not line:
                    raise TransportError("bench --capacity: the sensors did not start; their reason stands above")
                lines.append(line)
            yield sender, lines
        finally:
            sender.kill()


@contextmanager
def _agent(config: Path, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`run` with a config; what it has against that is told where it ends early."""
    command = [sys.executable, "-m", "agent", "run", str(config), "--log-level", "error"]
    with (folder / "agent.log").open("wb") as log, subprocess.Popen(command, stderr=log) as agent:
        try:
            yield agent
        finally:
            agent.terminate()
            try:
                agent.wait(30.0)
            except subprocess.TimeoutExpired:
                agent.kill()


@contextmanager
def _subscriber(broker: Place) -> Iterator[dict[Window, float]]:
    """When the first diagnosis of each window was received, monotonic seconds."""
    received: dict[Window, float] = {}
    decoder = msgspec.json.Decoder(_Judged)

    def hear(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        now_s = time.monotonic()
        judged = decoder.decode(message.payload)
        received.setdefault((judged.sensor, judged.window_start), now_s)

    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = hear
    client.connect(broker.host, broker.port)
    client.subscribe(Topics("textvib", "bench").diagnosis("+"))
    client.loop_start()
    try:
        yield received
    finally:
        client.disconnect()
        client.loop_stop()


def _await_sources(folder: Path, agent: subprocess.Popen[bytes], *, sensors: int) -> None:
    """Wait until the agent hears all its sources, each of its processes those of its own."""
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s and agent.poll() is None:
        time.sleep(0.1)
        try:
            health: dict[str, Any] = ask(folder, Status())["health"]
        except TextVibError:  # it is not there yet
            continue
        workers_run = all(worker["running"] for worker in health.get("workers", ()))
        sources_are_open = all(source["connected"] for source in health["sources"].values())
        if workers_run and sources_are_open and len(health["sensors"]) == sensors:
            return
    said = (folder / "agent.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    raise TransportError("\n".join(("bench --capacity: the agent did not come up", *said)))


def _cpu_s(part: str, root: int) -> dict[int, float]:
    """The measuring process started all others, which are told apart."""
    spent = cpu_s(root)
    return {root: time.process_time()} if part == "subscriber" else spent


def _since(before: dict[int, float], after: dict[int, float]) -> dict[int, float]:
    return {process: seconds - before.get(process, 0.0) for process, seconds in after.items()}


def _tell(sender: subprocess.Popen[str], line: str) -> None:
    assert sender.stdin is not None
    try:
        os.write(sender.stdin.fileno(), f"{line}\n".encode())
    except BrokenPipeError:
        raise TransportError("bench --capacity: the sensors ended early; is the broker still there?") from None


def _last_number(sender: subprocess.Popen[str]) -> int:
    assert sender.stdout is not None
    return int(sender.stdout.readline() or 0)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
