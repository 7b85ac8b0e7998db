"""What may be asked about an alert: times of a shelf within their bounds, and nothing else over a sink."""

from __future__ import annotations

import pytest

from agent.errors import ConfigError
from agent.service.alert_requests import Shelve, remote_request, seconds_of


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("8h", 28_800.0), (" 30 m ", 1800.0), ("45min", 2700.0), ("1.5d", 129_600.0), ("60s", 60.0), ("90d", 7_776_000.0)],
)
def test_times_have_a_unit(told, seconds):
    assert seconds_of(told) == seconds


@pytest.mark.parametrize(
    "told", ["", "8", "h", "8 hours", "-1h", "1e9d", "nan", "inf d", "8h30m", "٨h", "0x8h", "9" * 90 + "h"]
)
def test_what_is_no_time_is_refused_with_what_would_be(told):
    with pytest.raises(ConfigError, match=r"for: .* is no time; write a number and its unit, like 30m, 8h or 2d"):
        seconds_of(told)


@pytest.mark.parametrize("told", ["0h", "59s", "90.1d", "999999999d"])
def test_a_shelf_has_bounds(told):
    with pytest.raises(ConfigError, match="is not between 1m and 90d"):
        seconds_of(told)


def test_a_shelf_is_asked_for_by_the_word_of_the_command_line():
    asked = remote_request(b'{"command": "shelve", "alert": "a/b", "for": "8h"}')
    assert asked == Shelve("a/b", duration="8h")
    for wrong in (b'{"command": "shelve", "alert": "a/b"}', b'{"command": "shelve", "alert": "a/b", "for": 8}'):
        with pytest.raises(ConfigError, match="for"):
            remote_request(wrong)
