"""The three places where the outside world plugs in, and how an alternative is found by its name.

Each folder of alternatives has one table of rows in its `__init__`: what else must be known of one stands there, once.
A row names its "module:Class"; the module is imported on use, so an agent that reads serial never loads paho for its
sources, and one that runs ONNX never loads LiteRT.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec
import numpy as np
from numpy.typing import NDArray

from agent.errors import ConfigError, RenewalError, TransportError
from agent.types import Counters, Item


@runtime_checkable
class Source(Protocol):
    """Something samples come from. The daemon owns the thread, the retries and the queue; a source only reads.

    Built from its config struct `cls(config, sensors)` without touching the outside world.
    """

    name: str

    def open(self) -> None:
        """Connect; raises TransportError, or ConfigError where what the config names is unusable; both are retried."""

    def read(self, timeout_s: float) -> list[Item]:
        """What arrived within `timeout_s`; raises TransportError when the link is gone, EndOfStream at the end."""

    def close(self) -> None:
        """Let go of the outside world; never raises, may be called twice."""

    def counters(self) -> Counters:
        """Monotonic counters since construction, surviving re-opens (frames, bytes, crc errors, ...)."""


@runtime_checkable
class Rerouted(Protocol):
    """A source of several sensors, of which some may come and go while it is open."""

    def reroute(self, routes: Sequence[Any]) -> None:
        """Between two reads: what belongs to which sensor from now on. What comes by a route that stays goes on as it
        is, sessions and counts included."""


@runtime_checkable
class Polled(Protocol):
    """A source that need not wait: one thread reads many such with `read(0.0)`, which takes all that has arrived.

    It is read when it is readable, and where nothing came for half a second.
    """

    def fileno(self) -> int:
        """What becomes readable once something has arrived, or the link is gone; of a source that is open."""


@runtime_checkable
class Encoder(Protocol):
    """A quantized encoder; built by `cls(model_bytes)`, one thread, no file access."""

    def embed(self, codes: NDArray[np.int8]) -> NDArray[np.int8]:
        """int8 feature codes (n,) -> int8 embedding codes (dim,), as the model's own integers."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message to publish."""

    topic: str
    payload: bytes  # JSON of `agent.messages.payloads`; empty: what the topic held retained is gone
    retain: bool = False
    qos: int = 0
    kind: str = ""  # diagnosis, state, alert, event or health: what it is, for a sink that has no topics
    expiry_s: int | None = None  # after which nobody should be shown it any more, where the sink can see to that
    seq: int = 0  # of an event: its number, which repeats keep; 0: none
    alert: str = ""  # id of the alert that it is about


Heard: TypeAlias = Callable[[str | None], None]
"""What is called once with a message's fate: None where the other side has it, else why it refuses it. From any thread;
it must not wait, and is not called where a connection ends first."""


@runtime_checkable
class Sink(Protocol):
    """Somewhere messages go. The publisher owns the thread, the retries and the queue; a sink only hands over.

    Built by `cls(settings, availability=topic)` without touching the outside world: `online` and `offline` belong to
    that topic, or to whatever stands for one.
    """

    @property
    def connected(self) -> bool:
        """Whether messages can be handed over now."""

    @property
    def refused(self) -> int:
        """Messages that the other side refused after they were handed over."""

    @property
    def lost(self) -> TransportError | None:
        """Why the last connection ended; None where nobody said."""

    def open(self) -> None:
        """Connect and say online; raises TransportError or ConfigError as a source does."""

    def publish(self, message: Message, heard: Heard | None = None) -> bool:
        """Hand over one message; False where it cannot be taken now (it is kept, and tried again).

        `heard` is told its fate. What has no answer before the connection ends is handed over again.
        """

    def read_back(self, topics: tuple[str, ...]) -> dict[str, bytes] | None:
        """What the other side holds retained under topic filters, asked once; None where it does not tell."""

    def close(self) -> None:
        """Say offline and let go; never raises, may be called twice."""


Command: TypeAlias = Callable[[bytes, Callable[[], object]], None]
"""Is handed a command and what to call once it was dealt with. From any thread; it must not wait."""


@runtime_checkable
class Hearing(Protocol):
    """A sink over which commands can come."""

    def listen(self, topic: str, heard: Command) -> None:
        """Before it is opened: hand what comes on `topic` to `heard`."""


@runtime_checkable
class Noticing(Protocol):
    """A source or sink that has something to tell of a connection that works."""

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should mend nevertheless."""


@runtime_checkable
class Renewing(Protocol):
    """A sink that may leave a connection that works for a better one."""

    @property
    def place(self) -> str:
        """The one of several other sides that is in use, or tried next."""

    @property
    def may_move(self) -> bool:
        """Whether there are several."""

    def renewal(self) -> RenewalError | None:
        """Why it is to be opened anew, now; None: it is not. Asked often, does not wait."""


@runtime_checkable
class Numbering(Protocol):
    """A sink whose connections are numbered over all starts of the agent."""

    def number_connections(self, next_number: Callable[[], int]) -> None:
        """Before it is opened: what gives each connection its number, from 0 on."""


@runtime_checkable
class Briefed(Protocol):
    """A sink whose first words are of all that is retained."""

    def brief(self, standing: Sequence[Message]) -> None:
        """Before each `open`: what is retained, as it stands. All of it is handed over afterwards, too."""


@runtime_checkable
class Attending(Protocol):
    """A sink that has something to do while nothing is to be published."""

    def attend(self) -> None:
        """Called often while it is connected, by who publishes; it must not wait."""


@runtime_checkable
class Trying(Protocol):
    """A sink that can be tried beside one that is open."""

    def try_out(self) -> None:
        """See whether it could be opened, disturbing nothing and nobody; raises as `open`."""


@runtime_checkable
class Delivering(Protocol):
    """A sink that waits for the other side's answer while it hands over."""

    @property
    def publish_s(self) -> float:
        """How long that may take."""


class Alternative(Protocol):
    """A row of a table of alternatives."""

    @property
    def path(self) -> str:
        """Of the class or the function that the row is about, as "module:name"."""


def load(table: Mapping[str, Alternative], name: str) -> Any:
    """What the row `name` is about, imported now; ConfigError names what there is instead."""
    if name not in table:
        raise ConfigError(f"unknown kind {name!r}; known: {', '.join(sorted(table))}")
    return _imported(table[name].path)


def load_settings(table: Mapping[str, Alternative], name: str) -> type[msgspec.Struct]:
    """The struct of an alternative's own keys in a config: `FooConfig` beside `FooSource` or `FooSink`."""
    module, _, made = table[name].path.partition(":")
    struct: type[msgspec.Struct] = _imported(f"{module}:{re.sub('(Source|Sink)$', 'Config', made)}")
    return struct


def _imported(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
