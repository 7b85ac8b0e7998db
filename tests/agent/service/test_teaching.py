"""A commissioning that begins while the told speed is doubted says so at once."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from line_bundle import BUNDLE, CONFIG, SETUP, LineEncoder
from one_alert import DIAGNOSIS

from agent.messages.notices import is_known
from agent.pipeline import Pipeline
from agent.service.control import Commission
from agent.service.teaching import Teaching
from agent.types import Speed, SpeedQuestion

DOUBTED = Speed(None, "unknown", asks=SpeedQuestion("contradicted", 1480.0, 1797.0))


class Unwritten(Teaching):
    """What it is asked for reaches no disk."""

    def _written(self, desk: Any, ended: Any = (), *, under_way: Any = None) -> list[str]:
        return []


def remarks(speed: Speed, *, running: bool = True) -> list[str]:
    registrar: Any = SimpleNamespace(is_kept=True)
    nobody: Any = SimpleNamespace()
    parts: Any = SimpleNamespace(bundle=BUNDLE)
    teaching = Unwritten(registrar, announcer=nobody, parts=parts)
    pipeline = Pipeline(SETUP, bundle=BUNDLE, encoder=LineEncoder(), config=CONFIG)
    desk: Any = SimpleNamespace(sensor="s", last=replace(DIAGNOSIS, speed=speed, running=running), pipeline=pipeline)
    found: list[str] = teaching.commission(desk, Commission(sensor="s"))["remarks"]
    return found


def test_a_doubted_speed_is_told_before_anything_is_learnt() -> None:
    (remark,) = remarks(DOUBTED)
    assert remark.startswith("mind: 1480 rpm is given, but the lines of a shaft stand at 1797 rpm; ")
    assert is_known(remark, "ko")
    assert remarks(Speed(1480.0, "config")) == remarks(DOUBTED, running=False) == []
