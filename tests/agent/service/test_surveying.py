"""What a page is handed over: the newest window as it is, once, and nothing where there is no page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from agent.bundle.load import load_bundle
from agent.diagnosis.unnamed import unnamed
from agent.errors import ConfigError
from agent.machine import Bearing, Geometry, Machine, SensorSetup
from agent.messages.compose import Speaker
from agent.messages.words import Language
from agent.service.health import Everything
from agent.service.sensor import SensorDesk
from agent.service.surveying import look_of
from agent.service.watching.looking import Looking
from agent.types import Diagnosis, Rate, Speed, Stream, Window

SETUP = SensorSetup("a", Machine("m", rpm=1500.0), bearings=(Bearing("de", Geometry(9, 7.94, 39.04)),))
SAMPLES = np.arange(8, dtype=np.float32).reshape(4, 2)
WINDOW = Window(Stream("a", 100.0, axes=("x", "y")), 40, SAMPLES, Rate(100.0, "declared"), 1.0, None)
DESK = cast(SensorDesk, SimpleNamespace(sensor="a", pipeline=SimpleNamespace(setup=SETUP)))


def seen(looking: Looking | None, language: Language = "en") -> Everything:
    bundle = load_bundle("default")
    speaker = Speaker(agent="g", site=None, language=language, descriptions=bundle.descriptions, setups={"a": SETUP})
    return cast(Everything, SimpleNamespace(looking=looking, parts=SimpleNamespace(bundle=bundle, speaker=speaker)))


def diagnosis() -> Diagnosis:
    told: dict[str, Any] = {"window_start": 40, "session": 0, "wall_s": None, "time_s": 1.0, "evidence": None}
    speed = Speed(float("nan"), "config")  # what is no number survives
    return unnamed("a", "de", rate=Rate(100.0, "declared"), speed=speed, quality=None, running=True, **told)


def test_a_window_is_handed_over_as_it_is_and_once():
    looking = Looking()
    looking.look("a")
    looking.judged("a", WINDOW, [diagnosis()])
    answer = look_of(seen(looking), DESK, after=0)
    assert np.frombuffer(answer["window"]["samples"], "<f4").reshape(4, 2).tolist() == SAMPLES.tolist()
    (told,) = msgspec.msgpack.decode(answer["diagnoses"], type=tuple[Diagnosis, ...])
    assert np.isnan(told.speed.rpm)
    assert (answer["number"], answer["window"]["start"], answer["said"][0]["bearing"]) == (1, 40, "de")
    again = look_of(seen(looking), DESK, after=1)
    assert (again["window"], again["said"], again["courses"][0]["rows"]) == (None, [], b"")


def test_it_is_said_in_the_language_of_who_looks():
    looking = Looking()
    looking.look("a")
    looking.judged("a", WINDOW, [diagnosis()])
    titles = {look_of(seen(looking, one), DESK, after=0)["said"][0]["text"]["title"] for one in ("en", "ko")}
    assert len(titles) == 2


def test_without_a_page_nothing_is_kept_to_be_looked_at():
    with pytest.raises(ConfigError, match=r"\[web\]"):
        look_of(seen(None), DESK, after=0)
