"""The config of an interview as text, and its way into the file: checked first, whole or not at all.

What is there before is kept beside it (`.before`), with its mode and its owner. Secrets get files of their own, which
the agent's user reads and nobody else.
"""

from __future__ import annotations

import contextlib
import grp
import os
import shutil
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.config.load import MAX_FILE_BYTES
from agent.errors import ConfigError
from agent.messages.words import Language, say
from agent.service.checking import Verdict, verdict_on_table
from agent.setup.draft import additions_of, sensors_heard
from agent.setup.found import in_words
from agent.setup.interview import Interview
from agent.setup.joining import joined
from agent.setup.tables import merged
from agent.setup.told_secrets import PASSWORD_FILES
from agent.setup.toml_text import toml_of

EXAMPLES = {True: "configs/mqtt.toml", False: "configs/serial.toml"}
"""By whether a sensor is heard over a broker."""
GROUP = "textvib"
"""Of the service's user; what root writes for it is of this group."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be written. `secrets`: where each lies now -> its file beside the config."""

    text: str  # the whole file
    added: str  # what of it is new
    before: str | None  # what stands there now
    tables: Mapping[str, Any]  # of the whole, with the secrets where they lie now
    secrets: Mapping[Path, Path]
    sensors: tuple[str, ...]  # that are new


def text_of(path: Path) -> str | None:
    """The config that is there; None where there is none. ConfigError where it cannot be read, or is none."""
    try:
        content = path.read_bytes()
        if len(content) > MAX_FILE_BYTES:
            raise ValueError("larger than 1 MiB; this is not a config file")
        text = content.decode()
        tomllib.loads(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path}: cannot be read ({why}); mend it, or name another file with --out") from error
    return text


def draft_of(interview: Interview, path: Path, before: str | None) -> Draft:
    """What an interview makes of the config at `path`. UnjoinableError where nothing can be added to it."""
    added = {key: value for key, value in additions_of(interview).items() if value}
    secrets = _secrets(interview, path.parent)
    named = _with_names(added, {str(now): final.name for now, final in secrets.items()})
    text = toml_of(named, _comments(interview))
    whole = joined(before, named, text) if before and not interview.is_new else _heading(interview) + text
    return Draft(whole, text, before, merged(interview.existing, added), secrets, tuple(added.get("sensors", ())))


def verdict_of(draft: Draft, folder: Path, language: Language) -> Verdict:
    """What `check` says of it, before it is written anywhere."""
    return verdict_on_table(draft.tables, folder, language)


def write(draft: Draft, path: Path) -> None:
    """Put it in its place. ConfigError where somebody else has changed the file meanwhile; OSError where it cannot be
    written, and then nothing is left behind."""
    if text_of(path) != draft.before:
        raise ConfigError(f"{path}: has been changed meanwhile; run setup again")
    path.parent.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    with _taken_back(made):
        for now, final in draft.secrets.items():
            _write_new(final, now.read_text(encoding="utf-8"), 0o640 if _group() is not None else 0o600, made)
        beside = path.with_name(f".{path.name}.{os.getpid()}.new")
        _write_new(beside, draft.text, 0o640, made)
        if draft.before is not None:
            kept = path.stat()
            beside.chmod(kept.st_mode & 0o777)
            with contextlib.suppress(PermissionError):
                os.chown(beside, kept.st_uid, kept.st_gid)
            shutil.copy2(path, path.with_name(f"{path.name}.before"))
        beside.replace(path)
        made.remove(beside)
        _sync(path.parent)
        made.clear()


def take_back(draft: Draft, path: Path) -> None:
    """As it was before it was written, unless somebody has changed it since; OSError where that cannot be."""
    if text_of(path) != draft.text:
        return
    for final in draft.secrets.values():
        final.unlink(missing_ok=True)
    if draft.before is None:
        path.unlink(missing_ok=True)
    else:
        path.with_name(f"{path.name}.before").replace(path)


def _secrets(interview: Interview, folder: Path) -> dict[Path, Path]:
    """Those that were told, each with a name that is free there."""
    if interview.secrets is None:
        return {}
    told = (interview.secrets / name for name in PASSWORD_FILES.values())
    return {now: _free(folder / now.name) for now in told if now.exists() and _is_named(interview, now)}


def _is_named(interview: Interview, secret: Path) -> bool:
    """Whether the config would read it: one may have been told for a broker that is not taken in the end."""
    return f"'{secret}'" in repr(additions_of(interview))


def _free(path: Path) -> Path:
    numbered = (path.with_stem(f"{path.stem}-{n}") for n in range(2, 999))
    return next(one for one in (path, *numbered) if not one.exists())


def _with_names(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_names(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_names(one, names) for one in value]
    return names.get(value, value) if isinstance(value, str) else value


def _heading(interview: Interview) -> str:
    heard = sensors_heard(interview).values()
    of_topics = {one.broker is not None for one in heard} or {False}
    examples = ", ".join(EXAMPLES[is_topic] for is_topic in sorted(of_topics))
    words = say("setup.file_heading", interview.language, command="textvib-agent setup", example=examples)
    return f"# {words}\n\n"


def _comments(interview: Interview) -> dict[str, str]:
    """Above each sensor what was heard of it."""
    heard = sensors_heard(interview)
    return {f"sensors.{name}": f"{one.what}: {in_words(one, interview.language)}" for name, one in heard.items()}


def _group() -> int | None:
    """The service's group, where root writes for it."""
    try:
        return grp.getgrnam(GROUP).gr_gid if os.geteuid() == 0 else None
    except KeyError:
        return None


def _write_new(path: Path, text: str, mode: int, made: list[Path]) -> None:
    """A file that was not there, nobody else's to read from its first moment, on the disk."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        made.append(path)
        file.write(text)
        file.flush()
        if (group := _group()) is not None:
            os.fchown(file.fileno(), 0, group)
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


@contextlib.contextmanager
def _taken_back(made: list[Path]) -> Iterator[None]:
    """Whatever happens within: files that are still in `made` then are removed."""
    try:
        yield
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
