"""What changes of one process's sources and sensors: let go, handed over to the worker between two items, and begun."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import replace

from agent.service.assembly import Parts
from agent.service.control import Answer
from agent.service.inbox import Inbox
from agent.service.readers import Readers
from agent.service.reloading.changes import Changes
from agent.service.reloading.handover import Plan
from agent.service.reloading.reload import Applied

HandOver = Callable[[Plan], Future[Answer]]


def exchange(
    before: Parts,
    after: Parts,
    changes: Changes,
    *,
    readers: Readers,
    inbox: Inbox,
    hand_over: HandOver,
    stop: threading.Event,
    moving: Collection[str] = (),
) -> Applied:
    """Let go of what changes, let the worker change, then begin what is new. `moving`: another process goes on with
    those sensors."""
    sources = {source.name: source for source in after.sources}
    kept = {source.name: source for source in before.sources}
    kept |= {name: sources[name] for name in (*changes.sources.added, *changes.sources.renewed)}
    after = replace(after, sources=tuple(kept[source.name] for source in after.sources))
    readers.config = after.config
    for name in changes.sources.removed:
        readers.let_go(name)
    for name in changes.sources.renewed:
        readers.let_go(name, sources[name])
    for name in changes.sources.added:
        readers.add(sources[name])
    handed_over = hand_over(Plan(after, changes, readers.by_source, frozenset(moving)))
    while not handed_over.done() and not stop.is_set():
        time.sleep(0.01)
    if not handed_over.done():
        return Applied(before)
    answer = handed_over.result()
    for name in changes.sources.removed:
        inbox.remove(name)
    for name in changes.rerouted:
        readers.reroute(name)
    readers.start([*changes.sources.renewed, *changes.sources.added])
    return Applied(after, tuple(answer["done"]), tuple(answer["told"]))
