"""A person with a phone and no config: opens the address that `setup --page` prints, and has a checked config.

With TEXTVIB_SHOTS=FOLDER pictures of it are left there.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Chromium, found
from mqtt_clients import client_of, leave
from real_mosquitto import Mosquitto, free_port
from requirements import ROOT, skip_unless_required

from agent.config.load import load_config

pytestmark = pytest.mark.long


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chromium]:
    skip_unless_required("the browser chromium", available=found() is not None)
    made = Chromium(tmp_path / "profile")
    yield made
    made.close()


def test_a_first_configuration_on_a_phone(browser: Chromium, mosquitto: Mosquitto, tmp_path: Path) -> None:
    shots = Path(os.environ["TEXTVIB_SHOTS"]) if "TEXTVIB_SHOTS" in os.environ else None

    def shoot(name: str) -> None:
        if shots is not None:
            browser.shoot(shots / f"{name}.png")

    def answer(key: str, script: str) -> None:
        browser.until(f"document.querySelector('form.setup')?.dataset.key === {key!r}")
        browser.run(script)
        browser.click("form.setup .primary")

    client = client_of(mosquitto)
    said = json.dumps({"rate_hz": 1000, "unit": "g", "x": [0.1, -0.2, 0.3, 0.1] * 50})
    client.publish("walk/acc", said, retain=True, qos=1).wait_for_publish(10)
    out, port = tmp_path / "agent.toml", free_port()
    command = [
        sys.executable,
        "-m",
        "agent",
        "setup",
        "--page",
        "--out",
        str(out),
        "--seconds",
        "1",
        "--language",
        "ko",
    ]
    process = subprocess.Popen(
        [*command, "--listen", f"127.0.0.1:{port}"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        printed = ""
        while "answers" not in printed:
            printed += process.stdout.readline()
        password = re.search(r"[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}", printed)
        assert password is not None
        browser.size(360, 740)
        browser.go(f"http://127.0.0.1:{port}/")
        browser.until("document.getElementById('password') !== null")
        browser.run(f"document.getElementById('password').value = '{password[0]}'")
        browser.click("form button")
        browser.until("document.getElementById('setup-broker') !== null")
        browser.run(f"document.getElementById('setup-broker').value = '127.0.0.1:{mosquitto.port}'")
        shoot("setup-place")
        browser.click("form.setup .primary")
        browser.until("document.querySelector('.heard [data-carries=samples]') !== null")
        shoot("setup-heard")
        browser.click("form.setup .primary")
        pick = "[...document.querySelectorAll('.choice input')].find((one) => one.value === {!r}).checked = true"
        write = "document.querySelector('form.setup input').value = {!r}"
        answer("sensors.0.watch", pick.format("walk/acc"))
        answer("sensors.0.machine", write.format("냉각 펌프"))
        answer("sensors.0.end", pick.format("de"))
        answer("sensors.0.sensor", write.format("pump_de"))
        answer("sensors.0.speed", pick.format("fixed"))
        answer("sensors.0.rpm", write.format("fast"))
        browser.until("document.querySelector('main p[role=status]').classList.contains('wrong')")
        shoot("setup-refused")
        answer("sensors.0.rpm", write.format("1480"))
        answer("sensors.0.bearing", write.format("6205"))
        shoot("setup-question")
        for _ in range(12):  # the rest as it stands in brackets
            browser.until("document.querySelector('form.setup[data-key], pre.draft') !== null")
            if browser.run("document.querySelector('pre.draft') !== null"):
                break
            before = browser.run("document.querySelector('form.setup').dataset.key")
            browser.click("form.setup .primary")
            browser.until(f"document.querySelector('form.setup')?.dataset.key !== {before!r}")
        shoot("setup-draft")
        browser.click("form.setup .primary")
        browser.until("document.querySelector('.written') !== null")
        shoot("setup-written")
        assert browser.run("document.documentElement.scrollWidth <= 360")
        assert [*load_config(out).sensors] == ["pump_de"]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        client.publish("walk/acc", b"", retain=True)
        leave(client)
