"""Answers that stand in a file, as an installer writes it: the keys of the questions, `[[sensors]]` once for each.

What may not stand in it is a password: a file is named that holds one (`password_file`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.config.decoding import near
from agent.errors import ConfigError
from agent.setup.interview import NO, YES
from agent.setup.questions import QUESTIONS
from agent.transport.secrets import read_secret

PLACES = ("existing", "broker", "username", "password")
"""Answered before anything is heard."""
AFTER = ("more",)
"""Follows from how many sensors are given."""


@dataclass(frozen=True, slots=True)
class Given:
    """Key of an answer -> its text; secrets have been read from their files."""

    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def sensors(self) -> int:
        return 1 + max((int(key.split(".")[1]) for key in self.answers if key.startswith("sensors.")), default=-1)

    def watched(self, sensor: int) -> str:
        """What a sensor is to be: a port or a topic."""
        return self.answers.get(f"sensors.{sensor}.watch", "")

    def without(self, sensors: Iterable[int]) -> Given:
        """Less these sensors, the others numbered anew."""
        gone = set(sensors)
        kept = [number for number in range(self.sensors) if number not in gone]
        answers = {key: text for key, text in self.answers.items() if not key.startswith("sensors.")}
        for new, old in enumerate(kept):
            of_it = {
                key.split(".", 2)[2]: text for key, text in self.answers.items() if key.startswith(f"sensors.{old}.")
            }
            answers |= {f"sensors.{new}.{key}": text for key, text in of_it.items()}
            answers[f"sensors.{new}.more"] = YES if new + 1 < len(kept) else NO
        return Given(answers)


def read_answers(paths: Iterable[Path]) -> Given:
    """All files together, a later one over those before. ConfigError tells every key that is none."""
    answers: dict[str, str] = {}
    problems: list[str] = []
    for path in paths:
        answers |= _of_file(path, problems)
    if problems:
        raise ConfigError(*problems)
    return Given(answers).without(()) if answers else Given()


def _of_file(path: Path, problems: list[str]) -> dict[str, str]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); name an existing file") from error
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not valid TOML: {error}; mend that line") from error
    sensors = tables.pop("sensors", [])
    if not isinstance(sensors, list) or not all(isinstance(one, dict) for one in sensors):
        problems.append(f"{path}: sensors: expected a list of tables; write each one as [[sensors]]")
        sensors = []
    of_agent = {*PLACES, *(one.key for one in QUESTIONS if not one.of_sensor)}
    of_sensor = {one.key for one in QUESTIONS if one.of_sensor} - {*AFTER}
    answers = _texts(tables, of_agent, f"{path}: ", problems)
    for number, sensor in enumerate(sensors):
        told = _texts(sensor, of_sensor, f"{path}: sensors[{number}].", problems)
        answers |= {f"sensors.{number}.{key}": text for key, text in told.items()}
    return answers


def _texts(table: Mapping[str, Any], known: set[str], where: str, problems: list[str]) -> dict[str, str]:
    secrets = {one.key for one in QUESTIONS if one.kind == "secret"} | {"password"}
    allowed = {*known, "sensors"} - secrets | {f"{key}_file" for key in secrets & known}
    texts: dict[str, str] = {}
    for key, value in table.items():
        name = key.removesuffix("_file")
        if key.endswith("_file") and name in secrets & known and isinstance(value, str):
            texts[name] = read_secret(value, f"{where}{key}")
        elif key in secrets:
            problems.append(f"{where}{key}: a password never stands in this file; give {key}_file, which holds it")
        elif key not in known:
            problems.append(f"{where}{key}: unknown key; {near(key, allowed)}")
        elif isinstance(value, list) and all(isinstance(one, str) for one in value):
            texts[key] = ", ".join(value)
        elif isinstance(value, bool):
            texts[key] = YES if value else NO
        elif isinstance(value, str | int | float):
            texts[key] = str(value)
        else:
            problems.append(f"{where}{key}: {value!r} is no answer; write text in quotes or a figure")
    return texts
