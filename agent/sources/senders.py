"""One topic is one sensor: a second sender shows in another name, or in two counters or clocks that both go on.

A sender that starts anew leaves its old count behind; of two senders both go on. Of these the first is heard, and
neither where their counts are so near each other that none can tell whose a message is.
"""

from __future__ import annotations

from dataclasses import dataclass

NEAR = 8  # messages ahead that continue a count
CLOCK_S = 2.0  # by which a sender's stamps may be off its own clock; batches that merely overlap are a rate's matter
BOTH = 2  # messages by which each of two must have gone on
SILENT = 16  # messages of another in a row after which the first is gone
REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Mark:
    """What places a message among others of its sender. `seconds`: how long its samples last."""

    seq: int | None
    t0: float | None
    seconds: float
    content: int  # hash
    sender: str | None = None


@dataclass(slots=True)
class _Track:
    """One sender's messages; `steps` since the other's began."""

    last: Mark
    steps: int = 0

    def go_on(self, mark: Mark) -> None:
        """It has sent another."""
        self.last = mark
        self.steps += 1

    def is_continued_by(self, mark: Mark) -> bool:
        last = self.last
        if mark.seq is not None and last.seq is not None:
            return 0 < mark.seq - last.seq <= NEAR and self._in_time(mark)
        return self._in_time(mark)

    def _in_time(self, mark: Mark) -> bool:
        if mark.t0 is None or self.last.t0 is None:
            return True
        late_s = mark.t0 - self.last.t0 - self.last.seconds
        return abs(late_s) <= max(CLOCK_S, NEAR * self.last.seconds)


class Owner:
    """The one topic that is a sensor's, of those that a pattern fits."""

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._strangers = 0  # messages of other topics in a row

    def feed(self, topic: str, pattern: str) -> str | None:
        """Why a message is refused; another topic takes over once the first has been silent for long."""
        self._strangers = 0 if topic == self._topic else self._strangers + 1
        if self._strangers >= SILENT:
            self._topic, self._strangers = topic, 0
        if topic == self._topic:
            return None
        return f"fits {pattern}, as {self._topic} does, which is heard; one topic is one sensor: name each exactly"


class Senders:
    """The messages of one topic."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}  # name -> how often it came
        self._name: str | None = None  # whose messages are heard
        self._strangers = 0  # messages of other names in a row
        self._main: _Track | None = None
        self._other: _Track | None = None
        self._recent: dict[int, int] = {}  # seq -> content
        self._run = 0  # messages of the other in a row
        self._alone = 0  # messages since the last of the other

    def feed(self, mark: Mark) -> str | None:
        """Note a message; why it is refused where it is a second sender's, in words."""
        return self._by_name(mark) or self._by_count(mark)

    def _by_name(self, mark: Mark) -> str | None:
        if mark.sender is None:
            return None
        name = mark.sender[:64]
        if self._name is None:
            if len(self._names) >= REMEMBERED:
                self._names.clear()  # another in each message: that names no sender
            self._names[name] = self._names.get(name, 0) + 1
            self._name = name if self._names[name] >= BOTH else None
            return None
        self._strangers = 0 if name == self._name else self._strangers + 1
        if self._strangers >= SILENT:
            self._name, self._strangers, self._main, self._other = name, 0, None, None
        if name == self._name:
            return None
        return f"{name!r} sends here, too, beside {self._name!r}, which is heard{_MEND}"

    def _by_count(self, mark: Mark) -> str | None:
        if mark.seq is None and mark.t0 is None:
            return None
        if self._is_repeated(mark):
            return None
        main, other = self._main, self._other
        if main is None:
            self._main = _Track(mark)
            return None
        goes_on = other is not None and other.is_continued_by(mark)
        if main.is_continued_by(mark) and not (goes_on and self._run >= BOTH):  # else: anew, and past its old count
            main.go_on(mark)
            self._run, self._alone = 0, self._alone + 1
            if self._alone > SILENT:
                self._other = None
            return self._alike()
        if other is not None and goes_on:
            other.go_on(mark)
            self._run, self._alone = self._run + 1, 0
            if self._run >= SILENT:
                self._main, self._other, self._run = other, None, 0  # the first is gone
            elif self._are_two():
                return self._alike() or f"{_APART}{_MEND}"
        elif not self._are_two():
            self._other, self._run, self._alone = _Track(mark), 0, 0
            main.steps = 0
        return None

    def _is_repeated(self, mark: Mark) -> bool:
        """Whether a message was delivered before, as brokers may."""
        if mark.seq is None:
            return False
        if self._recent.get(mark.seq) == mark.content:
            return True
        if len(self._recent) >= REMEMBERED:
            del self._recent[next(iter(self._recent))]
        self._recent[mark.seq] = mark.content
        return False

    def _are_two(self) -> bool:
        main, other = self._main, self._other
        return main is not None and other is not None and main.steps >= BOTH and other.steps >= BOTH

    def _alike(self) -> str | None:
        main, other = self._main, self._other
        if main is None or other is None or not self._are_two():
            return None
        if main.last.seq is None or other.last.seq is None or abs(main.last.seq - other.last.seq) > NEAR:
            return None
        return f"{_ALIKE}{_MEND}"


_APART = "is a second sender's: two counts or clocks go on side by side, and the first is heard"
_ALIKE = "is one of two senders', who count alike, so that nobody can tell whose it is; neither is heard"
_MEND = "; give each sender a topic of its own"
