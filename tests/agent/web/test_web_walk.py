"""A person with a browser: looks at a motor, commissions it, sees it damaged, acknowledges the alert, on a phone, in
Korean. With TEXTVIB_SHOTS=FOLDER pictures of it are left there."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Chromium, found
from page_story import Story
from requirements import skip_unless_required
from waiting import until

from agent.service.control import Status, ask


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = Story(tmp_path)
    yield made
    if made.process.poll() is None:
        assert made.end() == 0


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chromium]:
    skip_unless_required("the browser chromium", available=found() is not None)
    made = Chromium(tmp_path / "profile")
    yield made
    made.close()


def test_a_walk_through_the_page(story: Story, browser: Chromium) -> None:
    shots = Path(os.environ["TEXTVIB_SHOTS"]) if "TEXTVIB_SHOTS" in os.environ else None

    def shoot(name: str) -> None:
        if shots is not None:
            browser.shoot(shots / f"{name}.png")

    browser.size(1280, 900)
    story.wait()

    browser.go(story.url)
    browser.until("document.querySelector('.sensor .badge')?.dataset.state === 'learning'")
    assert "1797 rpm" in browser.text(".sensor")
    assert browser.received_bytes < 300_000
    shoot("overview")

    browser.click(".sensor .name")
    browser.until("document.querySelector('figure[data-chart=envelope]')?.dataset.peakHz")
    browser.run("document.getElementById('windows').value = 12")
    browser.click(".commissioning .primary")
    browser.until("document.querySelector('.sensor-head .badge').dataset.state === 'healthy'")
    assert "12 windows" in browser.text(".ended")

    see_an_unknown_sensor(browser)
    story.keep_days(2)
    browser.run("location.hash = '#/sensor/pump_de'")
    browser.until("document.querySelectorAll('figure[data-chart=trend] .days li').length === 3")
    assert browser.run("document.querySelectorAll('figure[data-chart=trend] canvas').length") == 0
    assert "mm/s" in browser.text("figure[data-chart=trend] .days")
    see_a_card_that_is_old(browser)

    story.damage()
    browser.until("document.querySelector('.sensor-head .badge').dataset.state === 'fault'")
    envelope = "document.querySelector('figure[data-chart=envelope]').dataset"
    browser.until(f"{envelope}.peakPlaces.split(' ').includes('BPFO')")
    peak_hz = float(browser.run(f"{envelope}.peakHz"))
    assert peak_hz == pytest.approx(107.4, rel=0.02)
    assert browser.run("document.querySelectorAll('canvas').length") >= 8
    shoot("sensor")

    browser.click(".alert-link a")
    browser.until("document.querySelector('.alert .badge')?.innerText")
    assert "outer race" in browser.text(".alert h2")
    assert "BPFO" in browser.text(".alert table")
    browser.run("document.querySelector('.alert details').open = true")
    browser.run("document.getElementById('who').value = 'Kim <b>'")
    browser.run("document.querySelector('.alert .was').value = 'inner_race'")
    browser.click(".alert .acknowledge")
    browser.until("document.querySelector('.alert .found').innerText.includes('inner race')")
    browser.until("document.querySelector('.alert .marks').innerText.includes('Kim <b>')")
    browser.until("document.querySelector('.alert figure[data-chart=envelope]')?.dataset.peakPlaces?.includes('BPFO')")
    shoot("alert")

    browser.size(360, 740, scale=2, is_phone=True)
    browser.click("#language")
    browser.until("document.documentElement.lang === 'ko' && document.querySelector('.alert h2')?.innerText")
    assert "외륜" in browser.text(".alert h2")
    shoot("alert_phone_ko")
    for place in ("#/", "#/health", "#/sensor/pump_de"):
        browser.run(f"location.hash = '{place}'")
        browser.until("document.querySelector('main h1') && document.body.dataset.link === 'live'")
        assert browser.run("document.documentElement.scrollWidth") <= 360, place
    browser.until("document.querySelector('figure[data-chart=envelope]')?.dataset.peakHz")
    shoot("sensor_phone_ko")

    (kept,) = ask(story.folder / "state", Status(whole=True))["alerts"]["pump_de"]
    assert (kept["acknowledged"], kept["by"]) == (True, "Kim <b>")
    see_it_among_past_alerts(browser)
    shoot("past_alert_phone_ko")

    assert browser.errors == []
    assert all(url.startswith(story.url) for url in browser.requested), browser.requested


def see_it_among_past_alerts(browser: Chromium) -> None:
    """Once it is closed: the motor is still damaged, so that another one is raised."""
    browser.run("location.hash = '#/alerts'")
    browser.until("!!document.querySelector('.alerts:not(.past) .close')")
    browser.click(".alerts:not(.past) .close")
    browser.until("document.querySelector('.past h3')?.innerText.includes('외륜')")
    assert "Kim <b>" in browser.text(".past .events")
    assert "내륜" in browser.text(".past .found")
    say_what_it_was(browser)
    browser.run("document.querySelectorAll('.past details').forEach((one) => { one.open = true; })")
    browser.until("document.querySelector('.past figure[data-chart=envelope]')?.dataset.peakPlaces?.includes('BPFO')")
    assert browser.run("document.documentElement.scrollWidth") <= 360


def say_what_it_was(browser: Chromium) -> None:
    """Of an alert that is over, by a name of one's own: what is no name is not sent."""
    choose = "const one = document.querySelector('.past .was'); one.value = '_'; one.dispatchEvent(new Event('change'))"
    browser.run(f"(() => {{ {choose}; }})()")
    for name, said in (("Seal rubs", "내륜"), ("seal_rubs", "seal_rubs")):
        browser.run(f"document.querySelector('.past .was-own').value = '{name}'")
        browser.run("document.querySelector('.past .was-own').dispatchEvent(new Event('input'))")
        browser.click(".past .keep-word")
        browser.until(f"document.querySelector('.past .found').innerText.includes('{said}')")
    assert browser.run("document.documentElement.scrollWidth") <= 360


def see_an_unknown_sensor(browser: Chromium) -> None:
    browser.run("location.hash = '#/sensor/nosuch'")
    browser.until("document.querySelector('.sensor-head').innerText.includes('no such sensor')")
    seen = "[...document.querySelectorAll('main button, main progress, main figure, main .panel')]"
    assert browser.run(f"{seen}.filter((one) => one.offsetParent !== null).length") == 0
    assert browser.text("main a[href='#/']") == "All sensors"


def see_a_card_that_is_old(browser: Chromium) -> None:
    """The state is told as invalid by hand, as the agent would: the last card was of a window that could be judged."""
    browser.until("document.querySelector('.said h2').innerText")
    assert browser.run("document.querySelector('.earlier').hidden")
    cases = (
        ("lost", "null", True, True),
        ("invalid", "null", True, True),
        ("invalid", "'clipped'", True, False),
        ("idle", "null", True, True),
        ("idle", "null", False, False),
        ("healthy", "null", True, False),
    )
    browser.run("import('/static/sensor.js').then((module) => { window.isOfEarlier = module.isOfEarlier; })")
    browser.until("!!window.isOfEarlier")
    for state, quality, running, is_earlier in cases:
        said = f"{{quality: {quality}, running: {str(running).lower()}}}"
        assert browser.run(f"isOfEarlier('{state}', {said})") is is_earlier, (state, said)


@pytest.mark.long
def test_a_page_that_ends_comes_back_and_the_agent_goes_on(story: Story, browser: Chromium) -> None:
    story.wait()
    browser.go(story.url)
    browser.until("document.body.dataset.link === 'live'")
    (page,) = story.page_pids()
    os.kill(page, signal.SIGKILL)
    browser.until("document.body.dataset.link === 'away'")
    until(lambda: story.page_pids() not in ([], [page]))
    browser.until("document.body.dataset.link === 'live'")
    assert "page: ended by signal 9" in story.log.read_text()
    (again,) = story.page_pids()
    story.process.kill()  # and a page never outlives its agent
    story.process.wait()
    until(lambda: not Path(f"/proc/{again}").exists())
