"""How figures went over days, drawn and in words: limits that are reached, will be, or of which nothing can be said."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from agent.machine import Mounting
from agent.report.days_drawn import MOST_DRAWN, days_text
from agent.trend.line import Line, line_of
from agent.trend.sketch import Day

ZONES = Mounting(group=2, foundation="rigid")
SVG = "{http://www.w3.org/2000/svg}"


def line(figure: str, middles: list[float], *, bearing: str | None = "de", mounting: Mounting = ZONES) -> Line:
    days = [(20_000 + n, Day(100, 0.9 * value, value, 1.1 * value)) for n, value in enumerate(middles)]
    return line_of("pump_de", bearing, figure, 76, days=days, mounting=mounting)


RISING = [0.3 * 1.015**n for n in range(60)]


@pytest.mark.parametrize(
    ("figure", "middles", "said", "unsaid"),
    [
        (
            "deviation",
            RISING,
            ["A month: +5", "If it goes on so, its limit is reached between 2024-12-"],
            "has reached",
        ),
        ("deviation", [*RISING, 7.0], ["The last day has reached its limit."], "If it goes on"),
        (
            "velocity",
            [1.2 * 1.01**n for n in range(60)],
            ["has reached zone B.", "zone C is reached between"],
            "no date",
        ),
        ("deviation", [0.3] * 60, ["No trend is seen.", "No date can be given"], "A month"),
        ("kurtosis", [3.0, 3.1, 3.0], ["too few to tell"], "date can be given"),
    ],
)
def test_words_beside_a_drawing(figure: str, middles: list[float], said: list[str], unsaid: str) -> None:
    told = " ".join(ElementTree.fromstring(f"<p>{days_text([line(figure, middles)], 'en', id_='s1')}</p>").itertext())
    for words in said:
        assert words in told, words
    assert unsaid not in told


def test_no_date_is_given_of_a_limit_that_the_last_day_has_reached() -> None:
    assert None not in line("deviation", RISING).reached.values()
    assert set(line("deviation", [*RISING, 7.0]).reached.values()) == {None}


def test_what_is_drawn() -> None:
    lines = [line("kurtosis", [3.0 + n % 2 for n in range(30)]), line("deviation", RISING)]
    first, second = ElementTree.fromstring(f"<p>{days_text(lines, 'ko', id_='s1')}</p>").iter(f"{SVG}svg")
    of = {name: first.findall(f".//*[@class='{name}']") for name in ("band", "curve", "limit", "dot")}
    assert [len(of[name]) for name in ("band", "curve", "limit", "dot")] == [1, 1, 1, 60]  # that with a limit first
    assert second.findall(".//*[@class='limit']") == []
    dates = [one.text for one in first.iter(f"{SVG}text") if (one.text or "").startswith("20")]
    assert (dates[0], dates[-1], len(dates)) == ("2024-10-04", "2024-12-02", 6)
    heights = [float(pair.split(",")[1]) for pair in of["curve"][0].attrib["points"].split()]
    assert heights == sorted(heights, reverse=True)


def test_few_days_and_many_figures() -> None:
    def told(lines: list[Line]) -> str:
        return str(days_text(lines, "en", id_="s1"))

    assert "No day of this sensor is kept" in told([])
    assert "2 days are kept, too few" in told([line("velocity", [1.0, 1.1])])
    many: list[Any] = [line("kurtosis", [3.0] * 5, bearing=f"b{n}") for n in range(MOST_DRAWN + 2)]
    assert told(many).count("<svg") == MOST_DRAWN
    assert "2 more figures and speeds" in told(many)
